"""`not_done` in a loop around `wait`: the results of earlier calls do not change, and the cost of
the loop depends on the finished futures, not on the remaining ones.
"""

import functools
import gc
import random
import signal
import sys
import weakref

import pytest
from support.not_done import made, pending, settle_and_wait
from support.pools import futures
from support.programs import run
from support.target import ours_only
from support.workers import blocked, run_all, start


def test_all_versions_of_a_loop_keep_their_contents():
    some = pending(60)
    versions = [made(some)]
    for future in some[:-1]:
        versions.append(settle_and_wait(versions[-1], future))
    assert [len(version) for version in versions] == list(range(60, 0, -1))
    # Some are read while others are not yet, and the last one goes on.
    for index in (30, 0, 59, 10, 58):
        assert versions[index] == set(some[index:])
    assert futures.wait([some[-1]], 0).not_done == versions[-1] == {some[-1]}
    assert futures.wait(versions[20], 0) == (set(some[20:-1]), {some[-1]})
    assert list(map(set, versions)) == [set(some[index:]) for index in range(60)]


def _change(rng, version, model, others):
    """The same change to both."""
    one = rng.choice(others)
    name = rng.choice(
        [
            *("add", "discard", "clear", "update", "difference_update"),
            *("intersection_update", "symmetric_difference_update", "__init__"),
        ]
    )
    argument = {"add": [one], "discard": [one], "clear": []}.get(name, [others])
    for s in (version, model):
        getattr(s, name)(*argument)


@pytest.mark.parametrize("seed", range(40))
def test_versions_are_what_real_sets_would_be_whatever_is_done_with_them(seed):
    """Each version has a real set beside it; every operation runs on both."""
    rng = random.Random(seed)
    some, done = pending(rng.choice([3, 12, 40])), set()
    pairs = [(set(some), set(some))]
    for _ in range(rng.choice([20, 150])):
        # Mostly the newest ones.
        version, model = pairs[-1] if rng.random() < 0.6 else rng.choice(pairs)
        step = rng.random()
        if step < 0.35 and len(done) < len(some):
            future = rng.choice([one for one in some if one not in done])
            future.set_result(None)
            done.add(future)
        elif step < 0.8:
            when = rng.choice([futures.FIRST_COMPLETED, futures.ALL_COMPLETED])
            answer = futures.wait(version, 0, when)
            assert answer.done == model & done
            pairs.append((answer.not_done, model - done))
        elif step < 0.85:
            _change(rng, version, model, rng.sample(some, rng.randrange(1, len(some))))
        elif step < 0.9:
            assert set(futures.as_completed(version & done)) == model & done
        elif step < 0.95:
            assert version == model
        else:
            del pairs[rng.randrange(len(pairs)) :]
            pairs = pairs or [(set(some), set(some))]
        assert [len(v) for v, _ in pairs] == [len(m) for _, m in pairs]
    assert [set(v) for v, _ in pairs] == [m for _, m in pairs]


def test_a_loop_keeps_no_future_that_is_done():
    some = pending(50)
    left, dead = made(some), [weakref.ref(future) for future in some]
    while some:
        left = settle_and_wait(left, some.pop())
        assert [ref() is None for ref in dead].count(False) == len(some)
    assert not left and isinstance(left, set)


@pytest.mark.parametrize("what", ["nothing", "a look", "a change"])
def test_an_old_version_keeps_its_own_futures_and_no_more(what):
    some, extra = pending(20), futures.Future()
    dead = [weakref.ref(future) for future in some]
    versions = [made(some)]
    for future in some[:10]:
        versions.append(settle_and_wait(versions[-1], future))
    del future
    middle = versions[5]
    if what == "a look":
        assert len(set(middle)) == 15
    elif what == "a change":
        middle.add(extra)
        middle.clear()
    some.clear()
    versions.clear()
    kept = [ref() is not None for ref in dead]
    assert kept == [False] * 5 + [what != "a change"] * 15


@pytest.mark.parametrize("count", [1, 30])
def test_what_is_done_is_free_as_soon_as_its_set_is_even_while_the_old_version_was_read(
    count,
):
    some = pending(count)
    left, dead = made(some), [weakref.ref(future) for future in some]
    for future in some:
        assert future in left
        left = settle_and_wait(left, future)
    del future
    some.clear()
    assert all(ref() is None for ref in dead)


def test_two_threads_may_go_on_from_one_version():
    for _ in range(50):
        some = pending(12)
        left = made(some)

        def loop(left=left, some=some):
            order = []
            while left:
                done, left = futures.wait(left, 20, futures.FIRST_COMPLETED)
                order.append(done)
            assert sum(map(len, order)) == len(some)
            return set().union(*order) == set(some)

        def settle(some=some):
            for future in some:
                future.set_result(None)

        got = run_all(loop, loop, settle, loop)
        assert got == [True, True, None, True]
        assert left == set(some)


def test_versions_may_be_read_while_another_thread_goes_on():
    for _ in range(30):
        some = pending(40)
        versions = [made(some)]

        def loop(some=some, versions=versions):
            for future in some[:-1]:
                versions.append(settle_and_wait(versions[-1], future))

        def look(some=some, versions=versions, seed=0):
            rng = random.Random(seed)
            for _ in range(60):
                index = rng.randrange(len(versions))
                version = versions[index]
                assert len(version) == len(some) - index
                assert version == set(some[index:])
            return True

        assert run_all(loop, look, look, lambda: look(seed=1))[1:] == [True] * 3
        assert list(map(set, versions)) == [set(some[n:]) for n in range(40)]


def test_changes_of_several_threads_to_an_unread_version_all_count():
    for _ in range(100):
        some, extra = pending(30), pending(4)
        left = made(some)
        later = settle_and_wait(left, some[0])
        run_all(*(functools.partial(left.add, one) for one in extra))
        assert left == {*some, *extra} and later == set(some[1:])


def test_a_version_may_be_changed_while_a_thread_waits_for_it():
    some, extra = pending(5), futures.Future()
    left = made(some)
    waiter = blocked(futures.wait, left, 20, futures.FIRST_COMPLETED)
    left.clear()
    left.add(extra)
    second = blocked(futures.wait, left, 20, futures.FIRST_COMPLETED)
    some[0].set_result(None)
    assert waiter.result() == ({some[0]}, set(some[1:]))
    second.blocks()
    extra.set_result(None)
    assert second.result() == ({extra}, set())
    assert left == {extra}


class Rang(Exception):
    """Raised by the signal's handler."""


@pytest.mark.parametrize("timeout", [None, 20])
def test_a_signal_that_ends_the_wait_leaves_the_version_as_it_was(timeout):
    def ring(*_):
        raise Rang

    some = pending(5)
    left = made(some)
    before = signal.signal(signal.SIGALRM, ring)
    try:
        for when in (futures.FIRST_COMPLETED, futures.ALL_COMPLETED):
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with pytest.raises(Rang):
                futures.wait(left, timeout, when)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert len(left) == 5 and left == set(some)
    later = settle_and_wait(left, some[0])
    assert later == set(some[1:]) and left == set(some)


@pytest.mark.parametrize(
    "wrong", [("soon", futures.ALL_COMPLETED), (0, "SOON"), (0, None), ({}, "SOON")]
)
def test_arguments_that_are_refused_leave_the_version_as_it_was(wrong):
    some = pending(5)
    left = made(some)
    for _ in range(2):
        with pytest.raises((TypeError, ValueError)):
            futures.wait(left, *wrong)
        assert len(left) == 5
    later = settle_and_wait(left, some[0])
    assert later == set(some[1:]) and left == set(some)


def test_as_completed_takes_any_version():
    some = pending(6)
    left = made(some)
    later = settle_and_wait(left, some[0])
    over = start(lambda: list(futures.as_completed(later, 20)))
    assert next(futures.as_completed(left, 20)) is some[0]
    for future in some[1:]:
        future.set_result(None)
    assert set(over.result()) == set(some[1:])
    assert set(futures.as_completed(left)) == set(some)
    assert (len(later), len(left)) == (5, 6)


@ours_only
def test_a_hundred_thousand_versions_come_and_go_without_deep_recursion():
    run(
        """
import gc, sys, threading as std
from support.pools import futures
def loop(some):
    left = set(some)
    for future in some[:-1]:
        future.set_result(None)
        left = futures.wait(left, 20, futures.FIRST_COMPLETED).not_done
        yield left
def drop(which):
    some = [futures.Future() for _ in range(100_001)]
    versions = list(loop(some))
    first, last = versions[0], versions[-1]
    if which == "the oldest last":
        versions.clear()
    elif which == "the oldest first":
        versions.reverse()
        del last
        while versions:
            versions.pop()
    elif which == "by the collector":
        versions.append(versions)
        del versions
        gc.collect()
    if which != "the oldest first":
        assert len(last) == 1
        assert first == set(some[1:])
# Room for a list of lists, and for a hundredth of one frame each.
std.stack_size(1024 * 1024)
for which in ("the oldest last", "the oldest first", "by the collector"):
    thread = std.Thread(target=drop, args=(which,))
    thread.start()
    thread.join()
""",
        within=60,
    )


@ours_only
def test_a_call_that_goes_on_makes_no_set_of_those_that_are_left():
    some = pending(10_000)
    left = made(some)
    gc.collect()
    sizes = []
    for future in some[:50]:
        left = settle_and_wait(left, future)
        found = [s for s in gc.get_objects() if type(s) is set and len(s) > 9_000]
        sizes.append(len([s for s in found if some[-1] in s]))
    assert sizes == [1] * 50
    assert sys.getsizeof(left) > sys.getsizeof(set())
