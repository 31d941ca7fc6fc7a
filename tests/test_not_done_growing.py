"""`not_done` in a loop around `wait` that adds futures to it: the next call continues the state of
the last one, as without the addition.
"""

import functools
import time
import tracemalloc
from concurrent.futures import _base as standard

import pytest
from support.not_done import made, pending, settle_and_wait
from support.pools import futures
from support.target import ours_only
from support.workers import until


def add(left, more):
    left.add(more)
    return left


def update(left, more):
    left.update([more])
    return left


def bind(left, more):
    left |= {more}
    return left


GOING_ON = {
    "goes on": lambda left, more: left,
    "adds one and goes on": add,
    "updates and goes on": update,
    "binds anew and goes on": bind,
}


def _seconds_of_a_call(count, before_next):
    """The time of the fastest of several calls that continue with that many futures."""
    some, more = pending(count), pending(60)
    left, times = made(some), []
    for future, another in zip(some, more):
        future.set_result(None)
        begin = time.perf_counter()
        done, left = futures.wait(left, 20, futures.FIRST_COMPLETED)
        left = before_next(left, another)
        times.append(time.perf_counter() - begin)
        assert done == {future} and len(left) and left
    return min(times)


@ours_only
@pytest.mark.parametrize("name", GOING_ON)
def test_a_call_costs_the_same_however_many_are_left(name):
    """A thousand times as many: a copy would take hundreds of times as long."""
    measured = functools.partial(_seconds_of_a_call, before_next=GOING_ON[name])
    until(lambda: measured(100_000) < 10 * measured(100))


def test_an_added_future_is_reported_like_the_others():
    for before_next in (add, update, bind):
        some, more = pending(3), pending(200)
        left, told = made(some), []
        for another in more:
            left = before_next(left, another)
            assert another in left or before_next is not add
            settled = (some + more)[len(told)]
            settled.set_result(None)
            done, left = futures.wait(left, 20, futures.FIRST_COMPLETED)
            assert done == {settled}
            told += done
        assert told == (some + more)[:200] and left == set(more[-3:])


def test_one_that_is_done_already_may_be_added():
    some, finished = pending(3), futures.Future()
    finished.set_result(None)
    left = made(some)
    for _ in range(3):
        left.add(finished)
        left.add(finished)
        done, left = futures.wait(left, 20, futures.FIRST_COMPLETED)
        assert (done, left) == ({finished}, set(some))


def test_what_is_added_is_not_in_an_older_version():
    some, more = pending(10), pending(8)
    oldest = made(some)
    left, kept = oldest, []
    for future, another in zip(some, more):
        left = settle_and_wait(left, future)
        kept.append(
            (left, set(some) - set(some[: len(kept) + 1]) | set(more[: len(kept)]))
        )
        after = futures.wait(left, 0).not_done
        after.add(another)
        assert another in after and another not in left
        left = after
    assert oldest == set(some)
    assert all(version == contents for version, contents in kept)


@ours_only
def test_a_loop_that_adds_keeps_nothing_of_those_that_are_done():
    """Nor their places in the group, which are reused."""

    def turns(left, count):
        for _ in range(count):
            left.add(another := futures.Future())
            another.set_result(None)
            done, left = futures.wait(left, 20, futures.FIRST_COMPLETED)
            assert len(done) == 1
        return left

    tracemalloc.start()
    try:
        left = turns(made(pending(20)), 100)
        before = tracemalloc.get_traced_memory()[0]
        left = turns(left, 5_000)
        assert tracemalloc.get_traced_memory()[0] - before < 20_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("count", [1, 4, 5, 40, 400])
def test_many_may_be_added_at_once(count):
    some, more = pending(100), pending(count)
    left = made(some)
    left.update(more[:1], iter(more))
    assert left == {*some, *more}
    for future in some + more:
        future.set_result(None)
    assert futures.wait(left, 20) == ({*some, *more}, set())


def test_a_future_of_another_kind_may_be_added():
    some, other = pending(3), standard.Future()
    left = made(some)
    left.add(other)
    assert left == {*some, other}
    other.set_result(None)
    assert futures.wait(left, 20, futures.FIRST_COMPLETED) == ({other}, set(some))
