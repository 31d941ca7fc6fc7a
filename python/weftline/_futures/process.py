"""What the standard pool of processes needs so that it always ends: a lock of its own for what
wakes its manager.

Up to CPython 3.12.7 and 3.13.0 the thread that ends a pool joins the one that feeds its queue while
it holds the pool's lock. If that one has just found a task that does not pickle, it wants the
pool's lock to wake the manager with, and neither goes on (python/cpython, gh-125451). Which of the
two comes first is a matter of how a lock is passed on: ours goes to whoever runs when it is
released, so the feeder, which has yet to be woken, loses more often than with the standard
library's. Here the feeder takes another lock instead, as in the versions that have this mended.
"""

import inspect
import threading
from collections.abc import Callable
from concurrent.futures import process as standard


class _ThreadWakeup(standard._ThreadWakeup):
    """Wakes the manager. Closed by it, while others may be about to use it: hence the lock.

    The lock is the innermost of the pool's, and reentrant, because the one that feeds the queue
    holds it when it calls `wakeup`.
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
    """In the place of `_SafeQueue.__init__`. The queue uses the lock to call `wakeup` under it, and
    for nothing else.
    """
    lock = getattr(thread_wakeup, "_lock", shutdown_lock)
    _make_queue(
        self, *args, shutdown_lock=lock, thread_wakeup=thread_wakeup, **keywords
    )


NEEDED = "shutdown_lock" in inspect.signature(_make_queue).parameters
"""Whether the running version has the fault."""


def edits():
    """What to replace, as (object, name, replacement)."""
    if NEEDED:
        yield standard, "_ThreadWakeup", _ThreadWakeup
        yield standard._SafeQueue, "__init__", _with_lock_of_wakeup
