"""`threading.Condition`: waiting for a notification, in the order of arrival, over any lock
object.
"""

import time

import pytest
from support.conditions import LOCKS, wait_once
from support.target import std_threading, threading
from support.workers import Worker, blocked, in_time, start, took, until


@pytest.fixture(params=LOCKS)
def condition(request):
    return LOCKS[request.param](threading)


def test_notify_wakes_a_waiter(condition):
    waiter = blocked(wait_once, condition)
    with condition:
        assert condition.notify() is None
    assert waiter.result() is True


def test_notify_wakes_those_that_have_waited_longest(condition):
    waiters = [blocked(wait_once, condition) for _ in range(5)]
    with condition:
        condition.notify(2)
    assert [waiter.result() for waiter in waiters[:2]] == [True, True]
    for waiter in waiters[2:]:
        waiter.blocks()
    with condition:
        condition.notify()
    assert waiters[2].result() is True
    for waiter in waiters[3:]:
        waiter.blocks()
    with condition:
        condition.notify(100)
    assert [waiter.result() for waiter in waiters] == [True] * 5


def test_notify_all_wakes_every_waiter(condition):
    waiters = [blocked(wait_once, condition) for _ in range(4)]
    with condition:
        assert condition.notify_all() is None
    assert [waiter.result() for waiter in waiters] == [True] * 4
    assert len(condition._waiters) == 0


def test_a_notification_does_not_wait_for_a_later_waiter(condition):
    with condition:
        condition.notify(3)
    waiter = blocked(wait_once, condition)
    with condition:
        condition.notify()
    assert waiter.result() is True


def test_a_notified_thread_waits_for_the_lock(condition):
    waiter = blocked(wait_once, condition)
    with condition:
        condition.notify()
        waiter.blocks()
    assert waiter.result() is True


def test_a_timed_wait_times_out_and_holds_the_lock_again(condition):
    with condition:
        with took(at_least=0.03):
            assert condition.wait(0.03) is False
        assert condition._is_owned()
        assert len(condition._waiters) == 0


def test_a_timed_wait_ends_with_its_notification(condition):
    waiter = blocked(wait_once, condition, 60)
    with took():
        with condition:
            condition.notify()
        assert waiter.result() is True


def test_a_waiter_that_timed_out_takes_no_notification(condition):
    assert start(wait_once, condition, 0.01).result() is False
    waiter = blocked(wait_once, condition)
    with condition:
        condition.notify()
    assert waiter.result() is True


def test_a_timed_out_waiter_comes_back_only_with_the_lock(condition):
    def times_out(timeout):
        waiter = blocked(wait_once, condition, timeout)
        with condition:
            # The timeout passes while this thread holds the lock.
            over = time.monotonic() + timeout
            until(lambda: time.monotonic() > over)
            waiter.blocks()
        assert waiter.result() is False

    in_time(times_out)


def test_waiting_gives_up_an_rlock_of_any_depth():
    condition = threading.Condition()
    lock = condition._lock

    def wait_deep():
        with condition, condition, condition:
            assert condition.wait() is True
            return lock._recursion_count()

    waiter = blocked(wait_deep)
    with condition, condition:
        condition.notify()
    assert waiter.result() == 3
    assert lock.acquire(False)


def test_a_condition_of_an_rlock_knows_that_another_thread_holds_it():
    condition = threading.Condition()
    holder = Worker()
    holder.call(condition.acquire).result()
    for call in (condition.wait, condition.notify, condition.notify_all):
        with pytest.raises(RuntimeError, match="un-acquired lock"):
            call()
    holder.call(condition.release).result()
    holder.close()


def test_wait_for_returns_what_the_predicate_returned(condition):
    state = []
    result = []

    def wait():
        with condition:
            return condition.wait_for(lambda: state)

    waiter = blocked(wait)
    for step in range(3):
        with condition:
            condition.notify()
        if step < 2:
            waiter.blocks()
            with condition:
                result.append(step)
                if step == 1:
                    state.append("ready")
    assert waiter.result() is state
    with condition:
        assert condition.wait_for(lambda: 0, timeout=0.01) == 0
        assert condition.wait_for(lambda: None, timeout=0.01) is None


def test_wait_for_does_not_start_its_time_anew_with_each_notification(condition):
    stop = std_threading.Event()

    def disturb():
        while not stop.wait(0.005):
            with condition:
                condition.notify_all()

    disturber = start(disturb)
    with condition, took(at_least=0.1):
        assert condition.wait_for(lambda: False, timeout=0.1) is False
    stop.set()
    disturber.result()


def test_an_exception_of_the_predicate_leaves_the_lock_held(condition):
    with condition:
        with pytest.raises(ZeroDivisionError):
            condition.wait_for(lambda: 1 // 0)
        assert condition._is_owned()
    assert condition.acquire(False)


def test_two_conditions_may_share_a_lock():
    lock = threading.Lock()
    one, other = threading.Condition(lock), threading.Condition(lock)
    first, second = blocked(wait_once, one), blocked(wait_once, other)
    with lock:
        other.notify_all()
    assert second.result() is True
    first.blocks()
    with other:
        one.notify()
    assert first.result() is True


def test_the_same_thread_may_notify_and_wait_in_turn(condition):
    turns, log = [0], []

    def play(me):
        with condition:
            for _ in range(200):
                while turns[0] != me:
                    condition.wait()
                log.append(me)
                turns[0] = 1 - me
                condition.notify()

    players = [start(play, 0), start(play, 1)]
    for player in players:
        player.result()
    assert log == [0, 1] * 200


def test_at_fork_reinit_forgets_waiters_and_owner():
    condition = threading.Condition()
    blocked(wait_once, condition)
    start(condition.acquire).result()
    condition._at_fork_reinit()
    assert len(condition._waiters) == 0
    with condition:
        condition.notify()


def test_no_notification_is_lost_between_many_waiters(condition):
    tokens, taken = [0], []

    def take():
        for _ in range(100):
            with condition:
                while not tokens[0]:
                    condition.wait(0.001 if len(taken) % 3 else None)
                tokens[0] -= 1
                taken.append(1)

    takers = [start(take) for _ in range(3)]
    for _ in range(300):
        with condition:
            tokens[0] += 1
            condition.notify()
    for taker in takers:
        taker.result()
    until(lambda: len(taken) == 300)
    assert tokens == [0]
