"""`concurrent.futures.ThreadPoolExecutor`: calls, workers, shutdown."""

import contextlib
import gc
import sys
import threading
import weakref

import pytest
from support.differ import outcome
from support.pools import MODULES, busy, futures, std_futures
from support.target import FREE_THREADED, STANDARD, ours_only
from support.workers import asleep, blocked, run_all, start, until

Pool = futures.ThreadPoolExecutor


def _raise(error):
    raise error


CALLS = {
    "submit": lambda p: p.submit(pow, 2, 8).result(),
    "submit by keyword": lambda p: p.submit(dict, a=1, fn=2, self=3).result(),
    "submit without a function": lambda p: p.submit(),
    "submit what cannot be called": lambda p: p.submit(None).result(),
    "submit what raises": lambda p: p.submit(divmod, 1, 0).result(),
    "submit what raises SystemExit": lambda p: p.submit(sys.exit, 3).result(),
    "submit what raises KeyboardInterrupt": lambda p: p.submit(
        _raise, KeyboardInterrupt("k")
    ).result(),
    "the exception": lambda p: p.submit(divmod, 1, 0).exception(),
    "after SystemExit": lambda p: (
        p.submit(sys.exit, 3).exception(),
        p.submit(pow, 2, 8).result(),
    ),
    "map": lambda p: list(p.map(pow, range(5), range(5))),
    "map, uneven": lambda p: list(p.map(pow, range(5), range(3))),
    "map of nothing": lambda p: list(p.map(pow, [], [])),
    "map without iterables": lambda p: list(p.map(pow)),
    "map of what is not iterable": lambda p: p.map(abs, 3),
    "map in chunks": lambda p: list(p.map(abs, range(10), chunksize=3)),
    "map that raises": lambda p: list(p.map(divmod, [1, 2], [1, 0])),
    "map that raises, taken by hand": lambda p: [
        outcome(next, results)
        for results in [p.map(divmod, [1, 2, 3], [1, 0, 1])]
        for _ in range(4)
    ],
    "map within a time": lambda p: list(p.map(abs, range(10), timeout=60)),
    "shutdown": lambda p: p.shutdown(),
    "shutdown without waiting": lambda p: p.shutdown(False),
    "shutdown twice": lambda p: (p.shutdown(), p.shutdown(wait=True)),
    "shutdown by position": lambda p: p.shutdown(True, True),
    "submit after shutdown": lambda p: (p.shutdown(), p.submit(abs, 1)),
    "map after shutdown": lambda p: (p.shutdown(), p.map(abs, [1])),
    "used by with": lambda p: p.__enter__() is p and p.__exit__(None, None, None),
    "broken": lambda p: (setattr(p, "_broken", "why"), p.submit(abs, 1)),
    "number of workers": lambda p: (p._max_workers, len(p._threads)),
    "prefix of the names": lambda p: p._thread_name_prefix,
    "name of the thread": lambda p: p.submit(
        lambda: threading.current_thread().name
    ).result(),
    "daemon": lambda p: p.submit(lambda: threading.current_thread().daemon).result(),
}


@pytest.mark.parametrize("case", CALLS)
def test_a_pool_answers_as_the_standard_one(case):
    told = []
    for module in MODULES:
        pool = module.ThreadPoolExecutor(2, "names")
        told.append(outcome(CALLS[case], pool))
        pool.shutdown()
    assert told[0] == told[1]


@pytest.mark.parametrize(
    "make",
    [
        lambda cls: cls(0),
        lambda cls: cls(-1),
        lambda cls: cls("2"),
        lambda cls: cls(2, initializer=3),
        lambda cls: cls(max_workers=2.5)._max_workers,
        lambda cls: cls()._max_workers,
        lambda cls: cls(None)._max_workers,
    ],
)
def test_arguments_are_taken_or_refused_as_by_the_standard_one(make):
    standard, ours = [outcome(make, m.ThreadPoolExecutor) for m in MODULES]
    assert ours == standard


def test_a_pool_is_a_standard_pool():
    assert issubclass(Pool, std_futures.ThreadPoolExecutor)
    assert issubclass(Pool, futures.Executor)
    assert repr(Pool) == "<class 'concurrent.futures.thread.ThreadPoolExecutor'>"
    for name in ("submit", "map", "shutdown", "__init__"):
        assert getattr(Pool, name).__doc__, name


def test_calls_begin_in_the_order_of_submission():
    order = []
    with Pool(1) as pool, busy(pool):
        for n in range(100):
            pool.submit(order.append, n)
    assert order == list(range(100))


@pytest.mark.parametrize("wait", [True, False])
def test_shutdown_lets_finish_what_was_submitted(wait):
    pool, done = Pool(2), []
    with busy(pool, 2):
        left = [pool.submit(done.append, n) for n in range(50)]
        if not wait:
            pool.shutdown(wait=False)
    if wait:
        pool.shutdown()
        assert len(done) == 50
    futures.wait(left)
    assert sorted(done) == list(range(50))
    for thread in pool._threads:
        thread.join()


def test_shutdown_waits_for_the_workers():
    pool = Pool(2)
    with busy(pool, 2):
        ending = blocked(pool.shutdown)
        with pytest.raises(RuntimeError, match="after shutdown"):
            pool.submit(abs, 1)
    ending.result()
    assert not any(thread.is_alive() for thread in pool._threads)


def test_shutdown_may_cancel_calls_that_have_not_begun():
    pool, done = Pool(2), []
    with busy(pool, 2):
        left = [pool.submit(done.append, n) for n in range(50)]
        pool.shutdown(wait=False, cancel_futures=True)
        assert all(f.cancelled() for f in left)
    pool.shutdown()
    assert done == []


@ours_only
def test_a_cancelling_shutdown_wakes_the_waiters_for_several():
    pool = Pool(1)
    with busy(pool):
        left = [pool.submit(abs, n) for n in range(20)]
        waiters = [
            blocked(lambda: futures.wait(left).done),
            blocked(lambda: set(futures.as_completed(left))),
            blocked(lambda: std_futures.wait(left).done),
        ]
        pool.shutdown(wait=False, cancel_futures=True)
        for waiter in waiters:
            assert waiter.result() == set(left)


@ours_only
def test_callbacks_of_a_cancelling_shutdown_may_use_the_pool():
    pool, told = Pool(1), []
    with busy(pool):
        left = pool.submit(abs, 1)
        left.add_done_callback(lambda f: told.append(outcome(pool.submit, abs, 1)))
        start(pool.shutdown, False, cancel_futures=True).result()
    assert "cannot schedule new futures after shutdown" in str(told)


def test_a_cancelled_call_is_not_made_and_its_place_is_free_again():
    done = []
    with Pool(1) as pool:
        with busy(pool):
            left = [pool.submit(done.append, n) for n in range(10)]
            assert all(f.cancel() for f in left[::2])
        pool.submit(abs, 1).result()
        assert done == [1, 3, 5, 7, 9]
        with busy(pool):
            assert len(pool._threads) == 1


def test_a_lost_pool_ends_its_workers():
    pool = Pool(3)
    with busy(pool, 3):
        threads = list(pool._threads)
    del pool
    gc.collect()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()


def test_a_lost_pool_makes_the_calls_that_it_was_given():
    pool, done = Pool(1), []
    with busy(pool):
        left = [pool.submit(done.append, n) for n in range(10)]
        del pool
        gc.collect()
    futures.wait(left)
    assert done == list(range(10))


class Thing:
    """An object that takes weak references."""


@pytest.mark.parametrize("fails", [False, True])
def test_an_idle_pool_keeps_nothing_of_a_call(fails):
    def call(thing, other):
        if fails:
            raise ValueError(thing)
        return thing, other

    with Pool(1) as pool:
        things = [Thing(), Thing()]
        dead = [weakref.ref(thing) for thing in things]
        future = pool.submit(call, things[0], other=things[1])
        del things
        assert bool(future.exception()) == fails
        del future
        if FREE_THREADED and STANDARD:
            # Its worker is left with the result until it runs Python code again.
            pool.submit(int).result()
        (thread,) = pool._threads
        asleep(thread)
        if fails:
            # The traceback holds the worker's frame, which holds no reference to the call.
            gc.collect()
        assert [ref() for ref in dead] == [None, None]


def test_a_finished_call_keeps_its_result_and_not_its_arguments():
    with Pool(1) as pool:
        thing = Thing()
        dead = weakref.ref(thing)
        future = pool.submit(lambda given: 1, thing)
        del thing
        assert future.result() == 1
        asleep(*pool._threads)
        assert dead() is None


def test_a_call_may_submit_another_and_wait_for_it():
    with Pool(2) as pool:
        for _ in range(100):
            assert pool.submit(lambda: pool.submit(abs, -1).result()).result() == 1
        assert len(pool._threads) <= 2


@ours_only
def test_a_callback_may_submit_to_its_own_pool_and_wait():
    with Pool(2) as pool:
        for _ in range(100):
            got = futures.Future()
            first = pool.submit(abs, -1)
            first.add_done_callback(
                lambda f, got=got: got.set_result(pool.submit(abs, -2).result(20))
            )
            assert got.result(20) == 2


def test_a_worker_that_a_callback_has_ended_is_not_counted_as_free(caplog):
    for module in MODULES:
        pool, gate = module.ThreadPoolExecutor(2), threading.Event()
        future = pool.submit(gate.wait)
        future.add_done_callback(lambda f: _raise(SystemExit))
        gate.set()
        (thread,) = pool._threads
        thread.join(20)
        assert "Exception in worker" in caplog.text
        assert pool.submit(abs, -3).result(20) == 3
        pool.shutdown()


def test_a_worker_that_found_its_future_settled_is_not_counted_as_free(caplog):
    for module in MODULES:
        pool, gate = module.ThreadPoolExecutor(2), threading.Event()
        future = pool.submit(gate.wait)
        until(future.running)
        future.set_result("mine")
        gate.set()
        (thread,) = pool._threads
        thread.join(20)
        assert future.result() == "mine"
        assert pool.submit(abs, -3).result(20) == 3
        pool.shutdown()


def test_many_threads_may_submit_at_once():
    with Pool(4) as pool:

        def submit(first):
            return [pool.submit(abs, -n) for n in range(first, first + 500)]

        got = run_all(*[lambda n=n: submit(500 * n) for n in range(6)])
        assert [f.result() for part in got for f in part] == list(range(3000))
        assert len(pool._threads) <= 4
        with busy(pool, 4):
            assert len(pool._threads) == 4


def test_concurrent_shutdown_and_submissions_lose_nothing():
    for _ in range(30):
        pool, done, taken = Pool(2), [], []

        def submit(pool=pool, done=done, taken=taken):
            with contextlib.suppress(RuntimeError):
                for n in range(10_000):
                    taken.append(pool.submit(done.append, n))

        workers = [start(submit) for _ in range(2)]
        until(lambda done=done: len(done) > 5)
        pool.shutdown()
        for worker in workers:
            worker.result()
        assert all(f.done() for f in taken) and len(done) == len(taken)
