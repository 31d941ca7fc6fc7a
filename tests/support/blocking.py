"""Every call that can wait, on the implementation under test, from the table of classes.

The promises about signals, fork and exit are the same for each.
"""

import functools

from classes import having

from support.target import MODULES, queue, threading
from support.workers import blocked


class Blocking:
    """One call that waits."""

    def __init__(self, row, wait):
        self.new = functools.partial(wait.new or row.new, MODULES)
        for column in ("call", "free", "block", "again", "mend", "timed"):
            setattr(self, column, getattr(wait, column))
        self.is_limited, self.owned, self.is_met = (
            wait.is_limited,
            wait.owned,
            wait.is_met,
        )

    def ways(self):
        """The call without a limit and, where it has one, with a limit that is never reached."""
        yield self.call
        if self.timed is not None:
            yield lambda thing: self.timed(thing, 60)

    def cycle(self, thing, free=None):
        """While the obstacle stands: another thread waits, is woken, and returns."""
        waiter = blocked(self.call, thing)
        (free or self.free)(thing)
        waiter.result()


BLOCKING = {
    name: Blocking(row, wait)
    for row in having("waits").values()
    for name, wait in row.waits.items()
}

EXPIRED = (
    queue.Empty,
    queue.Full,
    threading.BrokenBarrierError,
    TimeoutError,
    AssertionError,
)
"""What a wait raises when its time is up, where it does not return False."""
