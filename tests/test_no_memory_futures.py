"""As `test_no_memory.py`, for futures, pools and timers; and programs that use up their memory."""

import logging

import pytest
from support.no_memory import needs_failures, refused, walk
from support.programs import run
from support.target import ours_only, threading
from weftline.concurrent import futures

Future = futures.Future


def done():
    future = Future()
    future.set_result(1000)
    return future


def failed():
    future = Future()
    future.set_exception(KeyError("on purpose"))
    return future


def cancelled():
    future = Future()
    future.cancel()
    return future


def with_callbacks():
    """A future that counts its callbacks."""
    future = Future()
    future.calls = []
    for _ in range(2):
        future.add_done_callback(lambda future: future.calls.append(future))
    return future


def inflated_future():
    future = Future()
    _ = future._condition
    return future


def can_end(future, _result, _failed):
    if not future.done():
        future.set_result(1)
        assert future.result() == 1


def calls_back(future, _result, _failed):
    future.set_result(1)
    assert future.calls == [future] * 2


def ignore(_future):
    pass


def of_futures():
    yield "make", lambda: None, lambda _: Future(), None
    yield "set_result", Future, lambda f: f.set_result(5), can_end
    error = KeyError("on purpose")
    yield "set_exception", Future, lambda f: f.set_exception(error), can_end
    again = refused(futures.InvalidStateError, lambda f: f.set_result(5))
    yield "set_result again", done, again, can_end
    yield "result", done, lambda f: f.result(timeout=1), None
    yield "result of an error", failed, refused(KeyError, lambda f: f.result()), None
    late = refused(futures.TimeoutError, lambda f: f.result(1e-4))
    yield "result in vain", Future, late, can_end
    gone = refused(futures.CancelledError, lambda f: f.result())
    yield "result of a cancelled one", cancelled, gone, None
    yield "exception", failed, lambda f: f.exception(), None
    yield "cancel", Future, lambda f: f.cancel(), can_end
    yield "callback", Future, lambda f: f.add_done_callback(ignore), can_end
    yield "late callback", done, lambda f: f.add_done_callback(ignore), None
    begin = lambda f: f.set_running_or_notify_cancel()
    yield "begin", Future, begin, can_end
    yield "repr", failed, repr, None
    yield "_state", Future, lambda f: f._state, can_end
    yield "_condition", with_callbacks, lambda f: f._condition, calls_back
    yield "_done_callbacks", with_callbacks, lambda f: f._done_callbacks, calls_back
    yield "inflated set_result", inflated_future, lambda f: f.set_result(1), None
    yield (
        "inflated callback",
        inflated_future,
        lambda f: f.add_done_callback(ignore),
        None,
    )


def some(count):
    def make():
        return [*(Future() for _ in range(count)), done()]

    return make


def ended(fs, _result, _failed):
    """Checks that a new wait for the futures works."""
    waited = futures.wait(fs, 0)
    assert len(waited.done) == 1
    for future in fs[:-1]:
        future.set_result(1)
    assert futures.wait(fs).done == set(fs)
    assert set(futures.as_completed(fs)) == set(fs)


def twice(fs):
    rest = fs
    for _ in range(2):
        rest = futures.wait(rest, 0, futures.FIRST_COMPLETED).not_done


def of_waits():
    yield "wait", some(300), lambda fs: futures.wait(fs, 1e-4), ended
    first = lambda fs: futures.wait(fs, return_when=futures.FIRST_COMPLETED)
    yield "wait for the first", some(30), first, ended
    yield "loop of waits", some(300), twice, ended
    late = refused(futures.TimeoutError, lambda fs: list(futures.as_completed(fs, 0)))
    yield "as_completed", some(3), late, ended


@needs_failures
@pytest.mark.parametrize(
    ("make", "operation", "check"),
    [pytest.param(*case[1:], id=case[0]) for case in (*of_futures(), *of_waits())],
)
def test_a_future_ends_once_and_tells_every_waiter(make, operation, check):
    walk(make, operation, check)


@pytest.fixture
def pool(caplog):
    """A pool whose workers have started: in the standard library too, a thread without the memory
    to begin hangs its starter.
    """
    caplog.set_level(logging.CRITICAL + 1)
    both = threading.Barrier(2)
    with futures.ThreadPoolExecutor(2) as pool:
        futures.wait([pool.submit(both.wait, 30) for _ in range(2)])
        yield pool


@needs_failures
@pytest.mark.parametrize(
    "operation",
    [
        pytest.param(lambda pool: pool.submit(pow, 2, 5), id="submit"),
        pytest.param(lambda pool: pool.submit(int, "7", base=9), id="submit by name"),
        pytest.param(lambda pool: pool.map(abs, [1, 2, 3]), id="map"),
        pytest.param(
            lambda pool: list(pool.map(abs, [1, 2], timeout=60)), id="results"
        ),
    ],
)
def test_a_pool_runs_what_was_submitted_and_goes_on(pool, operation):
    def goes_on(pool, result, _failed):
        if isinstance(result, Future):
            # A task that cannot be called for want of memory ends with that error.
            assert isinstance(result.exception(30), (MemoryError, type(None)))
        assert [f.result(30) for f in [pool.submit(pow, 2, 3) for _ in range(4)]] == [
            8
        ] * 4

    walk(lambda: pool, operation, goes_on)


@needs_failures
@pytest.mark.parametrize("operation", ["start", "cancel", "__repr__", "is_alive"])
def test_a_timer_is_pending_or_it_is_not(operation):
    # Runs with weftline installed: without memory, the standard event that reports a thread's start
    # may stay locked.
    run(
        """
        import sys, weftline
        from support.no_memory import walk
        weftline.install()

        def make():
            timer = threading.Timer(1000, print)
            if sys.argv[1] != "start":
                timer.start()
            return timer

        def is_over(timer, _result, _failed):
            timer.cancel()
            if timer._started.is_set():
                timer.join(30)
                assert not timer.is_alive()
            assert timer not in threading.enumerate()

        walk(make, lambda timer: getattr(timer, sys.argv[1])(), is_over)
        """,
        operation,
        within=60,
    )


@ours_only
@pytest.mark.skipif("sys.platform != 'linux'", reason="needs RLIMIT_AS")
@pytest.mark.parametrize("kind", ["Queue", "LifoQueue", "PriorityQueue", "SimpleQueue"])
def test_a_queue_that_has_used_up_the_memory_goes_on(kind):
    run(
        """
        import sys
        from support import address_space
        q = getattr(queue, sys.argv[1])()
        n = 0
        address_space.limit()
        try:
            while True:
                q.put(1)
                n += 1
        except MemoryError:
            pass
        finally:
            address_space.unlimit()
        assert n <= q.qsize() <= n + 1, (n, q.qsize())
        for _ in range(q.qsize()):
            q.get_nowait()
        q.put("again")
        assert q.get() == "again"
        """,
        kind,
        within=60,
    )


@ours_only
@pytest.mark.skipif("sys.platform != 'linux'", reason="needs RLIMIT_AS")
def test_a_future_that_has_used_up_the_memory_calls_back_those_that_it_took():
    run(
        """
        from support import address_space
        from weftline.concurrent.futures import Future
        future, calls, taken = Future(), 0, 0

        def count(_):
            global calls
            calls += 1

        address_space.limit()
        try:
            while True:
                future.add_done_callback(count)
                taken += 1
        except MemoryError:
            pass
        finally:
            address_space.unlimit()
        future.set_result(None)
        assert taken <= calls <= taken + 1, (taken, calls)
        """,
        within=60,
    )
