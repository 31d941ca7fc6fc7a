"""Programs that use a queue beyond its methods: its mutex, its items and its conditions."""

import heapq

import pytest
from support.target import queue
from support.workers import blocked, start

KINDS = ["Queue", "LifoQueue", "PriorityQueue"]


@pytest.fixture(params=KINDS)
def cls(request):
    return getattr(queue, request.param)


@pytest.fixture
def q(cls):
    q = cls()
    for number in (1, 2, 3):
        q.put(number)
    return q


def test_clearing_the_items_under_the_mutex(q):
    with q.mutex:
        q.queue.clear()
    assert (q.qsize(), q.empty(), q.unfinished_tasks) == (0, True, 3)
    q.put(4)
    assert q.get() == 4


def test_clearing_items_and_tasks_lets_joiners_go(q):
    joiner = blocked(q.join)
    with q.mutex:
        q.queue.clear()
        q.unfinished_tasks = 0
        q.all_tasks_done.notify_all()
    assert joiner.result() is None


def test_clearing_a_full_queue_lets_putters_in(cls):
    q = cls(2)
    q.put(1)
    q.put(2)
    putters = [blocked(q.put, number) for number in (3, 4)]
    with q.mutex:
        q.queue.clear()
        q.not_full.notify_all()
    for putter in putters:
        putter.result()
    assert sorted(q.queue) == [3, 4]


def test_an_item_may_be_pushed_in_front():
    q = queue.Queue()
    q.put("second")
    with q.mutex:
        q.queue.insert(0, "first")
        q.queue.appendleft("zeroth")
    assert [q.get() for _ in range(3)] == ["zeroth", "first", "second"]


def test_an_item_may_be_removed(q):
    with q.mutex:
        q.queue.remove(2)
    assert q.qsize() == 2
    assert sorted([q.get(), q.get()]) == [1, 3]
    with pytest.raises(ValueError), q.mutex:
        q.queue.remove(2)


def test_items_may_be_read(q):
    assert list(q.queue) == [1, 2, 3]
    assert len(q.queue) == 3
    assert q.queue[0] == 1
    assert q.queue[-1] == 3
    assert 2 in q.queue
    assert 5 not in q.queue
    assert [item * 2 for item in q.queue] == [2, 4, 6]
    assert sorted(q.queue, reverse=True) == [3, 2, 1]
    assert q.queue.count(2) == 1
    assert bool(q.queue)


def test_the_items_stay_the_same_object_through_puts_and_gets(q):
    items = q.queue
    q.put(4)
    assert list(items) == [1, 2, 3, 4]
    q.get()
    q.get()
    assert items is q.queue
    assert len(items) == 2
    q.put(9)
    assert 9 in items


def test_items_may_be_replaced(q):
    q.queue = type(q.queue)([7])
    assert q.qsize() == 1
    assert q.get() == 7
    assert q.empty()


def test_items_may_be_added_behind_the_back_of_the_queue(q):
    with q.mutex:
        q.queue.extend([8, 9])
    assert q.qsize() == 5
    assert sorted(q.get() for _ in range(5)) == [1, 2, 3, 8, 9]


def test_a_priority_queue_may_be_put_in_order_by_hand():
    q = queue.PriorityQueue()
    q.queue.extend([5, 1, 4, 2, 3])
    with q.mutex:
        heapq.heapify(q.queue)
    q.put(0)
    assert [q.get() for _ in range(6)] == [0, 1, 2, 3, 4, 5]


def test_a_stack_may_be_sorted_by_hand():
    q = queue.LifoQueue()
    for item in "cab":
        q.put(item)
    with q.mutex:
        q.queue.sort()
    assert [q.get() for _ in range(3)] == ["c", "b", "a"]


def test_an_item_added_by_hand_reaches_a_waiting_getter_with_its_notification(cls):
    q = cls()
    getter = blocked(q.get)
    with q.mutex:
        q.queue.append("by hand")
        q.not_empty.notify()
    assert getter.result() == "by hand"


def test_an_item_added_by_hand_is_seen_by_a_getter_that_another_put_wakes():
    q = queue.Queue()
    getter = blocked(q.get)
    with q.mutex:
        q.queue.append("by hand")
    q.put("after it")
    assert getter.result() == "by hand"
    assert q.get() == "after it"


def test_a_slot_made_by_hand_is_seen_by_a_putter_with_its_notification(cls):
    q = cls(1)
    q.put(1)
    putter = blocked(q.put, 2)
    with q.not_full:
        assert q._get() == 1
        q.not_full.notify()
    putter.result()
    assert q.get() == 2


def test_while_the_mutex_is_held_every_operation_waits(q):
    with q.mutex:
        calls = [q.qsize, q.empty, q.full, q.get, q.task_done, q.join]
        workers = [blocked(call) for call in calls] + [blocked(q.put, 4)]
        assert list(q.queue) == [1, 2, 3]
    for worker in workers[:-2]:
        worker.result()
    workers[-1].result()
    assert q.qsize() == 3
    for _ in range(3):
        q.task_done()
    workers[-2].result()


def test_the_mutex_is_free_while_threads_wait(cls):
    q = cls(1)
    getter = blocked(q.get)
    assert q.mutex.acquire(False)
    q.mutex.release()
    q.put(1)
    getter.result()
    q.put(2)
    putter = blocked(q.put, 3)
    assert q.mutex.acquire(False)
    q.mutex.release()
    assert q.get() == 2
    putter.result()


def take_by_hand(q, timeout=None):
    with q.not_empty:
        while not q._qsize():
            if not q.not_empty.wait(timeout):
                return None
        item = q._get()
        q.not_full.notify()
        return item


def test_waiting_by_hand_for_an_item(cls):
    q = cls()
    assert take_by_hand(q, 0.01) is None
    taker = blocked(take_by_hand, q)
    q.put(1)
    assert taker.result() == 1
    assert q.empty()


def test_waiting_by_hand_and_by_get_take_turns(cls):
    q = cls()
    assert take_by_hand(q, 0.001) is None
    waiters = [
        blocked(q.get),
        blocked(take_by_hand, q),
        blocked(q.get),
        blocked(take_by_hand, q),
    ]
    for number, waiter in enumerate(waiters):
        q.put(number)
        assert waiter.result() == number
    assert q.empty()


def test_threads_that_wait_when_the_first_by_hand_arrives_all_get_their_item(cls):
    q = cls()
    waiters = [blocked(q.get), blocked(q.get), blocked(take_by_hand, q), blocked(q.get)]
    for number in range(4):
        q.put(number)
    assert sorted(waiter.result() for waiter in waiters) == [0, 1, 2, 3]
    assert q.empty()


def test_tasks_are_counted_after_the_parts_were_read(cls):
    q = cls()
    q.put(1)
    with q.mutex:
        assert len(q.queue) == 1
    q.put(2)
    joiner = blocked(q.join)
    for left in (1, 0):
        q.task_done()
        assert q.unfinished_tasks == left
    joiner.result()
    with pytest.raises(ValueError, match="too many times"):
        q.task_done()


def test_an_item_taken_by_hand_lets_a_putter_in(cls):
    q = cls(1)
    q.put(1)
    putter = blocked(q.put, 2)
    assert take_by_hand(q) == 1
    putter.result()
    assert take_by_hand(q) == 2


def test_waiting_by_hand_for_room(cls):
    q = cls(1)
    q.put(1)

    def put_by_hand(item):
        with q.not_full:
            while q._qsize() >= q.maxsize:
                q.not_full.wait()
            q._put(item)
            q.unfinished_tasks += 1
            q.not_empty.notify()

    putter = blocked(put_by_hand, 2)
    assert q.get() == 1
    putter.result()
    assert q.get() == 2
    assert q.unfinished_tasks == 2


def test_waiting_by_hand_for_all_tasks(cls):
    q = cls()
    q.put(1)

    def join(timeout):
        with q.all_tasks_done:
            while q.unfinished_tasks:
                if not q.all_tasks_done.wait(timeout):
                    return False
        return True

    assert join(0.01) is False
    joiner = blocked(join, 60)
    q.get()
    q.task_done()
    assert joiner.result() is True


def test_unfinished_tasks_may_be_set_by_hand(q):
    q.unfinished_tasks = 1
    q.task_done()
    assert q.join() is None
    q.unfinished_tasks += 1
    joiner = blocked(q.join)
    q.task_done()
    joiner.result()


def test_idioms_and_methods_race_without_losing_an_item():
    q = queue.Queue(4)
    taken, count = [], 400

    def produce(first):
        for number in range(first, first + count):
            q.put(number)

    def consume(take):
        def loop():
            while (item := take()) is not None:
                taken.append(item)

        return loop

    consumers = [start(consume(q.get)), start(consume(lambda: take_by_hand(q)))]
    producers = [start(produce, 0), start(produce, count)]
    for producer in producers:
        while not producer.finished:
            with q.mutex:
                list(q.queue)
                q.queue.rotate(1)
                q.not_empty.notify_all()
                q.not_full.notify_all()
        producer.result()
    for _ in consumers:
        q.put(None)
    for consumer in consumers:
        consumer.result()
    taken += [item for item in q.queue if item is not None]
    assert sorted(taken) == list(range(2 * count))
