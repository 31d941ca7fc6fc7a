"""One failed allocation in an operation is a MemoryError, or makes no difference, and the object is
sound afterwards.
"""

import copy
import pickle

import pytest
from support.no_memory import needs_failures, refused, walk
from support.target import queue, threading

pytestmark = needs_failures


def nothing():
    return None


def cases(table):
    return pytest.mark.parametrize(
        ("make", "operation", "check"),
        [pytest.param(*case[1:], id=case[0]) for case in table],
    )


# Queues.

KINDS = (queue.Queue, queue.LifoQueue, queue.PriorityQueue, queue.SimpleQueue)
ITEMS = [1, 2, 3, 1000]


def filled(cls):
    def make():
        q = cls()
        for item in (3, 1, 2, 1000):
            q.put(item)
        return q

    return make


def inflated(cls):
    def make():
        q = filled(cls)()
        _ = q.mutex
        return q

    return make


def holds(change):
    """Checks that no item is lost or doubled: an operation that has not failed adds as many items
    as it puts.
    """

    def check(q, result, failed):
        expected = len(ITEMS) + (0 if failed else change)
        assert q.qsize() == expected
        taken = sorted(q.get_nowait() for _ in range(expected))
        assert len(set(taken)) == expected
        if change <= 0 or failed:
            assert set(taken) <= set(ITEMS)
        q.put("again")
        assert q.get() == "again"

    return check


def of_queues(cls):
    keeps, one_more, one_less = holds(0), holds(1), holds(-1)
    make = filled(cls)
    yield "make", nothing, lambda _: cls(), None
    yield "put", make, lambda q: q.put(7), one_more
    yield "put within", make, lambda q: q.put(7, True, 1.5), one_more
    yield "put by name", make, lambda q: q.put(7, block=False), one_more
    yield "put_nowait", make, lambda q: q.put_nowait(7), one_more
    yield "get", make, lambda q: q.get(), one_less
    yield "get within", make, lambda q: q.get(True, 1.5), one_less
    yield "get by name", make, lambda q: q.get(timeout=1), one_less
    yield "get_nowait", make, lambda q: q.get_nowait(), one_less
    yield "empty get_nowait", cls, refused(queue.Empty, lambda q: q.get_nowait()), None
    yield "empty get", cls, refused(queue.Empty, lambda q: q.get(timeout=1e-4)), None
    yield "qsize", make, lambda q: q.qsize(), keeps
    yield "empty", make, lambda q: q.empty(), keeps
    yield "repr", make, repr, keeps
    if cls is queue.SimpleQueue:
        return

    def full():
        q = cls(1)
        q.put(1)
        return q

    def shut():
        q = cls()
        q.shutdown()
        return q

    def many():
        q = cls(1000)
        for item in range(300):
            q.put(item)
        return q

    yield "make bounded", nothing, lambda _: cls(maxsize=5), None
    yield "make odd", nothing, lambda _: cls(2.5), None
    subclass = type("Sub", (cls,), {})
    yield "make subclass", nothing, lambda _: subclass(), None
    yield "full", make, lambda q: q.full(), keeps
    yield "full put", full, refused(queue.Full, lambda q: q.put(2, timeout=1e-4)), None
    yield "full put_nowait", full, refused(queue.Full, lambda q: q.put_nowait(2)), None
    yield "many", many, lambda q: (q.qsize(), q._qsize(), q.unfinished_tasks), None
    yield "maxsize", many, lambda q: (q.maxsize, setattr(q, "maxsize", 2000)), None
    yield "task_done", make, lambda q: q.task_done(), keeps
    too_often = refused(ValueError, lambda q: q.task_done())
    yield "task_done too often", cls, too_often, None
    yield "refused", make, refused(ValueError, lambda q: q.get(timeout=-1)), keeps
    yield "join", cls, lambda q: q.join(), None
    for name in ("mutex", "queue", "not_empty", "not_full", "all_tasks_done"):
        yield name, make, lambda q, name=name: getattr(q, name), keeps
    yield "copy", make, copy.copy, keeps
    yield "shutdown", make, lambda q: q.shutdown(immediate=True), None
    yield "shut get", shut, refused(queue.ShutDown, lambda q: q.get()), None
    yield "shut put", shut, refused(queue.ShutDown, lambda q: q.put(1)), None
    # As in the standard library, an operation on an inflated queue may stop between two statements.
    yield "inflated put", inflated(cls), lambda q: q.put(7), None
    yield "inflated get", inflated(cls), lambda q: q.get(), None
    yield "inflated get within", inflated(cls), lambda q: q.get(timeout=1), None
    yield "inflated qsize", inflated(cls), lambda q: q.qsize(), keeps
    yield "inflated full", inflated(cls), lambda q: q.full(), keeps


@cases(
    [
        (f"{cls.__name__} {case[0]}", *case[1:])
        for cls in KINDS
        for case in of_queues(cls)
    ]
)
def test_a_queue_has_each_item_once(make, operation, check):
    walk(make, operation, check)


# Locks and the objects over them.


class Foreign:
    """A lock of another kind."""

    def __init__(self):
        self.count = 0

    def acquire(self, *_):
        self.count += 1
        return True

    __enter__ = acquire

    def release(self):
        self.count -= 1

    def locked(self):
        return self.count > 0

    def __exit__(self, *_):
        self.count -= 1


def with_it(lock):
    with lock:
        return True


def taken(make):
    def take():
        lock = make()
        lock.acquire()
        return lock

    return take


def is_free(lock, _result=None, _failed=None):
    assert lock.acquire(False)
    lock.release()


def lets_go(lock, result, _failed):
    if result:
        lock.release()
    is_free(lock)


def held_no_more(lock, _result, _failed):
    lock.release()


def of_locks():
    for name, make in (("Lock", threading.Lock), ("RLock", threading.RLock)):
        held = taken(make)
        yield f"{name} make", nothing, lambda _, make=make: make(), None
        yield f"{name} acquire", make, lambda l: l.acquire(), lets_go
        yield f"{name} acquire within", make, lambda l: l.acquire(True, 1.5), lets_go
        yield f"{name} acquire by name", make, lambda l: l.acquire(timeout=1), lets_go
        yield f"{name} with", make, with_it, is_free
        yield f"{name} repr", held, repr, held_no_more
        release = refused(RuntimeError, lambda l: l.release())
        yield f"{name} release", make, release, is_free
        for wrong in ((True, -5), (False, 5), (True, "x")):
            acquire = refused(
                (ValueError, TypeError), lambda l, wrong=wrong: l.acquire(*wrong)
            )
            yield f"{name} acquire {wrong}", make, acquire, is_free

    def give_up(lock):
        lock._acquire_restore(lock._release_save())

    yield "RLock given up", taken(threading.RLock), give_up, None
    yield "Condition make", nothing, lambda _: threading.Condition(), None
    over = lambda _: threading.Condition(lock=threading.Lock())
    yield "Condition over a lock", nothing, over, None
    foreign = lambda: threading.Condition(Foreign())
    yield "Condition over another", foreign, with_it, None
    condition, held = threading.Condition, taken(threading.Condition)
    yield "Condition with", condition, with_it, None
    yield "Condition wait", held, lambda c: c.wait(1e-4), held_no_more
    # None of these makes a function: CPython 3.13.0 crashes when it has no memory for one.
    never = lambda c: c.wait_for(bool, 1e-4)
    yield "Condition wait_for", held, never, held_no_more
    yield "Condition notify", held, lambda c: c.notify(3), held_no_more
    yield "Condition notify_all", held, lambda c: c.notify_all(), held_no_more
    wait = refused(RuntimeError, lambda c: c.wait())
    yield "Condition wait without the lock", condition, wait, None
    yield "Condition repr", condition, repr, None
    yield "Condition inside", condition, lambda c: (c._lock, c._waiters), None


@cases(of_locks())
def test_a_lock_is_free_afterwards(make, operation, check):
    walk(make, operation, check)


def can_be_set(event, _result, _failed):
    event.set()
    assert event.wait(10)


def inflated_event():
    event = threading.Event()
    _ = event._cond
    return event


def of_events():
    event = threading.Event
    yield "Event make", nothing, lambda _: event(), None
    changes = lambda e: (e.set(), e.is_set(), e.clear())
    yield "Event set", event, changes, can_be_set
    yield "Event wait", event, lambda e: e.wait(1e-4), can_be_set
    yield "Event repr", event, repr, can_be_set
    yield "Event _cond", event, lambda e: e._cond, can_be_set
    # The pickler turns any error into one of its own.
    fails = refused((TypeError, pickle.PicklingError), pickle.dumps)
    yield "Event pickle", event, fails, None
    yield "inflated Event set", inflated_event, changes, can_be_set
    yield "inflated Event wait", inflated_event, lambda e: e.wait(1e-4), can_be_set


def of_semaphores(cls):
    many, none = (lambda: cls(1000)), (lambda: cls(0))
    yield "make", nothing, lambda _: cls(value=3), None
    yield "make large", nothing, lambda _: cls(1000), None
    yield "make negative", nothing, refused(ValueError, lambda _: cls(-1)), None
    yield "acquire", many, lambda s: s.acquire(), lets_go
    yield "acquire within", many, lambda s: s.acquire(timeout=1.5), lets_go
    yield "acquire none", none, lambda s: s.acquire(timeout=1e-4), None
    wrongly = refused(ValueError, lambda s: s.acquire(False, 1))
    yield "acquire wrongly", many, wrongly, is_free
    taken_twice = lambda: (s := cls(5), s.acquire(), s.acquire())[0]
    yield "release", taken_twice, lambda s: s.release(2), is_free
    yield "release none", many, refused(ValueError, lambda s: s.release(0)), is_free
    yield "with", many, with_it, is_free
    yield "repr", many, repr, is_free
    yield "_value", many, lambda s: s._value, is_free
    yield "_cond", many, lambda s: s._cond, is_free


def passes(barrier, _result, _failed):
    barrier.reset()
    barrier.wait()


def of_barriers():
    one, two = (lambda: threading.Barrier(1)), (lambda: threading.Barrier(2))
    acting = lambda: threading.Barrier(1, nothing)
    yield "Barrier make", nothing, lambda _: threading.Barrier(1, timeout=3), None
    zero = refused(ValueError, lambda _: threading.Barrier(0))
    yield "Barrier make for none", nothing, zero, None
    yield "Barrier wait", one, lambda b: b.wait(), passes
    yield "Barrier wait acting", acting, lambda b: b.wait(), passes
    late = refused(threading.BrokenBarrierError, lambda b: b.wait(1e-4))
    yield "Barrier wait in vain", two, late, None
    yield "Barrier abort", one, lambda b: b.abort(), passes
    yield "Barrier reset", one, lambda b: b.reset(), passes
    large = lambda: threading.Barrier(2000)
    yield "Barrier repr", large, lambda b: (repr(b), b.parties, b.n_waiting), None
    yield "Barrier _cond", one, lambda b: b._cond, lambda b, *_: b.wait()
    yield "Barrier _count", one, lambda b: (b._count, b._state), lambda b, *_: b.wait()


@cases(
    [
        *of_events(),
        *(
            (f"{cls.__name__} {case[0]}", *case[1:])
            for cls in (threading.Semaphore, threading.BoundedSemaphore)
            for case in of_semaphores(cls)
        ),
        *of_barriers(),
    ]
)
def test_what_threads_wait_for_goes_on_working(make, operation, check):
    walk(make, operation, check)
