"""A lock that the standard pool of processes needs to end in every case: one for the object that
wakes its manager.

Up to CPython 3.12.7 and 3.13.0 the thread that ends a pool joins the queue's feeder thread while it
holds the pool's lock. If the feeder has just found a task that does not pickle, it needs the pool's
lock to wake the manager. Then neither proceeds (python/cpython, gh-125451). The lock's policy
decides which of the two comes first. weftline's lock allows barging: a running thread takes it at
its release. So the feeder, which has yet to be woken, loses more often than with the standard
library's lock. Here the feeder takes another lock instead, as in the versions with the fix.
"""

import inspect
import threading
from collections.abc import Callable
from concurrent.futures import process as standard


class _ThreadWakeup(standard._ThreadWakeup):
    """Wakes the manager. The manager closes it while other threads may be about to use it; the lock
    orders the two.

    The lock is the innermost of the pool's, and reentrant, because the feeder holds it when it
    calls `wakeup`.
    """

    def __init__(self):
        super().__init__()
        self._lock = threading.RLock()

    def close(self):
        with self._lock:
            super().close()

    def wakeup(self):
        with self._lock:
            super().wakeup()


_make_queue: Callable[..., None] = standard._SafeQueue.__init__


def _with_lock_of_wakeup(self, *args, shutdown_lock, thread_wakeup, **keywords):
    """Replaces `_SafeQueue.__init__`. The queue holds the lock while it calls `wakeup`, and at no
    other time.
    """
    lock = getattr(thread_wakeup, "_lock", shutdown_lock)
    _make_queue(
        self, *args, shutdown_lock=lock, thread_wakeup=thread_wakeup, **keywords
    )


NEEDED = "shutdown_lock" in inspect.signature(_make_queue).parameters
"""Whether the running version has the fault."""


def edits():
    """Yields the replacements, as (object, name, replacement)."""
    if NEEDED:
        yield standard, "_ThreadWakeup", _ThreadWakeup
        yield standard._SafeQueue, "__init__", _with_lock_of_wakeup
