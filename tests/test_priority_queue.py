"""`queue.PriorityQueue`: the smallest item first, whatever its comparison does."""

import functools
import heapq
import itertools
import random

import pytest
from support.differ import outcome
from support.target import ours_only, queue, std_queue, std_threading
from support.workers import blocked, start, until


class Item:
    """Compares by `rank` alone, and may run an action while it compares."""

    def __init__(self, rank, label=None, during=None):
        self.rank, self.label, self.during = rank, label, during

    def __lt__(self, other):
        for item in (self, other):
            if item.during is not None:
                item.during()
        return self.rank < other.rank

    def __repr__(self):
        return f"<{self.rank} {self.label}>"


def fail():
    raise ZeroDivisionError("no order")


def drain(q):
    return [q.get_nowait() for _ in range(q.qsize())]


@pytest.mark.parametrize("size", [1, 2, 10, 300])
def test_items_come_out_smallest_first(size):
    q = queue.PriorityQueue()
    numbers = random.Random(size).sample(range(size), size)
    for number in numbers:
        q.put(number)
    assert isinstance(q.queue, list)
    assert drain(q) == sorted(numbers)


def test_pairs_are_ordered_by_priority_and_then_by_data():
    q = queue.PriorityQueue()
    for pair in [(2, "b"), (1, "z"), (2, "a"), (0, "m")]:
        q.put(pair)
    assert drain(q) == [(0, "m"), (1, "z"), (2, "a"), (2, "b")]


def test_equal_items_come_out_as_from_the_standard_queue():
    chance = random.Random(3)
    ours, standard, heap = queue.PriorityQueue(), std_queue.PriorityQueue(), []
    for number in range(3000):
        if chance.random() < 0.55:
            item = Item(chance.randrange(5), number)
            ours.put(item)
            standard.put(item)
            heapq.heappush(heap, item)
        elif heap:
            item = heapq.heappop(heap)
            assert ours.get() is item
            assert standard.get() is item
        assert ours.queue == heap


@pytest.mark.parametrize(
    "items",
    [
        [1.5, 1, True, 2**70, -0.0],
        ["b", "a", "ab", ""],
        [(1, "a"), (1, "a"), (0,)],
        [b"b", b"a"],
        [frozenset({1}), frozenset({1, 2}), frozenset()],
    ],
)
def test_items_of_any_ordered_type_come_out_as_from_a_heap(items):
    q, heap = queue.PriorityQueue(), []
    for item in items:
        q.put(item)
        heapq.heappush(heap, item)
    assert [repr(item) for item in drain(q)] == [
        repr(heapq.heappop(heap)) for _ in range(len(heap))
    ]


@pytest.mark.parametrize(
    "items", [(1, "a"), (None, None), ((1, {}), (1, {})), (object(), 1), (1j, 2j)]
)
def test_items_without_an_order_raise_as_in_the_standard_queue(items):
    outcomes = []
    for module in (std_queue, queue):
        q = module.PriorityQueue()
        q.put(items[0])
        outcomes.append(outcome(q.put, items[1]))
    assert outcomes[0] == outcomes[1]


def test_a_single_item_is_never_compared():
    q = queue.PriorityQueue()
    item = Item(1, during=fail)
    q.put(item)
    assert q.get() is item


def test_only_less_than_is_asked():
    class Least:
        """Knows `<` and refuses everything else."""

        def __init__(self, rank):
            self.rank = rank

        def __lt__(self, other):
            return self.rank < other.rank

        def __eq__(self, other):
            raise AssertionError

        __gt__ = __le__ = __ge__ = __eq__
        __hash__ = None

    q = queue.PriorityQueue()
    for rank in (3, 1, 2):
        q.put(Least(rank))
    assert [item.rank for item in drain(q)] == [1, 2, 3]


@functools.total_ordering
class Truthy:
    """An item whose comparison returns an object that is no bool."""

    def __init__(self, rank):
        self.rank = rank

    def __eq__(self, other):
        return self.rank == other.rank

    def __lt__(self, other):
        return ["less"] if self.rank < other.rank else ""

    __hash__ = None


def test_a_comparison_may_return_any_truth():
    q = queue.PriorityQueue()
    for rank in (3, 1, 2):
        q.put(Truthy(rank))
    assert [item.rank for item in drain(q)] == [1, 2, 3]


def test_an_exception_of_a_comparison_reaches_the_caller_and_frees_the_mutex():
    q = queue.PriorityQueue()
    q.put(Item(1))
    with pytest.raises(ZeroDivisionError, match="no order"):
        q.put(Item(0, during=fail))
    assert not q.mutex.locked()
    assert q.unfinished_tasks == 1


@ours_only
@pytest.mark.parametrize("size", [1, 2, 7, 30])
def test_a_put_whose_comparison_raises_leaves_the_queue_as_it_was(size):
    q = queue.PriorityQueue()
    for rank in range(size):
        q.put(Item(rank))
    before = list(q.queue)
    for nth in range(1, 6):
        bad = Item(-1, during=countdown(nth))
        try:
            q.put(bad)
        except ZeroDivisionError:
            assert q.queue == before
            assert (q.unfinished_tasks, q.qsize()) == (size, size)
            assert not q.mutex.locked()
        else:
            assert q.get() is bad
            q.task_done()
            break
    assert [item.rank for item in drain(q)] == list(range(size))


@ours_only
@pytest.mark.parametrize("size", [3, 4, 8, 30])
def test_a_get_whose_comparison_raises_leaves_the_queue_as_it_was(size):
    for nth in range(1, 12):
        q, during = queue.PriorityQueue(), countdown(nth)
        for rank in range(size):
            q.put(Item(rank))
        for item in q.queue:
            item.during = during
        before = list(q.queue)
        try:
            q.get()
        except ZeroDivisionError:
            assert q.queue == before
            assert q.qsize() == size
            assert not q.mutex.locked()
            for item in q.queue:
                item.during = None
            assert [item.rank for item in drain(q)] == list(range(size))
        else:
            assert nth > 1


def countdown(n):
    """A function that fails at its n-th call."""
    left = [n]

    def tick():
        left[0] -= 1
        if left[0] == 0:
            fail()

    return tick


@ours_only
def test_a_putter_that_waited_and_whose_comparison_raises_leaves_its_slot_to_the_next():
    q = queue.PriorityQueue(2)
    q.put(Item(1))
    q.put(Item(2))
    bad = blocked(q.put, Item(0, during=fail))
    good = blocked(q.put, Item(3))
    assert q.get().rank == 1
    with pytest.raises(ZeroDivisionError):
        bad.result()
    good.result()
    assert [item.rank for item in drain(q)] == [2, 3]


def test_a_comparison_may_wait_for_a_thread_that_uses_another_queue():
    q, other, reached, go = (
        queue.PriorityQueue(),
        queue.PriorityQueue(),
        std_threading.Event(),
        std_threading.Event(),
    )

    def wait():
        reached.set()
        assert go.wait(10)

    q.put(Item(2))
    putter = start(q.put, Item(1, during=wait))
    assert reached.wait(10)
    for number in (2, 1, 3):
        other.put(number)
    assert drain(other) == [1, 2, 3]
    go.set()
    putter.result()
    assert [item.rank for item in drain(q)] == [1, 2]


def test_while_a_comparison_waits_other_threads_wait_for_their_turn_and_lose_nothing():
    q, reached, go = queue.PriorityQueue(), std_threading.Event(), std_threading.Event()

    def wait():
        reached.set()
        assert go.wait(10)

    q.put(Item(2))
    slow = start(q.put, Item(1, during=wait))
    assert reached.wait(10)
    others = [start(q.put, Item(rank)) for rank in (4, 3)]
    go.set()
    for worker in [slow, *others]:
        worker.result()
    for item in q.queue:
        item.during = None
    assert [item.rank for item in drain(q)] == [1, 2, 3, 4]


@ours_only
@pytest.mark.parametrize("when", ["put", "get"])
def test_a_comparison_may_use_the_queue_itself(when):
    def use():
        if len(log) < 5:
            log.append(q.qsize())
            q.put(Item(100 + len(log)))
            if len(log) % 2:
                taken.append(q.get_nowait())

    def work():
        for rank in (3, 1, 2):
            q.put(Item(rank, during=use if when == "put" else None))
        if when == "get":
            for item in q.queue:
                item.during = use
        taken.append(q.get())

    q, log, taken = queue.PriorityQueue(), [], []
    start(work).result()
    assert len(log) >= 1
    assert not q.mutex.locked()
    for item in q.queue + taken:
        item.during = None
    left = start(drain, q).result()
    ranks = sorted(item.rank for item in left + taken)
    assert ranks == [1, 2, 3] + [101 + n for n in range(len(log))]


@ours_only
def test_a_comparison_may_read_the_queue_itself():
    q, seen = queue.PriorityQueue(10), []

    def look():
        seen.append((q.qsize() in (1, 2), q.empty(), q.full(), q.unfinished_tasks))

    def work():
        q.put(Item(2))
        q.put(Item(1, during=look))

    start(work).result()
    assert seen
    assert all(fine and not empty and not full for fine, empty, full, _ in seen)
    assert q.qsize() == 2


def test_getters_that_wait_are_woken_one_by_one():
    q = queue.PriorityQueue()
    getters = [blocked(q.get) for _ in range(3)]
    for rank in (5, 4, 6):
        q.put(rank)
    assert sorted(getter.result() for getter in getters) == [4, 5, 6]


def test_putters_that_wait_bring_their_items_in_order():
    q = queue.PriorityQueue(1)
    q.put(5)
    putters = [blocked(q.put, rank) for rank in (9, 1)]
    assert q.get() == 5
    putters[0].result()
    assert q.get() == 9
    putters[1].result()
    assert q.get() == 1


@ours_only
def test_slow_comparisons_in_many_threads_lose_nothing():
    q, count = queue.PriorityQueue(8), 40
    pause = std_threading.Event()

    def produce(first):
        for rank in range(first, first + count):
            q.put(Item(rank, during=lambda: pause.wait(0.0001)))

    def consume():
        return [q.get().rank for _ in range(count)]

    getters = [start(consume) for _ in range(3)]
    putters = [start(produce, n * count) for n in range(3)]
    for putter in putters:
        putter.result()
    got = [getter.result() for getter in getters]
    assert sorted(itertools.chain(*got)) == list(range(3 * count))
    until(q.empty)
