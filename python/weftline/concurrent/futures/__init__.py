"""`concurrent.futures` of the running Python, with weftline's Future, ThreadPoolExecutor, wait and
as_completed.

Every name of the standard module is here, including the private ones. A name that is not weftline's
is the standard object itself: the exceptions, the process pool, and `Executor`, the base class of
weftline's pool.
"""

import concurrent.futures as standard

from weftline import _mirror
from weftline._futures import pool, waiting
from weftline.concurrent.futures import _base, thread

__all__ = standard.__all__

_mirror.become(
    __name__,
    standard,
    {**waiting.NAMES, **pool.NAMES, "_base": _base, "thread": thread},
)
