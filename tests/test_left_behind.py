"""A call of a pool or a future leaves no reference behind: to arguments, result, exception or
traceback. The collector is off.
"""

import asyncio
import contextlib
import logging
import threading

import pytest
from support.left_behind import (
    Failed,
    Thing,
    expect_nothing_left,
    fail,
    give,
    track,
)
from support.pools import busy, futures
from support.target import ours_only

Pool = futures.ThreadPoolExecutor
SITUATIONS = {}


def situation(function):
    SITUATIONS[function.__name__] = function
    return function


@pytest.fixture(autouse=True)
def silence():
    """Hides the messages that the tests log on purpose."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def pool():
    with Pool(2) as pool:
        pool.submit(int).result()
        yield pool


@situation
def result(pool):
    pool.submit(give, Thing()).result()


@situation
def result_that_raises(pool):
    with contextlib.suppress(Failed):
        pool.submit(fail, Thing()).result()


@situation
def result_that_raises_what_is_no_exception(pool):
    def leave(thing):
        raise KeyboardInterrupt(thing)

    with contextlib.suppress(KeyboardInterrupt):
        pool.submit(leave, Thing()).result()


@situation
def result_that_raises_with_a_cause(pool):
    def fail_twice(thing):
        try:
            fail(thing)
        except Failed as error:
            raise ValueError(thing) from error

    with contextlib.suppress(ValueError):
        pool.submit(fail_twice, Thing()).result()


@situation
def result_while_another_is_handled(pool):
    try:
        fail(Thing())
    except Failed:
        with contextlib.suppress(Failed):
            pool.submit(fail, Thing()).result()


@situation
def result_that_times_out(pool):
    go = threading.Event()
    with contextlib.suppress(TimeoutError):
        pool.submit(lambda _: go.wait() and None, Thing()).result(0)
    go.set()


@situation
def exception(pool):
    pool.submit(fail, Thing()).exception()


@situation
def a_cancelled_call(pool):
    with busy(pool, 2):
        future = pool.submit(give, Thing())
        future.cancel()
    with contextlib.suppress(futures.CancelledError):
        future.result()
    return future


@situation
def map_(pool):
    for _ in pool.map(give, [Thing(), Thing(), Thing()]):
        pass
    del _


@situation
def map_that_raises(pool):
    with contextlib.suppress(Failed):
        list(pool.map(fail, [Thing(), Thing()]))


@situation
def map_with_a_timeout_that_raises(pool):
    with contextlib.suppress(Failed):
        list(pool.map(fail, [Thing(), Thing()], timeout=60))


@situation
def map_that_raises_and_is_kept(pool):
    results = pool.map(fail, [Thing()])
    with contextlib.suppress(Failed):
        next(results)
    return results


@situation
def map_that_raises_after_a_result(pool):
    with contextlib.suppress(Failed):
        list(pool.map(lambda thing: thing and fail(thing), [None, Thing(), None]))


@situation
def map_that_times_out(pool):
    go = threading.Event()
    with contextlib.suppress(TimeoutError):
        list(pool.map(lambda _: go.wait() and None, [Thing(), Thing()], timeout=0))
    go.set()


@situation
def map_that_is_abandoned(pool):
    next(pool.map(give, [Thing(), Thing(), Thing()]))


@situation
def map_whose_arguments_raise(pool):
    def arguments():
        yield Thing()
        fail(Thing())

    with contextlib.suppress(Failed):
        pool.map(give, arguments())


@situation
def map_of_a_subclass_of_future(pool):
    class Other(Pool):
        def submit(self, *args):
            future = futures.Future()
            future.set_exception(Failed(args))
            return future

    with Other(1) as other, contextlib.suppress(Failed):
        list(other.map(fail, [Thing()]))


@situation
def as_completed(pool):
    for future in futures.as_completed([pool.submit(fail, Thing()) for _ in range(3)]):
        future.exception()
    del future


@situation
def as_completed_that_times_out(pool):
    go = threading.Event()
    waiting = [pool.submit(lambda _: go.wait() and None, Thing())]
    with contextlib.suppress(TimeoutError):
        list(futures.as_completed(waiting, timeout=0))
    go.set()


@situation
def as_completed_that_is_abandoned(pool):
    next(futures.as_completed([pool.submit(give, Thing()) for _ in range(3)]))


@situation
def wait(pool):
    futures.wait([pool.submit(fail, Thing()) for _ in range(3)])


@situation
def wait_again_and_again(pool):
    left = {pool.submit(give, Thing()) for _ in range(3)}
    while left:
        _, left = futures.wait(left, return_when=futures.FIRST_COMPLETED)
    del _


@situation
def a_callback_that_raises(pool):
    future, thing = futures.Future(), Thing()
    future.add_done_callback(lambda _, thing=thing: fail(thing))
    del thing
    future.set_result(Thing())


@situation
def a_late_callback_that_raises(pool):
    future, thing = futures.Future(), Thing()
    future.set_result(None)
    future.add_done_callback(lambda _, thing=thing: fail(thing))


@situation
def a_callback_that_raises_on_a_worker(pool):
    thing = Thing()
    with busy(pool, 2):
        future = pool.submit(give)
        future.add_done_callback(lambda _, thing=thing: fail(thing))
        del thing


@situation
def set_result_twice(pool):
    future = futures.Future()
    future.set_result(None)
    with contextlib.suppress(futures.InvalidStateError):
        future.set_result(Thing())
    return future


@situation
def a_future_with_its_condition(pool):
    future = track(futures.Future())
    future._condition  # noqa: B018
    future.add_done_callback(lambda _: None)
    future.set_result(Thing())


@situation
def submit_after_shutdown(pool):
    over = Pool(1)
    over.shutdown()
    with contextlib.suppress(RuntimeError):
        over.submit(give, Thing())
    return over


@situation
def shutdown_that_cancels(pool):
    over = Pool(1)
    with busy(over):
        for _ in range(3):
            track(over.submit(give, Thing()))
        over.shutdown(wait=False, cancel_futures=True)
    over.shutdown()
    return over


@situation
def an_initializer_that_fails(pool):
    over = Pool(1, initializer=lambda: fail(Thing()))
    with contextlib.suppress(futures.BrokenExecutor):
        over.submit(give, Thing()).result()
    over.shutdown()
    return over


@situation
def a_pool(pool):
    with Pool(2) as over:
        track(over).submit(give, Thing()).result()


@situation
def a_work_item_that_is_run_by_hand(pool):
    over = Pool(1)
    with busy(over):
        over.submit(fail, Thing())
        item = over._work_queue.get_nowait()
        item.run()
        del item
    over.shutdown()
    return over


@situation
def run_in_executor(pool):
    async def calls():
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(pool, give, Thing())
        with contextlib.suppress(Failed):
            await loop.run_in_executor(pool, fail, Thing())

    asyncio.run(calls())


@pytest.mark.parametrize("name", SITUATIONS)
def test_nothing_is_held_after(name, pool):
    expect_nothing_left(lambda: SITUATIONS[name](pool), pool)


@ours_only
def test_nothing_is_held_after_a_map_with_a_buffersize_that_raises(pool):
    def calls():
        with contextlib.suppress(Failed):
            list(pool.map(fail, iter([Thing(), Thing(), Thing()]), buffersize=1))

    expect_nothing_left(calls, pool)


@ours_only
def test_a_future_that_is_done_holds_no_callback():
    def calls():
        future = futures.Future()
        thing = Thing()
        future.add_done_callback(lambda _, thing=thing: None)
        future.set_result(None)
        return future

    expect_nothing_left(calls)
