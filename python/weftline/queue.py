"""`queue` of the running Python, with weftline's queues, and with `ShutDown` and `Queue.shutdown`
on every version.

Every name of the standard module is here, including the private ones. A name that is not weftline's
is the standard object itself: `Empty` and `Full` are the standard exceptions, and so is `ShutDown`
in the versions that have it.
"""

import queue as standard

from weftline import _mirror
from weftline._names import of_queue

__all__ = list(dict.fromkeys([*standard.__all__, "ShutDown"]))

_mirror.become(__name__, standard, of_queue())
