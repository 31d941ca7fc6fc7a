"""Every call that can wait, with the obstacle that makes it wait and the call that ends the wait.

The promises about signals, fork and exit are the same for each, so their tests share this table.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

from support.target import queue, threading
from support.workers import blocked


def _nothing(thing):
    """No obstacle: the call waits on a fresh object by itself."""


@dataclasses.dataclass(frozen=True)
class Blocking:
    """One call that waits."""

    new: Callable[[], Any]
    """Makes the object."""
    call: Callable[[Any], Any]
    """Waits, without a limit."""
    free: Callable[[Any], Any]
    """Ends one wait; called by the thread that ran `block`."""
    block: Callable[[Any], Any] = _nothing
    """Makes the call wait from now on."""
    timed: Callable[[Any, float], Any] | None = None
    """Waits at most that many seconds."""
    owned: bool = False
    """Whether only the thread that ran `block` may run `free`."""

    def ways(self):
        """The call without a limit and, where it has one, with a limit that is never reached."""
        yield self.call
        if self.timed is not None:
            yield lambda thing: self.timed(thing, 60)

    def cycle(self, thing, free=None):
        """While the obstacle stands: another thread waits, is woken, and returns."""
        waiter = blocked(self.call, thing)
        (free or self.free)(thing)
        waiter.result()


class OwnQueue(queue.Queue):
    """A queue with methods of its own, which are called under its mutex."""

    def _put(self, item):
        super()._put(item)

    def _get(self):
        return super()._get()


class Gate:
    """A condition and the value that it guards."""

    def __init__(self):
        self.condition, self.open = threading.Condition(), False


def _wait(condition, timeout=None):
    with condition:
        return condition.wait(timeout)


def _notify(condition):
    with condition:
        condition.notify()


def _wait_for(gate, timeout=None):
    with gate.condition:
        assert gate.condition.wait_for(lambda: gate.open, timeout), "timed out"
        gate.open = False


def _open(gate):
    with gate.condition:
        gate.open = True
        gate.condition.notify_all()


def _with(lock):
    with lock:
        pass


def _locks(new, *, owned=False):
    return Blocking(
        new=new,
        block=lambda lock: lock.acquire(),
        call=lambda lock: lock.acquire(),
        timed=lambda lock, limit: lock.acquire(timeout=limit),
        free=lambda lock: lock.release(),
        owned=owned,
    )


def _inflated(thing):
    """`thing`, inflated by a read of its condition."""
    with thing._cond:
        return thing


def _waits(new):
    return Blocking(new=new, call=_wait, timed=_wait, free=_notify)


def _gets(new):
    return Blocking(
        new=new,
        call=lambda q: q.get(),
        timed=lambda q, limit: q.get(timeout=limit),
        free=lambda q: q.put(1),
    )


def _puts(cls):
    return Blocking(
        new=lambda: cls(1),
        block=lambda q: q.put(1),
        call=lambda q: q.put(2),
        timed=lambda q, limit: q.put(2, timeout=limit),
        free=lambda q: q.get(),
    )


BLOCKING = {
    "Lock.acquire": _locks(threading.Lock),
    "RLock.acquire": _locks(threading.RLock, owned=True),
    "with Lock": Blocking(
        new=threading.Lock,
        block=lambda lock: lock.acquire(),
        call=_with,
        free=lambda lock: lock.release(),
    ),
    "with RLock": Blocking(
        new=threading.RLock,
        block=lambda lock: lock.acquire(),
        call=_with,
        free=lambda lock: lock.release(),
        owned=True,
    ),
    "Condition.acquire": _locks(threading.Condition, owned=True),
    "Condition.wait": _waits(threading.Condition),
    "Condition.wait on a Lock": _waits(lambda: threading.Condition(threading.Lock())),
    "Condition.wait_for": Blocking(
        new=Gate,
        call=_wait_for,
        timed=_wait_for,
        free=_open,
    ),
    "Event.wait": Blocking(
        new=threading.Event,
        call=lambda event: event.wait(),
        timed=lambda event, limit: event.wait(limit),
        free=lambda event: event.set(),
    ),
    "Semaphore.acquire": _locks(threading.Semaphore),
    "BoundedSemaphore.acquire": _locks(threading.BoundedSemaphore),
    "with Semaphore": Blocking(
        new=threading.Semaphore,
        block=lambda semaphore: semaphore.acquire(),
        call=_with,
        free=lambda semaphore: semaphore.release(),
    ),
    "Event.wait, its condition reached for": Blocking(
        new=lambda: _inflated(threading.Event()),
        call=lambda event: event.wait(),
        timed=lambda event, limit: event.wait(limit),
        free=lambda event: event.set(),
    ),
    "Semaphore.acquire, its condition reached for": _locks(
        lambda: _inflated(threading.Semaphore())
    ),
    "Barrier.wait": Blocking(
        new=lambda: threading.Barrier(2),
        call=lambda barrier: barrier.wait(),
        timed=lambda barrier, limit: barrier.wait(limit),
        free=lambda barrier: barrier.wait(),
    ),
    "Queue.get": _gets(queue.Queue),
    "Queue.put": _puts(queue.Queue),
    "Queue.join": Blocking(
        new=queue.Queue,
        block=lambda q: q.put(1),
        call=lambda q: q.join(),
        free=lambda q: q.task_done(),
    ),
    "LifoQueue.get": _gets(queue.LifoQueue),
    "LifoQueue.put": _puts(queue.LifoQueue),
    "PriorityQueue.get": _gets(queue.PriorityQueue),
    "PriorityQueue.put": _puts(queue.PriorityQueue),
    "SimpleQueue.get": _gets(queue.SimpleQueue),
    "get of a queue of one's own": _gets(OwnQueue),
    "put of a queue of one's own": _puts(OwnQueue),
    "Queue.not_empty.wait": Blocking(
        new=queue.Queue,
        call=lambda q: _wait(q.not_empty),
        timed=lambda q, limit: _wait(q.not_empty, limit),
        free=lambda q: _notify(q.not_empty),
    ),
    "Queue.put while the mutex is held": Blocking(
        new=queue.Queue,
        block=lambda q: q.mutex.acquire(),
        call=lambda q: q.put(1),
        timed=lambda q, limit: q.put(1, timeout=limit),
        free=lambda q: q.mutex.release(),
    ),
}
