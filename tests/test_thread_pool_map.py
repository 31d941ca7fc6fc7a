"""`ThreadPoolExecutor.map`: calls ahead of the results, in order, within bounds."""

import gc
import itertools
import threading
import weakref

import pytest
from support.pools import futures
from support.programs import run
from support.target import ours_before, ours_only
from support.workers import blocked

Pool = futures.ThreadPoolExecutor


def test_calls_are_submitted_before_a_result_is_asked_for():
    done = []
    pool = Pool(2)
    pool.map(done.append, range(10))
    pool.shutdown()
    assert sorted(done) == list(range(10))


def test_results_come_in_order_whichever_is_done_first():
    first = threading.Event()

    def call(n):
        if n == 0:
            first.wait()
        else:
            first.set()
        return n

    with Pool(2) as pool:
        assert list(pool.map(call, range(10))) == list(range(10))


class OnlyTheFirst:
    """A call that returns immediately for 0; for other numbers it is logged and waits at a gate."""

    def __init__(self):
        self.begun, self.gate, self.done = threading.Event(), threading.Event(), []

    def __call__(self, n):
        if n:
            self.begun.set()
            self.gate.wait()
            self.done.append(n)
        return n


def test_the_timeout_is_that_of_all_together_and_the_remaining_calls_are_cancelled():
    call = OnlyTheFirst()
    with Pool(1) as pool:
        results = pool.map(call, range(10), timeout=0.5)
        assert next(results) == 0
        assert call.begun.wait(20)
        with pytest.raises(TimeoutError):
            next(results)
        call.gate.set()
    assert call.done == [1]


def test_an_abandoned_iterator_cancels_the_remaining_calls():
    call = OnlyTheFirst()
    with Pool(1) as pool:
        results = pool.map(call, range(10))
        assert next(results) == 0
        assert call.begun.wait(20)
        results.close()
        call.gate.set()
    assert call.done == [1]


def test_a_result_that_was_taken_is_held_no_longer():
    class Thing:
        """An object that takes weak references."""

    with Pool(2) as pool:
        for thing in pool.map(lambda _: Thing(), range(10)):
            dead = weakref.ref(thing)
            del thing
            gc.collect()
            assert dead() is None


@ours_before(3, 14)
@pytest.mark.parametrize("size", [1, 2, 7, 50])
def test_no_more_calls_are_submitted_ahead_than_buffersize_says(size):
    taken = []

    def numbers():
        for n in range(30):
            taken.append(n)
            yield n

    with Pool(3) as pool:
        results = pool.map(abs, numbers(), buffersize=size)
        assert len(taken) == min(size, 30)
        for asked, number in enumerate(results, 1):
            assert number == asked - 1
            assert len(taken) == min(size + asked, 30)


@ours_before(3, 14)
def test_an_endless_iterable_may_be_mapped_with_a_buffersize():
    with Pool(2) as pool:
        results = pool.map(pow, itertools.count(), itertools.repeat(2), buffersize=4)
        assert list(itertools.islice(results, 100)) == [n * n for n in range(100)]
        results.close()


@ours_before(3, 14)
@pytest.mark.parametrize(
    ("size", "error", "text"),
    [
        (0, ValueError, "^buffersize must be None or > 0$"),
        (-1, ValueError, "^buffersize must be None or > 0$"),
        ("1", TypeError, "^buffersize must be an integer or None$"),
        (1.5, TypeError, "^buffersize must be an integer or None$"),
    ],
)
def test_a_buffersize_that_makes_no_sense_is_refused(size, error, text):
    with Pool(1) as pool, pytest.raises(error, match=text):
        pool.map(abs, [1], buffersize=size)


@ours_before(3, 14)
def test_the_thread_that_asks_for_results_asks_the_iterable():
    def numbers():
        for n in range(20):
            asked_by.add(threading.current_thread())
            yield n

    asked_by = set()
    with Pool(2) as pool:
        assert list(pool.map(abs, numbers(), buffersize=3)) == list(range(20))
    assert asked_by == {threading.current_thread()}


@ours_before(3, 14)
def test_an_iterable_that_raises_does_so_when_it_is_asked():
    def numbers():
        yield from range(3)
        raise KeyError("no more")

    with Pool(1) as pool:
        results = pool.map(abs, numbers(), buffersize=2)
        assert next(results) == 0
        with pytest.raises(KeyError, match="no more"):
            list(results)


@ours_before(3, 14)
def test_a_buffered_map_does_not_keep_its_pool_alive():
    pool = Pool(1)
    results = pool.map(abs, range(10), buffersize=2)
    dead = weakref.ref(pool)
    del pool
    gc.collect()
    assert dead() is None
    # As many results as submitted calls; none is lost.
    assert list(results) == [0, 1]


@ours_only
def test_a_long_map_with_a_buffersize_takes_constant_memory():
    grown = run(
        """
import gc, os
from support.pools import futures
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
with futures.ThreadPoolExecutor(2) as pool:
    results = pool.map(abs, range(1_000_000), buffersize=1000)
    for number, result in enumerate(results):
        assert number == result
        if number == 20_000:
            gc.collect()
            before = resident()
    assert number == 999_999
    gc.collect()
    print(resident() - before)
""",
        within=120,
    )
    assert int(grown) < 2_000_000


def test_a_map_whose_pool_is_shut_down_meanwhile_gives_what_was_submitted():
    pool, gate = Pool(1), threading.Event()
    results = pool.map(lambda n: gate.wait() and n, range(5))
    ending = blocked(pool.shutdown)
    gate.set()
    ending.result()
    assert list(results) == list(range(5))
