"""Which names of the standard modules are ours: the one table that `weftline.threading`, `weftline.queue` and `install()` share.

Those of `concurrent.futures` stand in `weftline.concurrent.futures`, which is imported when a program first needs it.
"""

from weftline import (
    _by_the_book,  # noqa: F401 - keeps the standard class, which `install()` replaces
    _weftline,
)
from weftline._timer import Timer

THREAD = {
    "LockType": _weftline.lock,
    "RLock": _weftline.RLock,
    "allocate": _weftline.allocate_lock,
    "allocate_lock": _weftline.allocate_lock,
    "lock": _weftline.lock,
}

# `RLock` is missing because it is a Python function, which finds its class under the name `_CRLock`.
THREADING = {
    "Barrier": _weftline.Barrier,
    "BoundedSemaphore": _weftline.BoundedSemaphore,
    "Condition": _weftline.Condition,
    "Event": _weftline.Event,
    "Lock": _weftline.Lock,
    "Semaphore": _weftline.Semaphore,
    "Timer": Timer,
    "_CRLock": _weftline.RLock,
    "_LockType": _weftline.lock,
    "_allocate_lock": _weftline.allocate_lock,
}

QUEUE = {
    "LifoQueue": _weftline.LifoQueue,
    "PriorityQueue": _weftline.PriorityQueue,
    "Queue": _weftline.Queue,
    "ShutDown": _weftline.ShutDown,
    "SimpleQueue": _weftline.SimpleQueue,
}
