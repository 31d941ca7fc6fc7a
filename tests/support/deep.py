"""Calls that go through a program and one object after the other, far deeper than any stack.

Each of `CALLS` leaves every object sound. They are in `deep_futures`, `deep_threading` and
`deep_queues`.
"""

import contextlib

DEPTH = 20_000
CALLS = {}


def call(function):
    CALLS[function.__name__] = function
    return function


@contextlib.contextmanager
def too_deep(*others):
    """The body may, and need not, be too deep for the stack."""
    with contextlib.suppress(RecursionError, *others):
        yield


def chained(make, last=None):
    """The outermost object of a chain; each is made with the one before."""
    for _ in range(DEPTH):
        last = make(last)
    return last


def assert_free(condition):
    """No thread holds the condition's lock."""
    assert condition.acquire(blocking=False)
    condition.release()
