"""What other plugins do beside the tests, which wakes no thread of a test.

A test all of whose threads wait is told so if nothing else in the process can wake one. In a worker
of pytest-xdist a thread of execnet reads the controller's messages all the time. pytest-timeout
handles a signal while a test runs. Neither counts, while a test runs.
"""

import sys

import pytest


class Bystanders:
    """Vouches for threads and signal handlers of other plugins, while the plugin is on."""

    def __init__(self):
        from weftline import _weftline

        self._vouch = _weftline._vouch

    # Inside the wrappers of other plugins, which may start threads.
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_protocol(self):
        self._vouch(list(_threads_of_execnet()), ["pytest_timeout"])
        try:
            return (yield)
        finally:
            self._vouch([], [])


def _threads_of_execnet():
    """The identifiers of the threads that have begun in execnet and run nothing but it."""
    if "execnet" not in sys.modules:
        return
    for ident, frame in sys._current_frames().items():
        modules = set()
        while frame is not None:
            modules.add(frame.f_globals.get("__name__", "").partition(".")[0])
            frame = frame.f_back
        if "execnet" in modules and not modules & {"pytest", "_pytest"}:
            yield ident
