"""Subclasses of our Barrier that have insides of their own: they get the standard library's algorithm.

`multiprocessing.Barrier` is `threading.Barrier` with `_state` and `_count` in shared memory and a `_cond` between processes, and
inherits everything else. It is derived from our class if it is imported while weftline is installed; ours has no such parts, and its
methods, which know only their own process, would wait there for parties that never come.
"""

import threading

_STANDARD = threading.Barrier

# What the standard methods use. Who defines one of these counts on the others.
_PARTS = {"_cond", "_action", "_timeout", "_parties", "_state", "_count"} | {
    name for name in vars(_STANDARD) if name.startswith("_") and name[1] != "_"
}

_METHODS = {
    name: value
    for name, value in vars(_STANDARD).items()
    if name in ("__init__", "__repr__") or not name.startswith("__")
}


def complete(cls):
    """Gives the subclass `cls` the standard methods that it inherits from ours, if it has an inside of its own."""
    if _PARTS & vars(cls).keys():
        from weftline._weftline import Barrier

        before_ours = cls.__mro__[: cls.__mro__.index(Barrier)]
        for name, value in _METHODS.items():
            if not any(name in vars(base) for base in before_ours):
                setattr(cls, name, value)
        # The standard class can be pickled if its parts can.
        if not any("__reduce_ex__" in vars(base) for base in before_ours):
            cls.__reduce_ex__ = object.__reduce_ex__
