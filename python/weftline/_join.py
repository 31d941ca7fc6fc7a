"""`Thread.join`, which reports show as a wait and which finds deadlocks.

`install()` puts it in the place of the standard method. The wait itself is the standard one,
divided into parts that end when it has lasted for 1 s, 2 s, 4 s and so on.
"""

from threading import Thread, current_thread

from weftline._weftline import _Joining  # type: ignore[attr-defined]

_standard_join = _join_for = Thread.join
_is_alive = Thread.is_alive

# About eleven days, which every version can wait.
_LONGEST_PART = 1_000_000.0


def join(self, timeout=None):
    if timeout is not None or self is current_thread():
        return _standard_join(self, timeout)
    with _Joining(self) as wait:
        lasted, part = 0.0, 1.0
        while True:
            _join_for(self, part)
            if not _is_alive(self):
                return None
            wait.lasts()
            lasted += part
            part = min(lasted, _LONGEST_PART)


for _name in ("__doc__", "__module__", "__qualname__", "__annotations__"):
    setattr(join, _name, getattr(_standard_join, _name))
