"""References that a call leaves behind in a `ThreadPoolExecutor`: a `__del__` or a callback there
may wait for another call of the pool.
"""

import queue
import threading

import pytest
from support.pools import busy, futures, left_by_destructor
from support.target import FREE_THREADED, ours_only

Pool = futures.ThreadPoolExecutor
# The limit for immediate events; only a hang takes longer.
LIMIT = 10


class _NeedsAnother:
    """Submits another call to the pool when it is deleted, and waits for that."""

    def __init__(self, pool, served):
        self._pool, self._served = pool, served

    def __del__(self):
        _need_another(self._pool, self._served)


def _need_another(pool, served):
    try:
        served.put(pool.submit(abs, -1).result(LIMIT))
    except BaseException as error:  # noqa: BLE001 - the test sees it
        served.put(error)


def _pool_with_a_free_worker():
    """A pool with an idle worker that may start a second one, and the queue for the outcomes of the
    calls.
    """
    pool = Pool(2)
    pool.submit(int).result()
    return pool, queue.SimpleQueue()


def _result(pool, served):
    pool.submit(_NeedsAnother, pool, served)


def _exception(pool, served):
    def fail():
        raise ValueError(_NeedsAnother(pool, served))

    pool.submit(fail)


def _local_of_a_traceback(pool, served):
    def fail():
        kept = _NeedsAnother(pool, served)
        raise ValueError(str(id(kept)))

    pool.submit(fail)


def _argument(pool, served):
    pool.submit(id, _NeedsAnother(pool, served))


def _keyword_argument(pool, served):
    pool.submit(dict, kept=_NeedsAnother(pool, served))


def _callback(pool, served):
    go = threading.Event()
    called = pool.submit(go.wait)
    called.add_done_callback(lambda _: _need_another(pool, served))
    go.set()


def _result_after_a_callback(pool, served):
    go = threading.Event()

    def make():
        go.wait()
        return _NeedsAnother(pool, served)

    pool.submit(make).add_done_callback(lambda _: None)
    go.set()


def _disposed_in_time(test):
    """Keeps a test for pools that free what only they refer to.

    Without the interpreter lock, the standard pool leaves that to the thread that created it, which
    may do it inside `submit`, under the pool's lock.
    """
    return ours_only(test) if FREE_THREADED else test


@_disposed_in_time
@pytest.mark.parametrize(
    "leave",
    [
        _result,
        _exception,
        _local_of_a_traceback,
        _argument,
        _keyword_argument,
        _callback,
        _result_after_a_callback,
    ],
)
def test_what_a_call_leaves_behind_may_wait_for_another_call(leave):
    pool, served = _pool_with_a_free_worker()
    leave(pool, served)
    assert left_by_destructor(served, pool, 2 * LIMIT) == 1
    pool.shutdown()
    assert served.empty()


@_disposed_in_time
def test_a_call_of_others_finds_a_worker_while_one_disposes_of_a_result():
    submitted, begun, go = (threading.Event() for _ in range(3))

    class Slow:
        def __del__(self):
            begun.set()
            go.wait(2 * LIMIT)

    def make():
        submitted.wait(LIMIT)
        return Slow()

    pool, _ = _pool_with_a_free_worker()
    pool.submit(make)
    submitted.set()
    assert begun.wait(LIMIT)
    assert pool.submit(abs, -1).result(LIMIT) == 1
    go.set()
    pool.shutdown()


@_disposed_in_time
def test_a_worker_has_no_call_in_hand_while_it_disposes_of_a_result():
    served, calls = queue.SimpleQueue(), queue.SimpleQueue()

    class NeedsTheNext:
        def __del__(self):
            try:
                served.put(calls.get(timeout=LIMIT).result(LIMIT))
            except BaseException as error:  # noqa: BLE001 - the test sees it
                served.put(error)

    def make():
        go.wait()
        return NeedsTheNext()

    go = threading.Event()
    pool, _ = _pool_with_a_free_worker()
    with busy(pool):
        pool.submit(make)
        # The call is already in the queue when the other worker ends; the busy worker comes to it.
        calls.put(pool.submit(abs, -1))
        go.set()
    assert left_by_destructor(served, pool, 2 * LIMIT) == 1
    pool.shutdown()


@_disposed_in_time
def test_no_worker_is_lost_to_a_future_that_is_dropped_as_its_call_ends():
    pool, served = _pool_with_a_free_worker()
    for n in range(600):
        future = pool.submit(_NeedsAnother, pool, served)
        if n % 3:
            future.exception()
        del future
        assert left_by_destructor(served, pool, 2 * LIMIT) == 1
    pool.shutdown()


@ours_only
def test_a_result_goes_with_its_last_reference_and_the_worker_keeps_nothing():
    threads = queue.SimpleQueue()

    class Tells:
        def __del__(self):
            threads.put(threading.current_thread())

    pool, _ = _pool_with_a_free_worker()
    for _ in range(200):
        pool.submit(Tells).result()
        thread = threads.get(timeout=LIMIT)
        # Without the lock, the worker may still be about to drop the future.
        assert FREE_THREADED or thread is threading.current_thread()
    pool.shutdown()
