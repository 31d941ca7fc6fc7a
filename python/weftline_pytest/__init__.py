"""A plugin for pytest: the tests run on weftline, and one that deadlocks fails alone.

`pytest --weftline` or `pytest -p weftline` switches it on. Without either it does nothing, and does
not import weftline.

- `weftline.install()` is called before the tests are imported.
- A deadlock ends with `weftline.DeadlockError` in one of its threads. The test during which that
  happens fails with the report, and the other tests go on.
- A test that leaves threads running which it has started is told by a warning.
- `--weftline-perturb=SEED` has each operation pause at random, so that races show (`perturb.py`).

`@pytest.mark.weftline(deadlock="ignore")` lets a test deadlock: nothing is raised or told.
`@pytest.mark.weftline(threads="ignore")` lets it leave threads.
"""

import pytest

from weftline_pytest import perturb

_MARK = "weftline(deadlock='ignore', threads='ignore'): let the test deadlock, or leave threads running"


class LeftRunning(pytest.PytestWarning):
    """A test has left threads running."""


def pytest_addoption(parser):
    group = parser.getgroup("weftline")
    group.addoption(
        "--weftline",
        action="store_true",
        help="run the tests on weftline: a test that deadlocks fails alone, with a report",
    )
    perturb.add_option(group)


def _is_on(options):
    # Also `-p weftline`, by which pytest finds this plugin's name among those that it has loaded.
    return (
        options.weftline
        or perturb.is_on(options)
        or "weftline" in (options.plugins or ())
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config):
    if _is_on(early_config.known_args_namespace):
        # Before the test modules take names of the standard library.
        import weftline

        weftline.install()


def pytest_configure(config):
    config.addinivalue_line("markers", _MARK)
    if _is_on(config.option):
        import weftline

        weftline.install()
        config.pluginmanager.register(_Watch(), "weftline-watch")
        perturb.register(config)


class _Watch:
    """What happens to each test, while the plugin is on."""

    def __init__(self):
        from weftline import watch

        self.ignores = False
        self.told = []
        watch.on_deadlock(self._found)

    def _found(self, verdict, text):
        """Called on a thread of a deadlock. True ends its wait."""
        if self.ignores:
            return False
        self.told.append(text)
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        import threading

        options = {}
        for mark in item.iter_markers("weftline"):
            options = mark.kwargs | options
        _check(item, options)
        self.ignores = options.get("deadlock") == "ignore"
        self.told.clear()
        before = set(threading.enumerate())
        try:
            return (yield)
        finally:
            self.ignores = False
            left = [thread for thread in threading.enumerate() if thread not in before]
            if left and options.get("threads") != "ignore":
                names = ", ".join(repr(thread.name) for thread in left)
                item.warn(LeftRunning(f"the test has left threads running: {names}"))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        if self.told and call.when == "call":
            report.outcome = "failed"
            # What the test itself raised may be the deadlock's error, or its consequence.
            report.longrepr = "\n".join([*self.told, *_raised(report)])
            self.told.clear()
        return report


def _raised(report):
    """The test's own error, as text."""
    return [] if report.longrepr is None else [report.longreprtext]


def _check(item, options):
    known = {"deadlock", "threads"}
    wrong = {
        name: value
        for name, value in options.items()
        if name not in known or value != "ignore"
    }
    if wrong:
        raise pytest.UsageError(
            f"{item.nodeid}: @pytest.mark.weftline takes deadlock='ignore' and threads='ignore', not {wrong}"
        )
