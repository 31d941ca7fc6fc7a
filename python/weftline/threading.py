"""`threading` of the running Python, with weftline's locks, conditions, events, semaphores and
barriers.

Every name of the standard module is here, including the private ones. A name that is not weftline's
is the standard object itself. So is `Thread`, to which the old spellings are added that it has
lost.
"""

import threading as standard
from types import FunctionType

from weftline import _mirror, _names, _spellings

_OURS = _names.of_threading()


def _rlock_function():
    """Returns `threading.RLock` for weftline's RLock: a Python function with the code of the
    standard one and other globals.

    Returns the class itself if other code (eventlet, for example) has replaced the function by a
    class.
    """
    theirs = standard.RLock
    if not isinstance(theirs, FunctionType):
        return _OURS["_CRLock"]
    # Only the names that its code reads: a copy of all globals would keep objects alive that the
    # module itself drops after a fork.
    needed = {"__builtins__", "__name__", *theirs.__code__.co_names} & vars(
        standard
    ).keys()
    ours = FunctionType(
        theirs.__code__,
        {name: vars(standard)[name] for name in needed} | {"_CRLock": _OURS["_CRLock"]},
        theirs.__name__,
        theirs.__defaults__,
        theirs.__closure__,
    )
    ours.__kwdefaults__ = theirs.__kwdefaults__
    ours.__doc__ = theirs.__doc__
    return ours


__all__ = standard.__all__

_spellings.complete_the_class()
_mirror.become(
    __name__,
    standard,
    {**_OURS, **_spellings.FUNCTIONS, "RLock": _rlock_function()},
)
