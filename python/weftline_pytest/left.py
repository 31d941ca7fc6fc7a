"""Threads that a test leaves running are told by a warning.

A thread may belong to a fixture that other tests use as well: a pool of all tests starts its
workers while some test runs. So what a test leaves that uses such a fixture is told when that
fixture has ended, if it still runs then.
"""

import threading
import weakref

import pytest

from weftline_pytest.marks import ignores

# Packages whose fixtures have no threads, and last as long as pytest.
_WITHOUT_THREADS = {"_pytest", "pytest_asyncio", "anyio", "xdist"}


class LeftRunning(pytest.PytestWarning):
    """A test has left threads running."""


class LeftThreads:
    """Watches which threads are there before and after each test, while the plugin is on."""

    def __init__(self):
        self._before = set()
        # The fixtures that outlive a test, and those of them that have begun in the running test.
        self._lasting, self._begun = set(), set()
        # The threads to tell of later: with the test, and the fixtures to wait for.
        self._suspects = []
        # What tests have left that use no such fixture.
        self.strays = weakref.WeakSet()

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef):
        module = getattr(fixturedef.func, "__module__", None) or ""
        is_known = module.partition(".")[0] in _WITHOUT_THREADS
        if fixturedef.scope != "function" and not is_known:
            self._lasting.add(fixturedef)
            self._begun.add(fixturedef)
        return (yield)

    def pytest_fixture_post_finalizer(self, fixturedef):
        self._lasting.discard(fixturedef)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self):
        self._begun.clear()
        self._before = set(threading.enumerate())

    # Inside the part that may fail: there a run that makes errors of warnings can tell it.
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_teardown(self, item):
        try:
            return (yield)
        finally:
            left = set(threading.enumerate()) - self._before
            fixtures = self._fixtures_of(item)
            if not fixtures:
                self.strays.update(left)
            if left and not ignores(item, "threads"):
                self._suspects.append((item, left, fixtures))
            self._tell(item)

    def _fixtures_of(self, item):
        names = getattr(item, "fixturenames", ())
        return {
            fixture
            for fixture in self._lasting
            if fixture in self._begun or fixture.argname in names
        }

    def _tell(self, now):
        waiting, due = [], []
        for suspect in self._suspects:
            (waiting if suspect[2] & self._lasting else due).append(suspect)
        self._suspects = waiting
        for item, threads, _ in due:
            names = sorted(repr(thread.name) for thread in threads if thread.is_alive())
            if names:
                test = "the test" if item is now else item.nodeid
                item.warn(
                    LeftRunning(f"{test} has left threads running: {', '.join(names)}")
                )
