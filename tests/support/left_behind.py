"""References that a call leaves behind: tracked objects must go while the collector is off."""

import gc
import weakref

from support.workers import until

_watched = weakref.WeakSet()


class Thing:
    """A tracked object."""

    def __init__(self):
        _watched.add(self)


class Failed(Exception):
    """A tracked exception that holds a thing."""

    def __init__(self, thing):
        super().__init__(thing)
        _watched.add(self)


def watch(thing):
    """Returns the thing, tracked."""
    _watched.add(thing)
    return thing


def give(*_):
    """A new thing, as the result of a call."""
    return Thing()


def fail(thing=None):
    """Raises an exception that holds the argument, in a frame that holds it too."""
    raise Failed(thing)


def expect_nothing_left(situation):
    """Runs `situation()`, and waits until no object that it tracked is left, while its result still
    exists.
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
