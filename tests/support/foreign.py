"""Lock objects that are neither weftline's nor the standard library's, as programs pass them to a
Condition.
"""

import _thread
import threading


class PlainLock:
    """The least a Condition asks of a lock: `acquire`, `release` and, from 3.14 on, `locked`. It
    logs each call.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self.log = []

    def acquire(self, *args):
        got = self._lock.acquire(*args)
        self.log.append(f"acquire({', '.join(map(repr, args))})")
        return got

    def release(self):
        self.log.append("release()")
        self._lock.release()

    def locked(self):
        self.log.append("locked()")
        return self._lock.locked()

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *error):
        self.release()

    def __repr__(self):
        return "<PlainLock>"


class OwnedLock(PlainLock):
    """A lock that knows its owner and has its own way of a full release for a wait."""

    def __init__(self):
        super().__init__()
        self._owner = None

    def acquire(self, *args):
        got = super().acquire(*args)
        if got:
            self._owner = threading.get_ident()
        return got

    def release(self):
        self._owner = None
        super().release()

    def _is_owned(self):
        self.log.append("_is_owned()")
        return self._owner == threading.get_ident()

    def _release_save(self):
        self.log.append("_release_save()")
        owner, self._owner = self._owner, None
        self._lock.release()
        return ["state of", owner == threading.get_ident()]

    def _acquire_restore(self, state):
        self._lock.acquire()
        self._owner = threading.get_ident()
        self.log.append(f"_acquire_restore({state})")


FOREIGN = {
    "the interpreter's": _thread.allocate_lock,
    "a Python class": PlainLock,
    "a Python class that knows its owner": OwnedLock,
    "a standard RLock": threading.RLock,
}
"""Makers of locks of many kinds."""
