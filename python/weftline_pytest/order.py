"""Locks that threads take in different orders are listed at the end.

Nothing has hung: one test may take two locks in one order, and another test in the other. On the
day when the two threads meet, each waits for the other for ever.
"""

import pytest

from weftline_pytest.marks import ignores

OPTION = "--weftline-lock-order"

# By this name a worker of pytest-xdist tells what it has found.
_FOUND = "weftline_inversions"


def add_option(group):
    group.addoption(
        OPTION,
        choices=("on", "off"),
        default="on",
        dest="weftline_lock_order",
        help="with --weftline: list locks that threads take in different orders (on, the default), or not (off)",
    )


def is_on(options):
    return options.weftline_lock_order == "on"


def begin():
    """Watches the locks that are made from now on."""
    from weftline import watch

    watch.on_inversion("off")
    watch.lock_order()


class LockOrder:
    """Lists what was found, while the plugin is on."""

    def __init__(self, config):
        from weftline import _lock_order, watch

        begin()
        _lock_order.suppress_of_project(config.rootpath)
        # Pairs of a report and the test during which it was found, or None.
        self._found, self._item = [], None
        watch.on_inversion(self._add)

    def _add(self, text):
        """Called on the thread that takes the lock."""
        item = self._item
        if item is None:
            self._found.append((text, None))
        elif not ignores(item, "deadlock"):
            self._found.append((text, item.nodeid))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        self._item = item
        try:
            return (yield)
        finally:
            self._item = None

    def pytest_sessionfinish(self, session):
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_FOUND] = self._found

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node):
        output = getattr(node, "workeroutput", None) or {}
        self._found += [tuple(found) for found in output.get(_FOUND, ())]

    def pytest_terminal_summary(self, terminalreporter):
        if not self._found:
            return
        terminalreporter.section("potential deadlocks")
        for text, test in self._found:
            during = "outside of a test" if test is None else f"during {test}"
            terminalreporter.write_line(f"found {during}")
            for line in text.splitlines():
                terminalreporter.write_line(line)

    def pytest_unconfigure(self):
        from weftline import watch

        watch.lock_order(False)
        watch.on_inversion("report")
