"""Operations whose allocations fail, one after the other.

Needs `_testcapi`, CPython's own module for tests, which some distributions leave out.
"""

import importlib

import pytest

from support.target import STANDARD

try:
    _testcapi = importlib.import_module("_testcapi")
except ImportError:
    _testcapi = None

needs_failures = pytest.mark.skipif(
    STANDARD or not hasattr(_testcapi, "set_nomemory"),
    reason="the standard library does not promise this, or the interpreter comes without _testcapi",
)

# How many allocations fail in turn, at most, and how many in a row may make no difference before it
# is said that the operation has no more.
_MOST, _CALM = 200, 12

# What the interpreter itself says instead of MemoryError where it has none to spare for the
# traceback of another exception.
_ITS_OWN = ("error return without exception set", "without setting an exception")


def attempt(operation, subject, first):
    """Calls the operation while the allocation number `first` fails: what it returned, and what it
    raised.
    """
    result = error = None
    _testcapi.set_nomemory(first, first + 1)
    try:
        result = operation(subject)
    except BaseException as raised:  # noqa: BLE001 - whatever it is, it is looked at
        _testcapi.remove_mem_hooks()
        error = raised
    _testcapi.remove_mem_hooks()
    return result, error


def walk(make, operation, check=None):
    """Runs the operation on fresh subjects, each time with another allocation failing.

    It returns, or raises MemoryError; `check(subject, result, failed)` sees what has become of the
    subject.
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


def refused(exception, operation):
    """The operation, which raises that exception when there is memory."""

    def refuse(subject):
        try:
            operation(subject)
        except exception:
            return

    return refuse
