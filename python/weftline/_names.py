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


def of_module(name):
    """Returns the classes in Rust whose `__module__` is that name."""
    return {
        key: cls
        for key, cls in vars(_weftline).items()
        if isinstance(cls, type) and cls.__module__ == name
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
    return of_module("threading") | {
        # Written in C, and in Python.
        "Lock": _weftline.Lock,
        "Timer": Timer,
        "_CRLock": _weftline.RLock,
        "_LockType": _weftline.lock,
        "_allocate_lock": _weftline.allocate_lock,
    }


def of_queue():
    """Returns weftline's names of `queue`."""
    _weftline.ShutDown = _weftline._remember_queue()
    return of_module("queue") | {
        "ShutDown": _weftline.ShutDown,
        # Written in C, and so a class of `_queue`.
        "SimpleQueue": _weftline.SimpleQueue,
    }
