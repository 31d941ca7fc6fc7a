"""`threading` of the running Python, with weftline's locks, conditions, events, semaphores and
barriers.

Every name of the standard module is here, the private ones too. What is not ours is the standard
object itself; so is `Thread`, which gets the old spellings that it has lost.
"""

import threading as standard
from types import FunctionType

from weftline import _mirror, _names, _spellings

_OURS = _names.of_threading()


def _rlock_function():
    """`threading.RLock`, a Python function of the standard module, making our RLock: same code,
    other globals.

    Our class itself where somebody (eventlet, for one) has put a class in the function's place.
    """
    theirs = standard.RLock
    if not isinstance(theirs, FunctionType):
        return _OURS["_CRLock"]
    # Only what its code asks for: a copy of all would keep alive what the module itself forgets
    # after a fork.
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
