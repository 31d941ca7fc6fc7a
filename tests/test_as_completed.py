"""`concurrent.futures.as_completed`: it yields each future when that is done."""

import asyncio
import concurrent.futures as std_futures
import gc
import itertools
import weakref
from decimal import Decimal
from fractions import Fraction

import pytest
from support.differ import outcome
from support.pools import MODULES, STATES, futures, in_state
from support.programs import run
from support.target import ours_only
from support.workers import blocked, run_all, start, took

PAIRS = list(itertools.combinations_with_replacement(STATES, 2))


def told(call, some, timeout):
    """The numbers of the futures that the iterator yields until it ends or raises."""
    iterator = call(some, timeout)
    yielded, last = [], None
    while last is None:
        try:
            yielded.append(some.index(next(iterator)))
        except StopIteration:
            last = "end"
        except BaseException as error:  # noqa: BLE001 - any exception is an outcome
            last = type(error), str(error)
    return sorted(yielded), last


def test_as_completed_answers_as_the_standard_one():
    for states in PAIRS:
        standard, ours = [
            told(m.as_completed, [in_state(m, state) for state in states], 0)
            for m in MODULES
        ]
        assert ours == standard, states


@pytest.mark.parametrize("call", [futures.as_completed, std_futures.as_completed])
def test_standard_futures_and_ours_may_be_passed_together(call):
    for first, second in PAIRS:
        pure = [in_state(std_futures, state) for state in (first, second)]
        mixed = [in_state(std_futures, first), in_state(futures, second)]
        standard = told(std_futures.as_completed, pure, 0)
        assert told(call, mixed, 0) == standard, (first, second)


TIMEOUTS = ["x", [], 1e100, 10**20, float("inf"), True, Fraction(1, 100), Decimal(1)]


@pytest.mark.parametrize("timeout", TIMEOUTS)
@pytest.mark.parametrize("states", [[], ["finished"], ["finished", "failed"]])
def test_a_timeout_is_taken_or_refused_as_by_the_standard_one(timeout, states):
    standard, ours = [
        told(m.as_completed, [in_state(m, state) for state in states], timeout)
        for m in MODULES
    ]
    assert ours == standard


@pytest.mark.parametrize("timeout", [1e100, float("inf"), Fraction(1, 100)])
def test_a_timeout_beyond_all_clocks_is_refused_when_there_is_something_to_wait_for(
    timeout,
):
    standard, ours = [
        told(m.as_completed, [in_state(m, "finished"), in_state(m, "pending")], timeout)
        for m in MODULES
    ]
    assert ours == standard


@pytest.mark.parametrize(
    "call",
    [
        lambda m: list(m.as_completed([])),
        lambda m: list(m.as_completed(None)),
        lambda m: list(m.as_completed([None])),
        lambda m: list(m.as_completed([[]])),
        lambda m: list(m.as_completed([in_state(m, "pending")], -1)),
        lambda m: list(m.as_completed(fs=[], timeout=1)),
        lambda m: list(m.as_completed([in_state(m, "finished")] * 3)),
        lambda m: len(
            list(m.as_completed(in_state(m, s) for s in ("failed", "notified")))
        ),
        lambda m: m.as_completed([in_state(m, "pending")]).send(1),
    ],
)
def test_arguments_are_taken_or_refused_as_by_the_standard_one(call):
    standard, ours = [outcome(call, module) for module in MODULES]
    assert ours == standard


@pytest.mark.parametrize("broken", ["no condition", "no hash", "no iterator"])
def test_a_timeout_that_is_no_number_is_refused_before_the_futures_are_read(broken):
    def call(module):
        future = module.Future()
        if broken == "no condition":
            del future._condition
        some = {"no hash": [[]], "no iterator": 1}.get(broken, [future])
        return list(module.as_completed(some, object()))

    standard, ours = [outcome(call, module) for module in MODULES]
    assert ours == standard


def test_a_time_that_is_no_number_is_a_type_error():
    for module in MODULES:
        with pytest.raises(TypeError):
            next(module.as_completed([module.Future()], "soon"))


def test_futures_come_in_the_order_in_which_they_are_done():
    some = [futures.Future() for _ in range(20)]
    order = [*some[::2], *some[1::2]]
    got, iterator = [], futures.as_completed(some)
    for future in order:
        start(future.set_result, None).result()
        got.append(next(iterator))
    assert got == order
    assert next(iterator, "end") == "end"


def test_those_that_are_done_come_without_a_wait_and_before_the_others():
    some = [in_state(futures, s) for s in ["pending", "finished", "failed", "notified"]]
    iterator = futures.as_completed(some)
    assert {next(iterator) for _ in range(3)} == set(some[1:])
    waiter = blocked(next, iterator)
    some[0].set_result(1)
    assert waiter.result() is some[0]


def test_one_that_is_cancelled_comes_when_a_worker_has_come_across_it():
    future = futures.Future()
    waiter = blocked(next, futures.as_completed([future]))
    future.cancel()
    waiter.blocks()
    future.set_running_or_notify_cancel()
    assert waiter.result() is future


def test_the_time_is_that_of_all_together():
    some = [futures.Future() for _ in range(3)]
    some[0].set_result(0)
    with took(at_least=0.05):
        iterator = futures.as_completed(some, 0.05)
        assert next(iterator) is some[0]
        some[1].set_result(1)
        assert next(iterator) is some[1]
        with pytest.raises(TimeoutError, match=r"^1 \(of 3\) futures unfinished$"):
            next(iterator)


def test_an_iterator_may_be_abandoned():
    some = [futures.Future() for _ in range(3)]
    some[0].set_result(0)
    iterator = futures.as_completed(some)
    assert next(iterator) is some[0]
    iterator.close()
    for future in some[1:]:
        future.set_result(1)
    assert set(futures.as_completed(some)) == set(some)


def test_several_iterators_over_the_same_futures_get_each_of_them():
    some = [futures.Future() for _ in range(10)]
    takers = [blocked(lambda: list(futures.as_completed(some))) for _ in range(3)]
    for future in some:
        future.set_result(None)
    assert [taker.result() for taker in takers] == [some] * 3


def test_a_future_that_was_yielded_is_held_no_longer():
    gc.collect()
    gc.disable()
    try:
        some = [futures.Future() for _ in range(5)]
        for future in some:
            future.set_result(None)
        del future
        dead = [weakref.ref(future) for future in some]
        iterator = futures.as_completed(some)
        del some
        for left in range(5, 0, -1):
            assert sum(ref() is not None for ref in dead) == left
            next(iterator)
        assert not any(ref() for ref in dead)
    finally:
        gc.enable()


@ours_only
def test_a_future_of_a_pool_is_freed_as_soon_as_it_was_taken():
    class Thing:
        """An object that takes weak references."""

    with futures.ThreadPoolExecutor(1) as pool:
        iterator = futures.as_completed([pool.submit(Thing) for _ in range(20)])
        for future in iterator:
            dead = weakref.ref(future.result())
            del future
            pool.submit(abs, 1).result()
            assert dead() is None


def test_many_threads_settle_and_each_future_comes_once():
    for _ in range(30):
        some = [futures.Future() for _ in range(60)]

        def settle(part, some=some):
            for future in some[part::3]:
                future.set_result(part)

        got = run_all(
            lambda some=some: list(futures.as_completed(some, 20)),
            *[lambda part=part, settle=settle: settle(part) for part in range(3)],
        )[0]
        assert len(got) == 60 and set(got) == set(some)


def test_subclasses_are_yielded_as_in_the_standard_library():
    class Own(futures.Future):
        """A subclass."""

    class OwnStandard(std_futures.Future):
        """A subclass of the standard class."""

    for call in (futures.as_completed, std_futures.as_completed):
        some = [Own(), OwnStandard(), futures.Future()]
        taker = blocked(lambda call=call, some=some: list(call(some)))
        for future in some:
            future.set_result(1)
        assert set(taker.result()) == set(some)


def test_asyncio_waits_for_our_futures():
    async def main():
        loop = asyncio.get_running_loop()
        with futures.ThreadPoolExecutor(2) as pool:
            assert await loop.run_in_executor(pool, abs, -1) == 1
            with pytest.raises(ZeroDivisionError):
                await loop.run_in_executor(pool, divmod, 1, 0)
            several = [asyncio.wrap_future(pool.submit(abs, -n)) for n in range(50)]
            assert await asyncio.gather(*several) == list(range(50))
        loop.set_default_executor(futures.ThreadPoolExecutor(2))
        assert await asyncio.to_thread(abs, -2) == 2
        pending = futures.Future()
        wrapped = asyncio.wrap_future(pending)
        wrapped.cancel()
        with pytest.raises(asyncio.CancelledError):
            await wrapped
        while not pending.cancelled():
            await asyncio.sleep(0)
        other = futures.Future()
        wrapped = asyncio.wrap_future(other)
        other.cancel()
        with pytest.raises(asyncio.CancelledError):
            await wrapped

    asyncio.run(main())


@ours_only
def test_asyncio_chains_a_coroutine_to_a_future_of_ours_when_installed():
    output = run("""
        import asyncio, weftline
        weftline.install()
        from concurrent.futures import Future

        async def double(number):
            await asyncio.sleep(0)
            return 2 * number

        async def main():
            loop = asyncio.get_running_loop()

            def from_outside():
                future = asyncio.run_coroutine_threadsafe(double(4), loop)
                assert type(future) is Future is weftline._weftline.Future
                return future.result(10)

            return await asyncio.to_thread(from_outside)

        print(asyncio.run(main()))
    """)
    assert output == "8\n"
