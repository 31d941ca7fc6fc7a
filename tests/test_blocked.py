"""The blocked-on record of Python threads: what a thread sleeps for, and at which line."""

import inspect
import threading as standard
import time

import pytest
from weftline import RWLock, _weftline
from weftline.concurrent.futures import Future, as_completed, wait
from weftline.queue import LifoQueue, PriorityQueue, Queue, SimpleQueue
from weftline.threading import Barrier, Condition, Event, Lock, RLock, Semaphore

LONG = 60


def record_of(thread, is_it):
    """The record of a thread once it has one for which `is_it` holds."""
    begun = time.monotonic()
    while True:
        found = [
            blocked
            for blocked in _weftline._blocked_now()
            if blocked[0] == thread.ident
        ]
        if found and is_it(found[0]):
            return found[0]
        assert time.monotonic() - begun < LONG, found
        time.sleep(0.001)


def held(lock):
    lock.acquire()
    return lock


def filled(queue):
    queue.put(1)
    return queue


def written(lock):
    lock.acquire_write()
    return lock


def waits_for_condition(condition):
    with condition:
        condition.wait()


def waits_until_true(condition):
    with condition:
        condition.wait_for(lambda: vars(condition).get("is_true"))


def becomes_true(condition):
    with condition:
        condition.is_true = True
        condition.notify()


def notifies(condition):
    with condition:
        condition.notify()


CASES = {
    "Lock": (lambda: held(Lock()), lambda it: it.acquire(), lambda it: it.release()),
    "RLock": (lambda: held(RLock()), lambda it: it.acquire(), lambda it: it.release()),
    "Condition": (Condition, waits_for_condition, notifies),
    "Event": (Event, lambda it: it.wait(), lambda it: it.set()),
    "Semaphore": (
        lambda: Semaphore(0),
        lambda it: it.acquire(),
        lambda it: it.release(),
    ),
    "Barrier": (lambda: Barrier(2), lambda it: it.wait(), lambda it: it.wait()),
    "QueueGet": (Queue, lambda it: it.get(), lambda it: it.put(1)),
    "QueueGet Lifo": (LifoQueue, lambda it: it.get(), lambda it: it.put(1)),
    "QueueGet Priority": (PriorityQueue, lambda it: it.get(), lambda it: it.put(1)),
    "QueueGet Simple": (SimpleQueue, lambda it: it.get(), lambda it: it.put(1)),
    "QueuePut": (
        lambda: filled(Queue(1)),
        lambda it: it.put(2),
        lambda it: it.get(),
    ),
    "QueueJoin": (
        lambda: filled(Queue()),
        lambda it: it.join(),
        lambda it: it.task_done(),
    ),
    "RwLockRead": (
        lambda: written(RWLock()),
        lambda it: it.acquire_read(),
        lambda it: it.release_write(),
    ),
    "RwLockWrite": (
        lambda: written(RWLock()),
        lambda it: it.acquire_write(),
        lambda it: it.release_write(),
    ),
    "Future": (Future, lambda it: it.result(), lambda it: it.set_result(1)),
    "Futures wait": (Future, lambda it: wait([it]), lambda it: it.set_result(1)),
    "Futures as_completed": (
        Future,
        lambda it: list(as_completed([it])),
        lambda it: it.set_result(1),
    ),
    "Condition wait_for": (Condition, waits_until_true, becomes_true),
}


@pytest.mark.parametrize("kind", CASES)
def test_a_wait_that_lasts_shows_its_object_and_line(kind):
    make, wait, release = CASES[kind]
    it = make()
    thread = standard.Thread(target=wait, args=(it,), daemon=True)
    thread.start()
    found = record_of(thread, lambda blocked: blocked[3] is not None)
    lines, first = inspect.getsourcelines(wait)
    _, shown, address, function, file, line = found
    assert shown == kind.split()[0]
    assert address
    assert function == wait.__qualname__
    assert file and __file__.endswith(file)
    assert first <= line < first + len(lines)
    release(it)
    thread.join(LONG)
    assert not thread.is_alive()
    assert all(blocked[0] != thread.ident for blocked in _weftline._blocked_now())


@pytest.mark.parametrize(("kind", "make"), [("Lock", Lock), ("RLock", RLock)])
def test_a_notified_thread_shows_the_lock_that_it_takes_again(kind, make):
    condition = Condition(make())
    thread = standard.Thread(target=waits_for_condition, args=(condition,), daemon=True)
    thread.start()
    record_of(thread, lambda blocked: blocked[1] == "Condition")
    with condition:
        condition.notify()
        # The first sleep has no line yet.
        found = record_of(thread, lambda blocked: blocked[1] == kind and blocked[3])
    assert found[3] == waits_for_condition.__qualname__
    thread.join(LONG)
    assert not thread.is_alive()


def test_a_wait_that_is_over_is_not_shown():
    """A wait with a timeout shows nothing once it is over, though its thread goes on."""
    event, seen, over, end = Event(), *(standard.Event() for _ in range(3))

    def waits():
        while not seen.is_set():
            event.wait(0.2)
        over.set()
        end.wait()

    thread = standard.Thread(target=waits, daemon=True)
    thread.start()
    record_of(thread, lambda blocked: blocked[1] == "Event")
    seen.set()
    assert over.wait(LONG)
    assert all(blocked[0] != thread.ident for blocked in _weftline._blocked_now())
    end.set()
    thread.join(LONG)
