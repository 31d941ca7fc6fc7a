"""`_thread` of the running Python, the low level, with weftline's locks.

Every name of the standard module is here: starting a thread, ending one and asking who it is are
the interpreter's own functions.
"""

import _thread as standard

from weftline import _mirror
from weftline._names import THREAD

_mirror.become(__name__, standard, THREAD)
