"""Every kind of object, with calls that keep it busy from several threads, and a process's use of
its copy in the middle of that.

Many threads may call `hammer` concurrently. `use` is for the child of a fork: it starts from any
state in which the object was copied, and makes its calls with a second thread, so that a thread
really waits and is woken.
"""

import dataclasses
import threading as std
from collections.abc import Callable
from typing import Any

from support.target import queue, threading

MOMENT = 0.0005
"""The longest wait of a hammering thread, in seconds."""


@dataclasses.dataclass(frozen=True)
class Hammered:
    """One kind of object."""

    new: Callable[[], Any]
    hammer: Callable[[Any], Any]
    use: Callable[[Any], Any]


def beside(call):
    """Starts `call` in a thread; returns a function that waits for it and returns its value."""
    got = []
    thread = std.Thread(target=lambda: got.append(call()))
    thread.start()

    def result():
        thread.join()
        return got[0]

    return result


def _hammer_lock(lock):
    with lock:
        pass


def _use_lock(lock):
    # An owner that does not exist in this process holds nothing.
    with lock:
        waiter = beside(lock.acquire)
    assert waiter() is True


def _use_rlock(lock):
    with lock, lock:
        waiter = beside(lambda: lock.acquire() and lock.release())
    waiter()
    assert lock.acquire(False)
    lock.release()


def _hammer_condition(condition):
    with condition:
        condition.notify()
        condition.wait(MOMENT)
        condition.notify_all()


def _use_condition(condition):
    gone_in = []

    def wait():
        with condition:
            gone_in.append(True)
            return condition.wait(60)

    with condition:
        waiter = beside(wait)
    while True:
        with condition:
            if gone_in:
                condition.notify()
                break
    assert waiter() is True


def _hammer_event(event):
    event.set()
    event.wait(MOMENT)
    event.clear()
    event.wait(MOMENT)


def _use_event(event):
    event.clear()
    waiter = beside(event.wait)
    event.set()
    assert waiter() is True


def _use_semaphore(semaphore):
    # The permits of threads that do not exist in this process are gone with them.
    while semaphore.acquire(False):
        pass
    waiter = beside(semaphore.acquire)
    semaphore.release()
    assert waiter() is True


def _hammer_semaphore(semaphore):
    if semaphore.acquire(timeout=MOMENT):
        semaphore.release()


def _hammer_barrier(barrier):
    try:
        barrier.wait(2 * MOMENT)
    except threading.BrokenBarrierError:
        barrier.reset()


def _use_barrier(barrier):
    barrier.reset()
    waiter = beside(barrier.wait)
    assert sorted([barrier.wait(), waiter()]) == [0, 1]


def _hammer_queue(q):
    try:
        q.put(1, timeout=MOMENT)
        q.get(timeout=MOMENT)
        q.qsize()
    except (queue.Empty, queue.Full):
        pass


def _use_queue(q):
    while not q.empty():
        q.get()
    getter = beside(q.get)
    q.put(1)
    assert getter() == 1
    if getattr(q, "maxsize", 0):
        for _ in range(q.maxsize):
            q.put(1)
        putter = beside(lambda: q.put(2))
        q.get()
        putter()


def _hammer_simple_queue(q):
    q.put(1)
    try:
        q.get(timeout=MOMENT)
    except queue.Empty:
        pass


class OwnQueue(queue.Queue):
    """A queue with a method of its own, which runs the standard algorithm over locks and
    conditions.
    """

    def _put(self, item):
        super()._put(item)


def _hammer_timers(timers):
    timer = threading.Timer(60, print)
    timers.append(timer)
    timer.start()
    timer.cancel()
    timers.remove(timer)


def _use_timers(_):
    fired = threading.Event()
    threading.Timer(0.001, fired.set).start()
    assert fired.wait(60)


KINDS = {
    "Lock": Hammered(threading.Lock, _hammer_lock, _use_lock),
    "RLock": Hammered(threading.RLock, _hammer_lock, _use_rlock),
    "Condition": Hammered(threading.Condition, _hammer_condition, _use_condition),
    "Event": Hammered(threading.Event, _hammer_event, _use_event),
    "Semaphore": Hammered(
        lambda: threading.Semaphore(2), _hammer_semaphore, _use_semaphore
    ),
    "BoundedSemaphore": Hammered(
        lambda: threading.BoundedSemaphore(2), _hammer_lock, _use_semaphore
    ),
    "Barrier": Hammered(lambda: threading.Barrier(2), _hammer_barrier, _use_barrier),
    "Queue": Hammered(lambda: queue.Queue(2), _hammer_queue, _use_queue),
    "Queue, unbounded": Hammered(queue.Queue, _hammer_queue, _use_queue),
    "LifoQueue": Hammered(lambda: queue.LifoQueue(2), _hammer_queue, _use_queue),
    "PriorityQueue": Hammered(
        lambda: queue.PriorityQueue(2), _hammer_queue, _use_queue
    ),
    "SimpleQueue": Hammered(queue.SimpleQueue, _hammer_simple_queue, _use_queue),
    "a queue of one's own": Hammered(lambda: OwnQueue(2), _hammer_queue, _use_queue),
    "Timer": Hammered(list, _hammer_timers, _use_timers),
}
