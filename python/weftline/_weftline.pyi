# The classes in Rust. Each is declared as an alias of the standard class that it replaces, so an
# annotation with one accepts the other. `stubtest` then compares weftline's classes with the
# standard stubs (it follows an alias, but not an imported name). Only features beyond the running
# version are declared here.
import _queue
import _thread
import queue as _standard
import sys
import threading as _threading
from collections.abc import Callable
from concurrent import futures as _futures
from types import GenericAlias
from typing import Any, Generic, Self, TypeVar, final

from _typeshed import SupportsRichComparisonT
from typing_extensions import disjoint_base

_T = TypeVar("_T")

__version__: str

allocate_lock = _thread.allocate_lock
lock = _thread.LockType

Barrier = _threading.Barrier
BoundedSemaphore = _threading.BoundedSemaphore
Condition = _threading.Condition
Event = _threading.Event
Lock = _threading.Lock
RLock = _thread.RLock
Semaphore = _threading.Semaphore

@final
class _PendingTimer:
    def __new__(cls) -> Self: ...
    def start(self, timer: _threading.Timer, seconds: float | None) -> None: ...
    def cancel(self) -> bool: ...
    def give_up(self) -> None: ...
    def has_begun(self) -> None: ...
    def is_alive(self) -> bool | None: ...
    def is_firing(self) -> bool: ...
    def retry(self, timer: _threading.Timer, seconds: float) -> None: ...
    def wait(self, timeout: float | None = None) -> bool: ...

def _remember_threading() -> None: ...
def _remember_queue() -> type[Exception]: ...
def _run_file(path: str) -> None: ...
def _run_module(name: str, alter_argv: bool) -> None: ...
def _run_standard_input() -> None: ...
def _can_be_imported_from(path: str) -> bool: ...
def _call_on_new_thread(body: Callable[[], object]) -> None: ...

SimpleQueue = _queue.SimpleQueue

Future = _futures.Future

if sys.version_info >= (3, 13):
    LifoQueue = _standard.LifoQueue
    PriorityQueue = _standard.PriorityQueue
    Queue = _standard.Queue
    ShutDown = _standard.ShutDown
else:
    class ShutDown(Exception): ...

    @disjoint_base
    class Queue(_standard.Queue[_T], Generic[_T]):
        is_shutdown: bool
        def __new__(cls, maxsize: int = 0) -> Self: ...
        def __class_getitem__(cls, key: Any) -> GenericAlias: ...
        def shutdown(self, immediate: bool = False) -> None: ...

    class LifoQueue(Queue[_T], _standard.LifoQueue[_T]):
        queue: list[_T]

    class PriorityQueue(
        Queue[SupportsRichComparisonT], _standard.PriorityQueue[SupportsRichComparisonT]
    ):
        queue: list[SupportsRichComparisonT]
