"""Every wait takes the timeouts that the standard one takes on this version, and refuses others."""

import concurrent.futures as std_futures
from decimal import Decimal
from fractions import Fraction

import pytest
import weftline.concurrent.futures as our_futures
from support.differ import outcome
from support.target import (
    INSTALLED,
    STANDARD,
    queue,
    std_queue,
    std_threading,
    threading,
)

futures = std_futures if STANDARD or INSTALLED else our_futures

SIDES = [(std_threading, std_queue, std_futures), (threading, queue, futures)]


class Floats:
    """A number to `float()` alone."""

    def __float__(self):
        return 0.001


class Indexes:
    """A number to `operator.index()` alone."""

    def __index__(self):
        return 0


class Both(Indexes, Floats):
    """A number to both, and another one."""


class Wrong:
    """A number whose `float()` is none."""

    def __float__(self):
        return "x"


TIMEOUTS = [
    Decimal("0.001"),
    Fraction(1, 1000),
    Decimal("NaN"),
    Floats(),
    Indexes(),
    Both(),
    Wrong(),
    False,
    1j,
    "soon",
]


def waits_for_condition(threading, timeout):
    condition = threading.Condition()
    with condition:
        return condition.wait(timeout)


def waits_for_lock(threading, timeout):
    lock = threading.Lock()
    lock.acquire()
    return lock.acquire(True, timeout)


def joins_timer(threading, timeout):
    timer = threading.Timer(60, print)
    timer.start()
    try:
        return timer.join(timeout)
    finally:
        timer.cancel()


def puts(queue, timeout):
    full = queue.Queue(1)
    full.put(1)
    return full.put(2, True, timeout)


WAITS = {
    "Lock.acquire": lambda t, q, f, timeout: waits_for_lock(t, timeout),
    "RLock.acquire": lambda t, q, f, timeout: t.RLock().acquire(True, timeout),
    "Condition.wait": lambda t, q, f, timeout: waits_for_condition(t, timeout),
    "Event.wait": lambda t, q, f, timeout: t.Event().wait(timeout),
    "Semaphore.acquire": lambda t, q, f, timeout: t.Semaphore(0).acquire(True, timeout),
    "Barrier.wait": lambda t, q, f, timeout: t.Barrier(2).wait(timeout),
    "Timer.join": lambda t, q, f, timeout: joins_timer(t, timeout),
    "Queue.get": lambda t, q, f, timeout: q.Queue().get(True, timeout),
    "Queue.put": lambda t, q, f, timeout: puts(q, timeout),
    "SimpleQueue.get": lambda t, q, f, timeout: q.SimpleQueue().get(True, timeout),
    "Future.result": lambda t, q, f, timeout: f.Future().result(timeout),
    "futures.wait": lambda t, q, f, timeout: len(f.wait([f.Future()], timeout).done),
}


@pytest.mark.parametrize("timeout", TIMEOUTS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("name", WAITS)
def test_a_wait_takes_and_refuses_the_timeouts_of_the_standard_one(name, timeout):
    def use(t, q, f):
        return WAITS[name](t, q, f, timeout)

    theirs, mine = (outcome(use, *side) for side in SIDES)
    assert mine == theirs
