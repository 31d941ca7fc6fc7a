"""An exception that another thread sends (`PyThreadState_SetAsyncExc`): the place where it is
raised when a wait times out.
"""

import ctypes
import queue as std_queue
import threading as std
import time
from concurrent import futures as std_futures

import pytest
from support.pools import futures
from support.target import queue, std_threading, threading
from support.workers import LIMIT, asleep

STANDARD = (std_threading, std_queue, std_futures)
OURS = (threading, queue, futures)


class Sent(Exception):
    """The exception that the other thread sends."""


def put_into_full(queue, timeout):
    full = queue.Queue(1)
    full.put(1)
    full.put(2, timeout=timeout)


def wait_for_notification(threading, timeout):
    condition = threading.Condition()
    with condition:
        condition.wait(timeout)


def as_completed(futures, timeout):
    for _ in futures.as_completed([futures.Future()], timeout):
        pass


WAITS = {
    "Queue.get": lambda t, q, f, s: q.Queue().get(timeout=s),
    "LifoQueue.get": lambda t, q, f, s: q.LifoQueue().get(timeout=s),
    "PriorityQueue.get": lambda t, q, f, s: q.PriorityQueue().get(timeout=s),
    "SimpleQueue.get": lambda t, q, f, s: q.SimpleQueue().get(timeout=s),
    "Queue.put": lambda t, q, f, s: put_into_full(q, s),
    "Barrier.wait": lambda t, q, f, s: t.Barrier(2).wait(s),
    "Condition.wait": lambda t, q, f, s: wait_for_notification(t, s),
    "Event.wait": lambda t, q, f, s: t.Event().wait(s),
    "Semaphore.acquire": lambda t, q, f, s: t.Semaphore(0).acquire(timeout=s),
    "Future.result": lambda t, q, f, s: f.Future().result(s),
    "Future.exception": lambda t, q, f, s: f.Future().exception(s),
    "wait": lambda t, q, f, s: f.wait([f.Future()], s),
    "as_completed": lambda t, q, f, s: as_completed(f, s),
}


def is_asleep(thread):
    """Whether the thread falls asleep, rather than ends."""
    try:
        asleep(thread, lambda: not thread.is_alive())
    except AssertionError:
        return False
    return True


def met(wait, modules):
    """The place where a thread meets an exception that is sent to it while it sleeps in `wait`,
    which times out.
    """
    timeout = 0.1
    while True:
        seen, is_in_time = met_in(wait, modules, timeout)
        if is_in_time:
            # After the call it may come before or in the program's handler of `Empty`.
            return seen[-1]
        assert timeout < LIMIT
        timeout *= 2


def met_in(wait, modules, timeout):
    """The same, and whether it was sent before the wait was over."""
    seen = []

    def body():
        try:
            try:
                wait(*modules, timeout)
                seen.append("returned")
            except Sent:
                seen.append("in the call")
            except BaseException as error:  # noqa: BLE001 - any other comes first
                seen.append(type(error).__name__)
            for _ in range(1000):
                pass
        except Sent:
            seen.append("after the call")

    begun = time.monotonic()
    thread = std.Thread(target=body, daemon=True)
    thread.start()
    while not seen and not is_asleep(thread):
        pass
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident), ctypes.py_object(Sent)
    )
    is_in_time = not seen and time.monotonic() < begun + timeout
    thread.join(LIMIT)
    assert not thread.is_alive()
    return seen, is_in_time


@pytest.mark.parametrize("name", WAITS)
def test_a_wait_that_ends_in_vain_meets_it_where_the_standard_one_does(name):
    assert met(WAITS[name], OURS) == met(WAITS[name], STANDARD)
