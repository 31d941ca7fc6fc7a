# Every public name of the standard module. Our classes are those that `_weftline.pyi` declares,
# which are the standard ones to a type checker.
import sys
from _thread import *

if sys.version_info < (3, 13):
    lock = LockType
