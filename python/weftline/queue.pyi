# Every public name of the standard module, and `ShutDown` on every version. `_weftline.pyi` says
# how its classes are declared.
from queue import Empty as Empty
from queue import Full as Full

from weftline import _weftline

LifoQueue = _weftline.LifoQueue
PriorityQueue = _weftline.PriorityQueue
Queue = _weftline.Queue
ShutDown = _weftline.ShutDown
SimpleQueue = _weftline.SimpleQueue

__all__ = [
    "Empty",
    "Full",
    "LifoQueue",
    "PriorityQueue",
    "Queue",
    "ShutDown",
    "SimpleQueue",
]
