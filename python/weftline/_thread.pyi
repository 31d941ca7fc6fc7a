# Every public name of the standard module. weftline's classes are those that `_weftline.pyi`
# declares; a type checker treats them as the standard ones.
import sys
from _thread import *

if sys.version_info < (3, 13):
    lock = LockType
