"""`_thread` of the running Python, the low level, with weftline's locks.

Every name of the standard module is here. The functions that start, end and identify a thread are
the interpreter's own.
"""

import _thread as standard

from weftline import _mirror
from weftline._names import THREAD

_mirror.become(__name__, standard, THREAD)
