"""`queue.SimpleQueue`: unbounded, first in first out; `put` is safe in any context."""

import copy
import gc
import itertools
import pickle
import types
import weakref

import pytest
from support.differ import assert_same_face, error_class, outcome, shape
from support.target import queue, std_queue
from support.traffic import MODES, carry, in_order
from support.workers import blocked, start, took

MODULES = [std_queue, queue]

CALLS = {
    "put": lambda q: q.put(1),
    "put by keyword": lambda q: q.put(item=1, block=False, timeout=-1),
    "put with what is ignored": lambda q: q.put(1, "x", "y"),
    "put, nowait": lambda q: q.put_nowait(1),
    "get, not blocking": lambda q: q.get(False),
    "get, not blocking by keyword": lambda q: q.get(block=False, timeout=None),
    "get, not blocking, with a timeout": lambda q: q.get(False, 1),
    "get, not blocking, with a negative timeout": lambda q: q.get(False, -1),
    "get, not blocking, with a str": lambda q: q.get(False, "x"),
    "get with a timeout": lambda q: q.get(True, 0.01),
    "get with a timeout of nothing": lambda q: q.get(timeout=0),
    "get with a negative timeout": lambda q: q.get(timeout=-1),
    "get with a timeout as a str": lambda q: q.get(timeout="x"),
    "get with a timeout too large": lambda q: q.get(timeout=1e100),
    "get with an infinite timeout": lambda q: q.get(timeout=float("inf")),
    "get with no number as a timeout": lambda q: q.get(timeout=float("nan")),
    "get, nowait": lambda q: q.get_nowait(),
    "sizes": lambda q: (q.qsize(), q.empty()),
    "put and get": lambda q: (q.put(7), q.get(), q.qsize()),
    "repr": repr,
    "pickle": pickle.dumps,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "truth": bool,
    "length": len,
    "iteration": iter,
    "full": lambda q: q.full(),
    "maxsize": lambda q: q.maxsize,
    "a new attribute": lambda q: setattr(q, "note", 1),
    "an unknown attribute": lambda q: q.note,
    "type": type,
}


def filled(cls):
    q = cls()
    q.put(3)
    q.put(2)
    return q


@pytest.mark.parametrize("case", CALLS)
@pytest.mark.parametrize(
    "make", [filled, lambda cls: cls()], ids=["with items", "empty"]
)
def test_a_simple_queue_answers_as_the_standard_one(make, case):
    standard, ours = [
        (outcome(CALLS[case], q), q.qsize())
        for q in [make(m.SimpleQueue) for m in MODULES]
    ]
    assert ours == standard


@pytest.mark.parametrize(
    "call",
    [
        lambda cls: cls(1),
        lambda cls: cls(maxsize=1),
        lambda cls: cls().put(),
        lambda cls: cls().put(1, True, 1, 2),
        lambda cls: cls().get(True, 1, 2),
        lambda cls: cls().put_nowait(1, 2),
        lambda cls: cls().get_nowait(1),
        lambda cls: cls().qsize(1),
    ],
)
def test_a_call_of_another_shape_is_a_type_error(call):
    assert [error_class(call, m.SimpleQueue) for m in MODULES] == [TypeError, TypeError]


@pytest.mark.parametrize("module", [std_queue, queue])
def test_put_asks_for_the_truth_of_block_and_leaves_out_the_item_if_that_raises(module):
    class Neither:
        def __bool__(self):
            raise KeyError("neither")

    line = module.SimpleQueue()
    with pytest.raises(KeyError):
        line.put(1, Neither())
    assert line.empty()


def test_simple_queue_is_a_class_with_every_standard_name():
    assert repr(queue.SimpleQueue) == "<class '_queue.SimpleQueue'>"
    assert shape(queue.SimpleQueue()) == "<_queue.SimpleQueue object at 0x>"
    assert_same_face(std_queue.SimpleQueue(), queue.SimpleQueue())


def test_the_type_of_items_may_be_noted():
    alias = queue.SimpleQueue[int]
    assert isinstance(alias, types.GenericAlias)
    assert repr(alias) == "_queue.SimpleQueue[int]"
    assert isinstance(alias(), queue.SimpleQueue)


def test_items_come_out_first_in_first_out():
    q = queue.SimpleQueue()
    items = [object() for _ in range(1000)]
    for item in items:
        assert q.put(item) is None
    assert q.qsize() == 1000
    assert all(q.get() is item for item in items)
    assert q.empty()


def test_items_stay_in_order_while_the_queue_breathes():
    q, put, got = queue.SimpleQueue(), 0, 0
    for wave in range(60):
        for _ in range(wave):
            q.put(put)
            put += 1
        for _ in range(wave * 2 // 3):
            assert q.get() == got
            got += 1
    assert q.qsize() == put - got


def test_get_waits_for_an_item():
    q = queue.SimpleQueue()
    getters = [blocked(q.get), blocked(q.get, True, 60)]
    q.put(None)
    q.put(None)
    with took():
        assert [getter.result() for getter in getters] == [None, None]


def test_a_timed_get_times_out():
    q = queue.SimpleQueue()
    with took(at_least=0.03), pytest.raises(queue.Empty):
        q.get(timeout=0.03)
    with pytest.raises(queue.Empty) as error:
        q.get_nowait()
    assert error.value.args == ()


def test_a_getter_that_timed_out_takes_no_item_later():
    q = queue.SimpleQueue()
    assert error_class(start(q.get, True, 0.01).result) is queue.Empty
    q.put(1)
    assert q.get_nowait() == 1


def test_one_put_wakes_one_getter():
    q = queue.SimpleQueue()
    getters = [blocked(q.get) for _ in range(3)]
    q.put("only")
    (woken,) = [getter for getter in getters if not still_asleep(getter)]
    assert woken.result() == "only"
    q.put(1)
    q.put(2)
    assert sorted(str(getter.result()) for getter in getters) == ["1", "2", "only"]


def still_asleep(worker):
    try:
        worker.blocks()
    except AssertionError:
        return False
    return True


def test_a_subclass_may_carry_attributes_and_override_methods():
    class Counted(queue.SimpleQueue):
        """Counts the items that are put."""

        def __init__(self):
            super().__init__()
            self.count = 0

        def put(self, item, block=True, timeout=None):
            self.count += 1
            super().put(item)

    q = Counted()
    getter = blocked(q.get)
    q.put(1)
    assert getter.result() == 1
    assert vars(q) == {"count": 1}
    dead = weakref.ref(q)
    q.me = q
    del q, getter
    gc.collect()
    assert dead() is None


def test_items_of_a_dropped_queue_are_freed():
    class Item:
        """Something to refer to."""

    q, item = queue.SimpleQueue(), Item()
    dead = weakref.ref(item)
    q.put(item)
    del item
    assert dead() is not None
    del q
    gc.collect()
    assert dead() is None


def test_an_item_that_was_got_is_held_no_longer():
    class Item:
        """Something to refer to."""

    q = queue.SimpleQueue()
    q.put(Item())
    dead = weakref.ref(q.get())
    gc.collect()
    assert dead() is None


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("producers", "consumers"), [(1, 1), (3, 1), (1, 3), (3, 3)])
def test_every_item_arrives_exactly_once(mode, producers, consumers):
    q, count = queue.SimpleQueue(), 400
    got = carry(q, mode=mode, producers=producers, consumers=consumers, count=count)
    assert sorted(itertools.chain(*got)) == list(range(producers * count))
    assert in_order(got, producers, count)
    assert q.empty()
