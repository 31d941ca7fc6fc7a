# The classes in Rust. Each has the type of the standard class whose place it takes, so that what is annotated with one takes the other,
# and `stubtest` compares our signatures with the standard ones. Only what goes beyond the running version is spelt out here.
import queue as _standard
import sys
from _queue import SimpleQueue as SimpleQueue
from _thread import LockType as LockType
from _thread import RLock as RLock
from _thread import allocate_lock as allocate_lock
from threading import Barrier as Barrier
from threading import BoundedSemaphore as BoundedSemaphore
from threading import Condition as Condition
from threading import Event as Event
from threading import Lock as Lock
from threading import Semaphore as Semaphore
from typing import Generic, TypeVar

from _typeshed import SupportsRichComparisonT

_T = TypeVar("_T")

__version__: str

lock = LockType

if sys.version_info >= (3, 13):
    from queue import LifoQueue as LifoQueue
    from queue import PriorityQueue as PriorityQueue
    from queue import Queue as Queue
    from queue import ShutDown as ShutDown
else:
    class ShutDown(Exception): ...

    class Queue(_standard.Queue[_T], Generic[_T]):
        is_shutdown: bool
        def shutdown(self, immediate: bool = False) -> None: ...

    class LifoQueue(Queue[_T], _standard.LifoQueue[_T]):
        queue: list[_T]

    class PriorityQueue(
        Queue[SupportsRichComparisonT], _standard.PriorityQueue[SupportsRichComparisonT]
    ):
        queue: list[SupportsRichComparisonT]
