"""A test that deadlocks fails alone.

A deadlock ends with `weftline.DeadlockError` in one of its threads, on which `_found` is called.
The part of the test (setup, call or teardown) during which that happens fails with the report,
whatever the test makes of that error.
"""

import threading
import time
import warnings
import weakref

import pytest

from weftline_pytest.marks import ignores


class EarlierDeadlock(pytest.PytestWarning):
    """Threads that deadlock were left running by an earlier test, or belong to no test."""


class Deadlocks:
    """What happens about deadlocks, while the plugin is on."""

    def __init__(self, strays):
        from weftline import DeadlockError, _weftline, watch

        # The threads that tests have left.
        self._strays = strays
        self._ignores = False
        self._began = float("inf")
        # Reports of the running test, and of other threads.
        self._told, self._earlier = [], []
        # The threads that tests which may deadlock have left.
        self._may_deadlock = weakref.WeakSet()
        self._error = DeadlockError
        self._since = _weftline._deadlock_since
        # Also after the tests: the exit waits for threads that tests have left.
        watch.on_deadlock(self._found)

    # After pytest itself has set its hook.
    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self):
        """A thread that such an error ends is not told once more, as one that has failed."""
        before = threading.excepthook

        def excepthook(raised):
            if not (raised.exc_type and issubclass(raised.exc_type, self._error)):
                before(raised)

        threading.excepthook = excepthook
        try:
            return (yield)
        finally:
            if threading.excepthook is excepthook:
                threading.excepthook = before

    def _found(self, verdict, text):
        """Called on a thread of a deadlock. True ends its wait."""
        if self._ignores or threading.current_thread() in self._may_deadlock:
            return False
        is_stray = threading.current_thread() in self._strays
        is_earlier = is_stray or self._since() < self._began
        (self._earlier if is_earlier else self._told).append(text)
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        self._ignores = ignores(item, "deadlock")
        self._told.clear()
        before = set(threading.enumerate())
        self._began = time.monotonic()
        try:
            return (yield)
        finally:
            self._began = float("inf")
            if self._ignores:
                self._may_deadlock.update(set(threading.enumerate()) - before)
            self._ignores = False

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_setup(self):
        return (yield from self._part())

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self):
        return (yield from self._part())

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_teardown(self):
        result = yield from self._part()
        if self._earlier:
            text = "\n".join(self._earlier)
            self._earlier.clear()
            # Here, where a run that makes errors of warnings can tell the error.
            warnings.warn(
                EarlierDeadlock(f"threads of an earlier test:\n{text}"), stacklevel=1
            )
        return result

    def _part(self):
        try:
            result = yield
        except pytest.skip.Exception:
            self._fail()
            raise
        self._fail()
        return result

    def _fail(self):
        if self._told:
            pytest.fail("\n".join(self._told), pytrace=False)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self):
        report = yield
        if self._told and not report.passed:
            told = "\n".join(self._told)
            # What the test itself raised may be the deadlock's error, or its consequence.
            if report.failed and told.splitlines()[0] not in report.longreprtext:
                report.longrepr = f"{told}\n{report.longreprtext}"
            self._told.clear()
        return report

    def pytest_terminal_summary(self, terminalreporter):
        # Of threads that deadlocked while no test ran.
        for text in self._earlier:
            terminalreporter.write_line(text)
