# Every name of the standard module. weftline's classes are those that `_weftline.pyi` declares; a
# type checker treats them as the standard ones. `Thread.isAlive` works and is not declared: a
# program with type checks uses the new spelling.
from threading import *
from threading import ThreadError as ThreadError
from threading import __all__ as __all__
from threading import activeCount as activeCount
from threading import currentThread as currentThread

from weftline import _weftline

_CRLock = _weftline.RLock
_allocate_lock = _weftline.allocate_lock
