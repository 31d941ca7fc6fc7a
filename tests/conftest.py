"""Conditions of every test: no earlier test has left weftline installed, or uninstalled, and the
process takes Ctrl-C.
"""

import signal

import pytest
import weftline
from support.target import INSTALLED, STANDARD, std_threading, threading

# A shell starts a background program with SIGINT ignored, and children inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def nothing_stays_installed():
    """Fails a test that leaves the standard modules patched: the next test would test the wrong
    implementation.
    """
    yield
    if INSTALLED:
        assert weftline.installed()
    elif weftline.installed():
        weftline.uninstall()
        pytest.fail("the test left weftline installed in the tests' own process")


@pytest.fixture(params=["plain", "ours"][: 1 if STANDARD else None])
def module(request):
    """The standard `threading`, and weftline's: for tests whose result is the same on both."""
    return {"plain": std_threading, "ours": threading}[request.param]


def pytest_terminal_summary(terminalreporter):
    """Shows how many of CPython's own tests ran, so that no suite passes by not running.

    It stands here since processes that only distribute tests read no other `conftest.py`.
    """
    lines = [
        f"{name}: {told}"
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, ())
        for name, told in report.user_properties
        if name.startswith("CPython's ")
    ]
    if lines:
        terminalreporter.section("CPython's own tests, on weftline")
        for line in lines:
            terminalreporter.line(line)
