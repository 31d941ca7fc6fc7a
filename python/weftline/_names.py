"""The names of the standard modules that are weftline's: the one table that `weftline.threading`,
`weftline.queue` and `install()` share.

The names of `threading` and `queue` are resolved when a program imports the module, since both take
longer to import than everything here. Those of `concurrent.futures` are in
`weftline.concurrent.futures`.
"""

from weftline import _weftline

THREAD = {
    "LockType": _weftline.lock,
    "RLock": _weftline.RLock,
    "allocate": _weftline.allocate_lock,
    "allocate_lock": _weftline.allocate_lock,
    "lock": _weftline.lock,
}


def of_threading():
    """Returns weftline's names of `threading`.

    `RLock` is missing: it is a Python function, which finds its class under the name `_CRLock`.
    """
    # First, because weftline's own modules need it complete: if weftline is installed, this import
    # fills it.
    import threading  # noqa: F401

    from weftline._timer import Timer

    _weftline._remember_threading()
    return {
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


def of_queue():
    """Returns weftline's names of `queue`."""
    _weftline.ShutDown = _weftline._remember_queue()
    return {
        "LifoQueue": _weftline.LifoQueue,
        "PriorityQueue": _weftline.PriorityQueue,
        "Queue": _weftline.Queue,
        "ShutDown": _weftline.ShutDown,
        "SimpleQueue": _weftline.SimpleQueue,
    }
