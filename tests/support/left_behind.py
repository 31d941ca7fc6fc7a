"""References that a call leaves behind: tracked objects must go while the collector is off."""

import gc
import weakref

from support.target import FREE_THREADED
from support.workers import until

_tracked = weakref.WeakSet()


class Thing:
    """A tracked object."""

    def __init__(self):
        _tracked.add(self)


class Failed(Exception):
    """A tracked exception that holds a thing."""

    def __init__(self, thing):
        super().__init__(thing)
        _tracked.add(self)


def track(thing):
    """Returns the thing, tracked."""
    _tracked.add(thing)
    return thing


def give(*_):
    """A new thing, as the result of a call."""
    return Thing()


def fail(thing=None):
    """Raises an exception that holds the argument, in a frame that holds it too."""
    raise Failed(thing)


def expect_nothing_left(situation, workers=None):
    """Runs `situation()`, and waits until no object that it tracked is left, while its result still
    exists.

    `workers` is the pool whose threads may have created them. Without the interpreter lock, a
    thread that created an object may have to free it, which it does when it runs Python code.
    """

    def is_nothing_left():
        if FREE_THREADED and workers is not None:
            workers.submit(int)
        return not _tracked

    gc.collect()
    gc.disable()
    try:
        _tracked.clear()
        kept = situation()
        until(is_nothing_left)
        del kept
    finally:
        _tracked.clear()
        gc.enable()
