from queue import Empty as Empty
from queue import Full as Full

from weftline._weftline import LifoQueue as LifoQueue
from weftline._weftline import PriorityQueue as PriorityQueue
from weftline._weftline import Queue as Queue
from weftline._weftline import ShutDown as ShutDown
from weftline._weftline import SimpleQueue as SimpleQueue

__all__ = [
    "Empty",
    "Full",
    "LifoQueue",
    "PriorityQueue",
    "Queue",
    "ShutDown",
    "SimpleQueue",
]
