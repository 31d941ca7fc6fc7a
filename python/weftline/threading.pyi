# Every name of the standard module. For what its types are of, see `_weftline.pyi`.
import _thread
from threading import *
from threading import ThreadError as ThreadError
from threading import __all__ as __all__
from threading import activeCount as activeCount
from threading import currentThread as currentThread

_CRLock = _thread.RLock
_allocate_lock = _thread.allocate_lock
