"""Programs that use the parts of a barrier directly.

weftline's barrier has no such parts before a program reaches for its condition. The barrier then
inflates, and behaves as in the standard library. Each test runs on both.
"""

import gc
import weakref

import pytest
from support.foreign import OwnedLock, PlainLock
from support.target import ours_only, std_threading, threading
from support.workers import blocked, in_time, run_all, start, took, until

Broken = std_threading.BrokenBarrierError


@pytest.fixture(params=[False, True], ids=["untouched", "reached for"])
def make(request, module):
    """Makes compact and inflated barriers."""

    def make(*args, **kwargs):
        barrier = module.Barrier(*args, **kwargs)
        if request.param:
            with barrier._cond:
                pass
        return barrier

    return make


def reach_for(barrier):
    with barrier._cond:
        pass


def is_turned_away(waiter):
    with pytest.raises(Broken):
        waiter.result()
    return True


def test_the_parts_are_what_they_are_in_the_standard_library(make):
    action = print
    barrier = make(3, action, 60)
    parts = (barrier._parties, barrier._action, barrier._timeout)
    assert parts == (3, action, 60)
    assert (barrier._state, barrier._count) == (0, 0)
    assert (make(2)._action, make(2)._timeout) == (None, None)
    waiter = blocked(barrier.wait)
    assert (barrier._state, barrier._count) == (0, 1)
    barrier.abort()
    assert is_turned_away(waiter)
    assert (barrier._state, barrier._count) == (-2, 0)
    barrier.reset()
    assert (barrier._state, barrier._count) == (0, 0)


def test_a_barrier_serves_again_and_again(make):
    barrier = make(4)

    def loop():
        return [barrier.wait() for _ in range(50)]

    indices = run_all(loop, loop, loop, loop)
    assert [sorted(step) for step in zip(*indices, strict=True)] == [[0, 1, 2, 3]] * 50
    assert (barrier._state, barrier.n_waiting) == (0, 0)


def test_a_party_that_arrived_before_the_inflation_has_arrived(module):
    barrier = module.Barrier(3)
    waiters = [blocked(barrier.wait), blocked(barrier.wait, 60)]
    with barrier._cond:
        assert (barrier._state, barrier._count, barrier.n_waiting) == (0, 2, 2)
    assert barrier.wait() == 2
    assert [waiter.result() for waiter in waiters] == [0, 1]
    assert (barrier._state, barrier._count, barrier.broken) == (0, 0, False)


@pytest.mark.parametrize("end", ["abort", "reset"])
def test_a_party_that_arrived_before_is_turned_away_by_an_end_that_comes_after(
    module, end
):
    barrier = module.Barrier(3)
    waiters = [blocked(barrier.wait), blocked(barrier.wait)]
    reach_for(barrier)
    getattr(barrier, end)()
    assert all(is_turned_away(waiter) for waiter in waiters)
    assert barrier.broken is (end == "abort")
    barrier.reset()
    later = blocked(barrier.wait), blocked(barrier.wait)
    assert barrier.wait() == 2
    assert sorted(waiter.result() for waiter in later) == [0, 1]


def test_a_broken_barrier_stays_broken(module):
    barrier = module.Barrier(2)
    barrier.abort()
    with barrier._cond:
        assert barrier._state == -2
    with pytest.raises(Broken):
        barrier.wait()
    assert ": broken>" in repr(barrier)


def test_a_wait_that_began_before_keeps_its_limit_and_breaks_the_barrier(module):
    def times_out(timeout):
        barrier = module.Barrier(3)
        patient = blocked(barrier.wait)
        with took(at_least=timeout):
            hasty = blocked(barrier.wait, timeout)
            reach_for(barrier)
            assert is_turned_away(hasty)
        assert is_turned_away(patient)
        assert barrier.broken
        assert barrier._cond._is_owned() is False

    in_time(times_out)


def test_a_party_may_be_struck_off_by_hand(make):
    barrier = make(4)
    waiters = [blocked(barrier.wait) for _ in range(2)]
    with barrier._cond:
        barrier._parties -= 1
    assert barrier.parties == 3
    assert barrier.wait() == 2
    assert sorted(waiter.result() for waiter in waiters) == [0, 1]


def test_waiters_may_be_let_pass_by_hand(make):
    barrier = make(3)
    waiters = [blocked(barrier.wait) for _ in range(2)]
    with barrier._cond:
        barrier._state = 1
        barrier._cond.notify_all()
    assert sorted(waiter.result() for waiter in waiters) == [0, 1]
    until(lambda: barrier._state == 0)


def test_no_party_arrives_while_the_condition_is_held(make):
    barrier = make(2)
    with barrier._cond:
        parties = [blocked(barrier.wait), blocked(barrier.wait)]
        assert barrier._count == 0
    assert sorted(party.result() for party in parties) == [0, 1]


def test_the_action_may_be_replaced(make):
    seen = []
    barrier = make(2, lambda: seen.append("old"))
    waiter = blocked(barrier.wait)
    barrier._action = lambda: seen.append("new")
    barrier.wait()
    waiter.result()
    assert seen == ["new"]
    barrier._action = lambda: 1 // 0
    waiter = blocked(barrier.wait)
    with pytest.raises(ZeroDivisionError):
        barrier.wait()
    assert is_turned_away(waiter)
    assert barrier.broken


def test_the_default_timeout_may_be_replaced(make):
    barrier = make(2, timeout=60)
    barrier._timeout = 0.02
    with took(at_least=0.02), pytest.raises(Broken):
        barrier.wait()


def test_the_action_runs_while_the_condition_is_held(make):
    seen = []

    def action():
        seen.append((barrier._state, barrier._count, barrier._cond._is_owned()))
        barrier._cond.notify_all()
        other = start(barrier._cond.acquire, False)
        assert other.result() is False

    barrier = make(3, action)
    for _ in range(3):
        waiters = [blocked(barrier.wait) for _ in range(2)]
        assert barrier.wait() == 2
        assert sorted(waiter.result() for waiter in waiters) == [0, 1]
    assert seen == [(0, 3, True)] * 3
    assert barrier._cond._is_owned() is False


def test_an_action_that_reaches_for_the_condition_and_raises_breaks_the_barrier(module):
    def action():
        assert barrier._cond._is_owned()
        raise LookupError

    barrier = module.Barrier(3, action)
    waiters = [blocked(barrier.wait), blocked(barrier.wait)]
    with pytest.raises(LookupError):
        barrier.wait()
    assert all(is_turned_away(waiter) for waiter in waiters)
    assert (barrier._state, barrier._count) == (-2, 0)
    assert barrier._cond._is_owned() is False


def test_a_read_of_the_condition_during_the_action_waits_for_its_end(module):
    begun, go_on, seen = std_threading.Event(), std_threading.Event(), []

    def action():
        begun.set()
        assert go_on.wait(20)
        seen.append("acted")

    def reach():
        with barrier._cond:
            return list(seen)

    barrier = module.Barrier(2, action)
    parties = [blocked(barrier.wait)]
    parties.append(start(barrier.wait))
    assert begun.wait(20)
    reacher, early = blocked(reach), blocked(barrier.wait)
    go_on.set()
    assert reacher.result() == ["acted"]
    assert [party.result() for party in parties] == [0, 1]
    assert barrier.wait() in (0, 1)
    assert early.result() in (0, 1)


@ours_only
def test_an_action_may_abort_the_barrier_and_then_reach_for_its_condition():
    def action():
        barrier.abort()
        assert barrier._cond is not None

    barrier = threading.Barrier(2, action)
    waiter = blocked(barrier.wait)
    with pytest.raises(Broken):
        barrier.wait()
    assert is_turned_away(waiter)
    assert (barrier._state, barrier._count) == (-2, 0)
    assert barrier._cond._is_owned() is False
    barrier._action = None
    barrier.reset()
    waiter = blocked(barrier.wait)
    assert barrier.wait() == 1
    assert waiter.result() == 0


@pytest.mark.parametrize("lock", [PlainLock, OwnedLock, std_threading.RLock])
def test_a_barrier_over_a_lock_of_ones_own(module, lock):
    barrier, lock = module.Barrier(3), lock()
    barrier._cond = module.Condition(lock)
    waiters = [blocked(barrier.wait), blocked(barrier.wait, 60)]
    with lock:
        last = blocked(barrier.wait)
        assert barrier.n_waiting == 2
    assert last.result() == 2
    assert [waiter.result() for waiter in waiters] == [0, 1]
    with pytest.raises(Broken):
        barrier.wait(0.01)


@ours_only
def test_an_arrived_party_goes_on_under_a_condition_that_the_program_brings():
    barrier, lock = threading.Barrier(3), PlainLock()
    waiters = [blocked(barrier.wait), blocked(barrier.wait, 60)]
    barrier._cond = threading.Condition(lock)
    for waiter in waiters:
        waiter.blocks()
    assert barrier.wait() == 2
    assert [waiter.result() for waiter in waiters] == [0, 1]


def test_cycles_through_the_parts_are_freed(module):
    barrier = module.Barrier(2)
    barrier._cond = module.Condition(OwnedLock())
    barrier._cond._lock.owner = barrier
    barrier._action = barrier.wait
    barrier._timeout = [barrier]
    dead = weakref.ref(barrier)
    del barrier
    gc.collect()
    assert dead() is None


def test_parties_pass_together_when_the_condition_is_reached_for_amid_cycles(
    module, rounds=25
):
    for _ in range(rounds):
        barrier, phase = module.Barrier(3), [0] * 3

        def party(me, barrier=barrier, phase=phase):
            def loop():
                for step in range(20):
                    phase[me] = step
                    barrier.wait(20)
                    assert min(phase) == step
                    barrier.wait()

            return loop

        def reach(barrier=barrier):
            with barrier._cond:
                assert 0 <= barrier._count <= 3

        run_all(party(0), party(1), party(2), reach)
        assert (barrier._state, barrier._count) == (0, 0)
