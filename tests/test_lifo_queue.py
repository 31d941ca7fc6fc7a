"""`queue.LifoQueue`: the newest item first."""

import random

import pytest
from support.target import queue, std_queue
from support.workers import blocked


def test_items_come_out_last_in_first_out():
    q = queue.LifoQueue()
    items = [object() for _ in range(100)]
    for item in items:
        q.put(item)
    assert isinstance(q.queue, list)
    assert q.queue == items
    assert all(q.get() is item for item in reversed(items))
    assert q.empty()


def test_the_items_are_a_list_whose_end_is_the_top():
    q = queue.LifoQueue()
    for item in "abc":
        q.put(item)
    with q.mutex:
        q.queue.insert(0, "bottom")
        q.queue.append("top")
    assert [q.get() for _ in range(5)] == ["top", "c", "b", "a", "bottom"]


def test_any_sequence_of_calls_goes_as_on_the_standard_queue():
    chance = random.Random(7)
    ours, standard = queue.LifoQueue(20), std_queue.LifoQueue(20)
    for number in range(3000):
        if chance.random() < 0.5:
            if not standard.full():
                ours.put_nowait(number)
                standard.put_nowait(number)
        elif not standard.empty():
            assert ours.get_nowait() == standard.get_nowait()
        assert ours.queue == standard.queue
        assert ours.full() == standard.full()


def test_a_getter_that_waits_gets_the_item_that_comes():
    q = queue.LifoQueue(1)
    getters = [blocked(q.get), blocked(q.get)]
    for number, getter in enumerate(getters):
        q.put(number)
        assert getter.result() == number


def test_a_putter_that_waits_puts_its_item_on_top():
    q = queue.LifoQueue(2)
    q.put(1)
    q.put(2)
    putter = blocked(q.put, 3)
    assert q.get() == 2
    putter.result()
    assert q.queue == [1, 3]
    assert [q.get(), q.get()] == [3, 1]


@pytest.mark.parametrize("maxsize", [0, 1, 7])
def test_a_full_queue_is_full_at_its_bound(maxsize):
    q = queue.LifoQueue(maxsize)
    for number in range(maxsize or 50):
        q.put_nowait(number)
    assert q.full() == bool(maxsize)
