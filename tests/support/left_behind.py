"""What a call leaves behind: objects that are watched until they are gone, with the collector
off.
"""

import gc
import weakref

from support.workers import until

_watched = weakref.WeakSet()


class Thing:
    """Something that is watched."""

    def __init__(self):
        _watched.add(self)


class Failed(Exception):
    """Is watched, and holds a thing."""

    def __init__(self, thing):
        super().__init__(thing)
        _watched.add(self)


def watch(thing):
    """The thing, watched."""
    _watched.add(thing)
    return thing


def give(*_):
    """A new thing, as the result of a call."""
    return Thing()


def fail(thing=None):
    """Raises an exception that holds the argument, in a frame that does."""
    raise Failed(thing)


def expect_nothing_left(situation):
    """Runs `situation()`, and waits until nothing of what it watched is left, though what it
    returned is still there.
    """
    gc.collect()
    gc.disable()
    try:
        _watched.clear()
        kept = situation()
        until(lambda: not _watched)
        del kept
    finally:
        _watched.clear()
        gc.enable()
