"""`queue.Queue`, and the behaviour that its variants share: bounds, timeouts, tasks, blocking."""

import collections
import gc
import itertools
import weakref

import pytest
from support.differ import error_class
from support.target import queue
from support.traffic import MODES, carry, in_order
from support.workers import blocked, start, took

KINDS = ["Queue", "LifoQueue", "PriorityQueue"]
Empty, Full = queue.Empty, queue.Full


@pytest.fixture(params=KINDS)
def cls(request):
    return getattr(queue, request.param)


def test_items_come_out_first_in_first_out():
    q = queue.Queue()
    items = [object() for _ in range(100)]
    for item in items:
        assert q.put(item) is None
    assert list(q.queue) == items
    assert all(q.get() is item for item in items)


def test_any_object_may_be_an_item():
    q = queue.Queue()
    for item in (None, q, Ellipsis, float("nan"), [], Exception()):
        q.put(item)
        assert q.get() is item


def test_get_waits_for_an_item(cls):
    q = cls()
    getter = blocked(q.get)
    q.put("item")
    assert getter.result() == "item"
    assert q.empty()


def test_getters_are_served_in_the_order_in_which_they_came(cls):
    q = cls()
    getters = [blocked(q.get) for _ in range(3)]
    for number, getter in enumerate(getters):
        q.put(number)
        assert getter.result() == number


def test_put_waits_for_a_slot(cls):
    q = cls(1)
    q.put(1)
    putter = blocked(q.put, 2)
    assert q.get() == 1
    assert putter.result() is None
    assert q.full()
    assert q.get() == 2


def test_putters_are_let_in_in_the_order_in_which_they_came(cls):
    q = cls(1)
    q.put(0)
    putters = [blocked(q.put, number) for number in (1, 2, 3)]
    for number, putter in enumerate(putters):
        assert q.get() == number
        assert putter.result() is None
    assert q.get() == 3


@pytest.mark.parametrize("timeout", [0.03, 1 / 32])
def test_a_timed_get_times_out(cls, timeout):
    q = cls()
    with took(at_least=timeout), pytest.raises(Empty):
        q.get(timeout=timeout)
    q.put(1)
    assert q.get(timeout=timeout) == 1


def test_a_timed_put_times_out(cls):
    q = cls(1)
    q.put(1)
    with took(at_least=0.03), pytest.raises(Full):
        q.put(2, timeout=0.03)
    assert list(q.queue) == [1]
    assert q.unfinished_tasks == 1


def test_timed_calls_end_when_they_may_go_on(cls):
    q = cls(1)
    getter = blocked(q.get, True, 60)
    with took():
        q.put(1)
        assert getter.result() == 1
        q.put(2)
        putter = blocked(q.put, 3, True, 60)
        assert q.get() == 2
        assert putter.result() is None


def test_a_getter_that_timed_out_takes_no_item_later(cls):
    q = cls()
    assert error_class(start(q.get, True, 0.01).result) is Empty
    q.put(1)
    assert q.qsize() == 1
    assert q.get_nowait() == 1


def test_a_putter_that_timed_out_leaves_no_item_later(cls):
    q = cls(1)
    q.put(1)
    assert error_class(start(q.put, 2, True, 0.01).result) is Full
    assert q.get() == 1
    assert q.empty()


def test_exceptions_of_empty_and_full_queues_have_no_arguments(cls):
    with pytest.raises(Empty) as empty:
        cls().get_nowait()
    assert empty.value.args == ()
    q = cls(1)
    q.put(1)
    with pytest.raises(Full) as full:
        q.put_nowait(1)
    assert full.value.args == ()


def test_join_waits_until_every_task_is_done(cls):
    q = cls()
    assert q.join() is None
    for number in range(3):
        q.put(number)
    joiners = [blocked(q.join) for _ in range(2)]
    for number in range(3):
        for joiner in joiners:
            joiner.blocks()
        assert q.get() == (2 - number if cls is queue.LifoQueue else number)
        assert q.task_done() is None
    assert [joiner.result() for joiner in joiners] == [None, None]


def test_more_tasks_done_than_put_is_a_value_error(cls):
    q = cls()
    with pytest.raises(ValueError, match=r"^task_done\(\) called too many times$"):
        q.task_done()
    q.put(1)
    q.task_done()
    with pytest.raises(ValueError, match="too many times"):
        q.task_done()
    assert q.unfinished_tasks == 0


def test_sizes_follow_the_items(cls):
    q = cls(2)
    seen = [(q.qsize(), q.empty(), q.full())]
    for step in (q.put, q.put):
        step(1)
        seen.append((q.qsize(), q.empty(), q.full()))
    q.get()
    seen.append((q.qsize(), q.empty(), q.full()))
    assert seen == [
        (0, True, False),
        (1, False, False),
        (2, False, True),
        (1, False, False),
    ]


def test_the_bound_may_be_changed(cls):
    q = cls(1)
    q.put(1)
    q.maxsize = 2
    q.put_nowait(2)
    with pytest.raises(Full):
        q.put_nowait(3)
    q.maxsize = 0
    for number in range(10):
        q.put_nowait(number)
    q.maxsize = 1
    assert q.full()
    with pytest.raises(Full):
        q.put_nowait(3)


def test_a_raised_bound_counts_for_a_waiting_putter_when_it_is_woken(cls):
    q = cls(1)
    q.put(1)
    putters = [blocked(q.put, 2), blocked(q.put, 3)]
    with q.mutex:
        q.maxsize = 3
        q.not_full.notify_all()
    for putter in putters:
        putter.result()
    assert sorted(q.queue) == [1, 2, 3]


def test_a_queue_has_a_dict_and_weak_references(cls):
    q = cls()
    q.note = "mine"
    assert q.__dict__["note"] == "mine"
    del q.note
    assert not hasattr(q, "note")
    dead = weakref.ref(q)
    assert dead() is q
    del q
    gc.collect()
    assert dead() is None


def test_the_items_are_kept_in_a_deque():
    q = queue.Queue()
    q.put(1)
    assert isinstance(q.queue, collections.deque)
    assert q.queue is q.queue
    assert q.queue == collections.deque([1])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("maxsize", [0, 1, 8])
@pytest.mark.parametrize(("producers", "consumers"), [(1, 1), (3, 1), (1, 3), (3, 3)])
def test_every_item_arrives_exactly_once(cls, maxsize, mode, producers, consumers):
    q, count = cls(maxsize), 120
    got = carry(q, mode=mode, producers=producers, consumers=consumers, count=count)
    assert sorted(itertools.chain(*got)) == list(range(producers * count))
    assert cls is not queue.Queue or in_order(got, producers, count)
    assert q.empty()


def test_many_threads_join_many_tasks(cls):
    q, done = cls(5), []

    def work():
        while (task := q.get()) < 300:
            done.append(task)
            q.task_done()
        q.task_done()

    workers = [start(work) for _ in range(3)]
    for task in range(200):
        q.put(task)
    q.join()
    assert sorted(done) == list(range(200))
    for _ in workers:
        q.put(300)
    for worker in workers:
        worker.result()
    q.join()
    assert q.unfinished_tasks == 0
