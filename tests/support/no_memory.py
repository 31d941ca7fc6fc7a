"""Operations whose allocations fail, one after the other.

Needs `_testcapi`, CPython's own module for tests, which some distributions leave out.
"""

import importlib
import sys

import pytest
from classes.row import refused

from support.target import FREE_THREADED, STANDARD

__all__ = ["attempt", "needs_failures", "refused", "walk"]

try:
    _testcapi = importlib.import_module("_testcapi")
except ImportError:
    _testcapi = None

# There `PyList_New` frees an array that it never had if there is no memory for one, so the display
# `[1]` may crash, also in a program that does nothing else.
_CRASHES = FREE_THREADED and sys.version_info < (3, 14)

needs_failures = pytest.mark.skipif(
    STANDARD or _CRASHES or not hasattr(_testcapi, "set_nomemory"),
    reason="neither the standard library nor a free-threaded CPython 3.13 promises this, or the "
    "interpreter comes without _testcapi",
)

# The most allocations that fail in turn, and the number in a row that may make no difference before
# the operation counts as having no more.
_MOST, _CALM = 200, 12

# The interpreter's own message instead of MemoryError, where it has no memory for the traceback of
# another exception.
_ITS_OWN = ("error return without exception set", "without setting an exception")


def attempt(operation, subject, first):
    """Calls the operation while the allocation number `first` fails; returns its result and its
    exception.
    """
    result = error = None
    _testcapi.set_nomemory(first, first + 1)
    try:
        result = operation(subject)
    except BaseException as raised:  # noqa: BLE001 - any exception is an outcome
        _testcapi.remove_mem_hooks()
        error = raised
    _testcapi.remove_mem_hooks()
    return result, error


def walk(make, operation, check=None):
    """Runs the operation on fresh subjects, each time with another allocation failing.

    It returns, or raises MemoryError; `check(subject, result, failed)` checks the subject
    afterwards.
    """
    calm = failures = 0
    for first in range(_MOST):
        subject = make()
        result, error = attempt(operation, subject, first)
        failed = error is not None
        if failed and not isinstance(error, MemoryError):
            own = isinstance(error, SystemError) and any(
                words in str(error) for words in _ITS_OWN
            )
            if not own:
                raise AssertionError(f"allocation {first}") from error
        error = None
        if check is not None:
            check(subject, result, failed)
        failures += failed
        calm = 0 if failed else calm + 1
        if calm > _CALM:
            break
    return failures
