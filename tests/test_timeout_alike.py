"""Every wait takes the timeouts that the standard one takes on this version, and refuses others."""

from decimal import Decimal
from fractions import Fraction

import pytest
from classes import standard
from support.differ import outcome
from support.target import SIDES


class Floats:
    """A number to `float()` alone."""

    def __float__(self):
        return 0.001


class Indexes:
    """A number to `operator.index()` alone."""

    def __index__(self):
        return 0


class Both(Indexes, Floats):
    """A number to both, and another one."""


class Wrong:
    """A number whose `float()` is none."""

    def __float__(self):
        return "x"


TIMEOUTS = [
    Decimal("0.001"),
    Fraction(1, 1000),
    Decimal("NaN"),
    Floats(),
    Indexes(),
    Both(),
    Wrong(),
    False,
    1j,
    "soon",
]


def waits(row, wait):
    """The wait on an object that it makes itself."""

    def use(modules, timeout):
        thing = (wait.new or row.new)(modules)
        wait.block(thing)
        return wait.timed(thing, timeout)

    return use


WAITS = {
    name: waits(row, wait)
    for row in standard("waits").values()
    for name, wait in row.waits.items()
    if wait.timed and wait.is_limited
} | {
    name: call for row in standard().values() for name, call in row.timed_calls.items()
}


# Where a timeout that is no number is refused in other words (docs/compatibility.md).
IN_OTHER_WORDS = {("Condition.wait_for", complex), ("futures.as_completed", complex)}


@pytest.mark.parametrize("timeout", TIMEOUTS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("name", WAITS)
def test_a_wait_takes_and_refuses_the_timeouts_of_the_standard_one(name, timeout):
    theirs, mine = (outcome(WAITS[name], side, timeout) for side in SIDES)
    if (name, type(timeout)) in IN_OTHER_WORDS:
        mine, theirs = mine[0][:2], theirs[0][:2]
    assert mine == theirs
