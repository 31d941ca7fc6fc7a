"""The implementation under test: weftline, or the standard library.

`WEFTLINE_TEST_IMPL=std` points every test at the running interpreter's own modules. A test of
parity that fails there is a wrong test. `WEFTLINE_TEST_IMPL=installed` does so after installing
weftline: the standard names are then weftline's (`test_installed.py`). A test of a promise that
only weftline makes has `ours_only` or `ours_before` as its outermost decorator. Such a test does
not exist when the standard library is under test.
"""

import os
import queue as std_queue
import sys
import threading as std_threading

from classes import STANDARD_MODULES, Modules

STANDARD = os.environ.get("WEFTLINE_TEST_IMPL") == "std"

INSTALLED = os.environ.get("WEFTLINE_TEST_IMPL") == "installed"

if INSTALLED:
    import weftline

    weftline.install()

if STANDARD or INSTALLED:
    queue, threading = std_queue, std_threading
else:
    from weftline import queue, threading

FREE_THREADED = not getattr(sys, "_is_gil_enabled", lambda: True)()
"""Whether the interpreter runs without its lock.

There, an object that another thread drops last is freed by the thread that created it, when that
runs Python code again, and not in a wait. Results of weftline's pool are freed immediately.
"""

MODULES = Modules("" if STANDARD or INSTALLED else "weftline.")
"""The modules under test, for the table of classes."""

SIDES = (STANDARD_MODULES, MODULES)
"""The standard library's modules, and those under test."""

__all__ = [
    "FREE_THREADED",
    "MODULES",
    "SIDES",
    "STANDARD",
    "ours_before",
    "ours_only",
    "queue",
    "std_queue",
    "std_threading",
    "threading",
]


def ours_only(test):
    """Keeps `test` for weftline: the standard library does not promise this."""
    return None if STANDARD else test


def ours_before(*version):
    """Keeps a test for weftline, and for the standard library from `version` on."""

    def decide(test):
        return None if STANDARD and sys.version_info < version else test

    return decide
