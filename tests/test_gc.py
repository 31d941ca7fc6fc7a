"""Garbage collection: cycles through the objects are freed, an object keeps no reference to an item
that left it, nothing leaks.
"""

import contextlib
import copy
import functools
import gc
import sys
import weakref

import pytest
from classes import CLASSES
from support.blocking import BLOCKING
from support.foreign import OwnedLock, PlainLock
from support.programs import run
from support.target import MODULES, ours_before, queue, threading
from support.workers import blocked, start, until

QUEUES = [name for name, row in CLASSES.items() if row.module == "queue"]
# A class in Python has methods of its own as attributes.
IN_RUST = [name for name, row in CLASSES.items() if not row.in_python]
IS_BASE = 1 << 10
"""The flag of a type from which others can be derived."""
BASES = [
    name for name in IN_RUST if type(CLASSES[name].new(MODULES)).__flags__ & IS_BASE
]


class Thing:
    """An object that takes weak references and can be compared."""

    def __lt__(self, other):
        return id(self) < id(other)


@contextlib.contextmanager
def no_collection():
    """Keeps the collector off: an object that dies here dies by its reference count."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.parametrize("name", CLASSES)
def test_an_object_dies_with_its_last_reference(name):
    row = CLASSES[name]
    row.new(MODULES)
    with no_collection():
        thing = row.new(MODULES)
        dead = weakref.ref(thing)
        del thing
        assert dead() is None


READS = {
    "vars": lambda thing, name: vars(thing),
    "copy": lambda thing, name: copy.copy(thing),
    "get": getattr,
    "set": lambda thing, name: setattr(thing, name, getattr(thing, name)),
}


@pytest.mark.parametrize("how", READS)
@pytest.mark.parametrize("name", IN_RUST)
def test_an_object_whose_parts_were_used_dies_with_its_last_reference(name, how):
    row = CLASSES[name]
    parts = [part for part in dir(row.new(MODULES)) if not part.startswith("__")]
    for part in parts if how in ("get", "set") else [None]:
        with no_collection():
            thing = row.new(MODULES)
            if how == "set" and callable(getattr(thing, part, None)):
                # A bound method in the object is a cycle of the program's own.
                continue
            with contextlib.suppress(AttributeError, TypeError):
                READS[how](thing, part)
            dead = weakref.ref(thing)
            del thing
            assert dead() is None, part


def test_the_waiters_of_a_condition_that_is_freed_serve_another_one():
    first, second = threading.Condition(), threading.Condition()
    second._waiters = first._waiters
    del first
    gc.collect()
    assert len(second._waiters) == 0
    waiter = start(lambda: second.acquire() and second.wait(20))
    until(lambda: len(second._waiters) == 1)
    with second:
        second.notify()
    assert waiter.result() is True
    assert len(second._waiters) == 0


@pytest.mark.parametrize("name", BASES)
def test_a_subclass_in_a_cycle_with_itself_is_freed(name):
    row = CLASSES[name]
    cls = type(row.new(MODULES))

    class Sub(cls):
        """Has a dict."""

    thing = Sub(*row.arguments)
    thing.me = [thing]
    dead = weakref.ref(thing)
    del thing
    assert dead() is not None
    gc.collect()
    assert dead() is None


@pytest.mark.parametrize("name", QUEUES)
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_queue_that_holds_itself_is_freed(name, depth):
    q = getattr(queue, name)()
    item = q
    for _ in range(depth):
        item = [item]
    q.put(item)
    dead = weakref.ref(q)
    del q, item
    gc.collect()
    assert dead() is None


@pytest.mark.parametrize("name", QUEUES)
def test_two_queues_that_hold_each_other_are_freed_with_their_items(name):
    one, other, item = getattr(queue, name)(), getattr(queue, name)(), Thing()
    one.put(other)
    other.put(one)
    item.where = one
    deads = [weakref.ref(thing) for thing in (one, other, item)]
    with contextlib.suppress(TypeError):
        one.put(item)
    del one, other, item
    gc.collect()
    assert [dead() for dead in deads] == [None] * 3


@pytest.mark.parametrize("name", QUEUES)
def test_items_that_left_a_queue_are_held_no_longer(name):
    q = getattr(queue, name)()
    with no_collection():
        deads = []
        for _ in range(20):
            thing = Thing()
            deads.append(weakref.ref(thing))
            q.put(thing)
        del thing
        assert all(dead() is not None for dead in deads)
        for _ in range(10):
            q.get()
        assert sum(dead() is None for dead in deads) == 10
        del q
        assert all(dead() is None for dead in deads)


@pytest.mark.parametrize("name", QUEUES[:3])
def test_an_item_that_was_refused_is_held_no_longer(name):
    q = getattr(queue, name)(1)
    q.put(1)
    with no_collection():
        thing = Thing()
        dead, count = weakref.ref(thing), sys.getrefcount(thing)
        for timeout in (None, 0, 0.001):
            try:
                q.put(thing, timeout is not None, timeout)
            except queue.Full:
                pass
        with pytest.raises(ValueError):
            q.put(thing, timeout=-1)
        assert sys.getrefcount(thing) == count
        del thing
        assert dead() is None


def queue_with_a_thing(name):
    """A queue, and a weak reference to its item."""
    q, thing = getattr(queue, name)(), Thing()
    q.put(thing)
    return q, weakref.ref(thing)


@pytest.mark.parametrize("name", QUEUES[:3])
def test_clearing_the_items_frees_them(name):
    q, dead = queue_with_a_thing(name)
    with q.mutex:
        q.queue.clear()
    assert dead() is None


@ours_before(3, 13)
@pytest.mark.parametrize("name", QUEUES[:3])
def test_an_immediate_shutdown_frees_the_items(name):
    q, dead = queue_with_a_thing(name)
    q.shutdown(immediate=True)
    assert dead() is None


def test_an_item_handed_off_to_a_waiting_getter_is_held_no_longer():
    for name in QUEUES:
        q = getattr(queue, name)()
        getter = blocked(lambda q=q: weakref.ref(q.get()))
        q.put(Thing())
        assert getter.result()() is None


@pytest.mark.parametrize("kind", [PlainLock, OwnedLock])
def test_a_condition_in_a_cycle_with_its_foreign_lock_is_freed(kind):
    lock = kind()
    lock.condition = threading.Condition(lock)
    deads = [weakref.ref(lock), weakref.ref(lock.condition)]
    with lock.condition:
        lock.condition.wait(0.001)
    del lock
    gc.collect()
    assert [dead() for dead in deads] == [None, None]


def test_a_condition_in_a_cycle_with_its_rlock_is_freed():
    class Sub(type(threading.RLock())):
        """Has a dict."""

    lock = Sub()
    lock.condition = threading.Condition(lock)
    deads = [weakref.ref(lock), weakref.ref(lock.condition)]
    with lock:
        lock.condition.notify()
    del lock
    gc.collect()
    assert [dead() for dead in deads] == [None, None]


def test_a_barrier_in_a_cycle_with_its_action_is_freed():
    class Owner:
        """Owns a barrier that calls it."""

        def __init__(self):
            self.barrier = threading.Barrier(1, self.act)

        def act(self):
            self.acted = True

    owner = Owner()
    owner.barrier.wait()
    assert owner.acted
    deads = [weakref.ref(owner), weakref.ref(owner.barrier)]
    del owner
    gc.collect()
    assert [dead() for dead in deads] == [None, None]


@pytest.mark.parametrize("name", QUEUES[:3])
def test_the_parts_of_a_queue_may_outlive_it(name):
    q = getattr(queue, name)()
    q.put(1)
    mutex, items, conditions = (
        q.mutex,
        q.queue,
        [q.not_empty, q.not_full, q.all_tasks_done],
    )
    dead = weakref.ref(q)
    del q
    gc.collect()
    assert dead() is None
    assert list(items) == [1]
    for condition in conditions:
        with condition:
            assert mutex.locked()
            condition.notify_all()
            assert condition.wait(0.001) is False
    assert not mutex.locked()


@pytest.mark.parametrize("name", QUEUES[:3])
def test_a_queue_whose_parts_were_read_and_hold_it_is_freed(name):
    q = getattr(queue, name)()
    q.parts = [q.mutex, q.queue, q.not_empty, q.not_full, q.all_tasks_done]
    q.queue.append(q)
    q.not_empty.owner = q
    dead = weakref.ref(q)
    del q
    gc.collect()
    assert dead() is None


def take_last(q):
    return q.queue.pop()


def test_a_queue_with_methods_of_its_own_in_a_cycle_is_freed():
    q = queue.Queue()
    q._put = q.queue.appendleft
    q._get = functools.partial(take_last, q)
    q.put(1)
    assert q.get() == 1
    dead = weakref.ref(q)
    del q
    gc.collect()
    assert dead() is None


@pytest.mark.parametrize(
    "name", [name for name in BLOCKING if not BLOCKING[name].owned]
)
def test_an_object_that_threads_waited_for_is_freed(name):
    waiting = BLOCKING[name]
    thing = waiting.new()
    dead = weakref.ref(thing)
    waiting.block(thing)
    waiter = blocked(waiting.call, thing)
    gc.collect()
    waiting.free(thing)
    waiter.result()
    del thing, waiter
    gc.collect()
    assert dead() is None


@pytest.mark.parametrize("name", QUEUES[:3])
def test_a_collection_while_the_mutex_is_held_does_not_wait_for_it(name):
    q = getattr(queue, name)()
    q.put([q])
    with q.mutex:
        gc.collect()
        start(gc.collect).result()
        assert q in gc.get_referents(q.queue[0])


def test_the_collector_sees_what_a_queue_holds():
    for name in QUEUES:
        q, thing = getattr(queue, name)(), Thing()
        q.put(thing)
        assert gc.is_tracked(q)
        assert reaches(q, thing)


def reaches(root, target, depth=3):
    found = gc.get_referents(root)
    return any(thing is target for thing in found) or (
        depth > 0
        and any(
            reaches(thing, target, depth - 1)
            for thing in found
            if not isinstance(thing, type)
        )
    )


@pytest.mark.parametrize("name", CLASSES)
def test_a_collection_may_fall_into_the_making_of_an_object(name):
    run(
        """
import gc, sys
from classes import CLASSES
from support.target import MODULES
row = CLASSES[sys.argv[1]]
row.new(MODULES)
gc.set_threshold(2)
things = []
for _ in range(400):
    things.append(row.new(MODULES))
    things.append([])
if row.module == "queue":
    for q in things[::2]:
        q.put(q)
        getattr(q, "mutex", None), getattr(q, "queue", None)
del things
gc.collect()
""",
        name,
    )
