"""Programs that use the condition and the value inside a semaphore directly.

weftline's semaphore has neither before a program reaches for them. The semaphore then inflates, and
behaves as in the standard library. Each test runs on both.
"""

import pytest
from support.foreign import FOREIGN
from support.workers import blocked, in_time, took

SEMAPHORES = ["Semaphore", "BoundedSemaphore"]


@pytest.fixture(params=SEMAPHORES)
def semaphore(request, module):
    """A semaphore of two permits, both acquired."""
    semaphore = getattr(module, request.param)(2)
    semaphore.acquire()
    semaphore.acquire()
    return semaphore


def test_the_condition_of_a_semaphore_is_one_and_over_a_lock(module, semaphore):
    assert semaphore._cond is semaphore._cond
    assert isinstance(semaphore._cond, module.Condition)
    with semaphore._cond:
        assert semaphore._cond.acquire(False) is False
        assert semaphore._value == 0


def test_a_semaphore_answers_the_same_once_its_condition_was_reached_for(semaphore):
    with semaphore._cond:
        pass
    assert semaphore.acquire(False) is False
    assert semaphore.acquire(timeout=0) is False
    with took(at_least=0.02):
        assert semaphore.acquire(timeout=0.02) is False
    semaphore.release(2)
    assert semaphore.acquire() is True
    with semaphore as entered:
        assert entered is True
        assert semaphore._value == 0
    assert semaphore._value == 1
    assert semaphore.acquire(timeout="not read") is True
    with pytest.raises(TypeError):
        semaphore.acquire(timeout="read")
    with pytest.raises(ValueError, match="non-blocking"):
        semaphore.acquire(False, 1)
    with pytest.raises(ValueError, match="one or more"):
        semaphore.release(0)
    assert semaphore._value == 0


def test_a_bounded_semaphore_keeps_its_bound(module):
    semaphore = module.BoundedSemaphore(2)
    with semaphore._cond:
        pass
    with pytest.raises(ValueError, match="^Semaphore released too many times$"):
        semaphore.release()
    semaphore.acquire()
    with pytest.raises(ValueError, match="^Semaphore released too many times$"):
        semaphore.release(2)
    assert semaphore._value == 1
    assert ": value=1/2>" in repr(semaphore)
    semaphore._initial_value = 3
    semaphore.release(2)
    assert ": value=3/3>" in repr(semaphore)


def test_a_bound_raised_before_anything_else_counts(module):
    semaphore = module.BoundedSemaphore(1)
    semaphore._initial_value += 1
    semaphore.release()
    assert (semaphore._value, semaphore._initial_value) == (2, 2)
    with pytest.raises(ValueError, match="^Semaphore released too many times$"):
        semaphore.release()


def test_a_value_above_the_bound_leaves_the_bound(module):
    semaphore = module.BoundedSemaphore(1)
    semaphore._value = 3
    assert (semaphore._value, semaphore._initial_value) == (3, 1)
    assert [semaphore.acquire(False) for _ in range(4)] == [True, True, True, False]


def test_resizing_by_hand_lets_one_more_go_on(semaphore):
    waiters = [blocked(semaphore.acquire) for _ in range(2)]
    with semaphore._cond:
        semaphore._value += 1
        semaphore._cond.notify()
    assert waiters[0].result() is True
    waiters[1].blocks()
    with semaphore._cond:
        semaphore._value += 1
        semaphore._cond.notify()
    assert waiters[1].result() is True
    assert semaphore._value == 0


def test_resizing_by_hand_to_fewer_makes_acquirers_wait(module):
    semaphore = module.Semaphore(3)
    with semaphore._cond:
        semaphore._value -= 2
    assert semaphore.acquire(False) is True
    assert semaphore.acquire(False) is False


def test_no_thread_takes_or_gives_while_the_condition_is_held(module):
    semaphore = module.Semaphore(1)
    with semaphore._cond:
        before = semaphore._value
        taker, giver = blocked(semaphore.acquire), blocked(semaphore.release)
        assert semaphore._value == before
    assert taker.result() is True
    giver.result()
    assert semaphore._value == 1


def test_a_waiter_from_before_the_inflation_gets_a_released_permit(
    semaphore,
):
    waiters = [blocked(semaphore.acquire, True, limit) for limit in (None, 60)]
    with semaphore._cond:
        pass
    later = blocked(semaphore.acquire)
    semaphore.release()
    assert waiters[0].result() is True
    semaphore.release()
    assert waiters[1].result() is True
    later.blocks()
    with semaphore._cond:
        semaphore._value += 1
        semaphore._cond.notify()
    assert later.result() is True
    assert semaphore._value == 0


def test_an_acquire_that_began_before_keeps_its_limit(semaphore):
    def times_out(timeout):
        with took(at_least=timeout):
            waiter = blocked(semaphore.acquire, True, timeout)
            with semaphore._cond:
                pass
            assert waiter.result() is False

    in_time(times_out)
    assert semaphore._cond._is_owned() is False
    assert len(semaphore._cond._waiters) == 0


def test_a_notification_without_a_permit_lets_no_thread_go_on(semaphore):
    waiter = blocked(semaphore.acquire)
    for _ in range(3):
        with semaphore._cond:
            semaphore._cond.notify_all()
    waiter.blocks()
    semaphore.release()
    assert waiter.result() is True


def test_waiting_by_hand_ends_with_release(semaphore):
    def wait():
        with semaphore._cond:
            assert semaphore._cond.wait_for(lambda: semaphore._value > 0, 60)
            return semaphore._value

    waiter = blocked(wait)
    semaphore.release()
    assert waiter.result() == 1


def test_a_subclass_that_takes_several_at_once(module):
    class Weighted(module.Semaphore):
        """A semaphore of which a thread takes any number at a time."""

        def acquire_many(self, n):
            with self._cond:
                while self._value < n:
                    self._cond.wait()
                self._value -= n

        def release_many(self, n):
            with self._cond:
                self._value += n
                self._cond.notify_all()

    semaphore = Weighted(2)
    semaphore.acquire_many(2)
    many, one = blocked(semaphore.acquire_many, 3), blocked(semaphore.acquire)
    semaphore.release_many(1)
    one.result()
    many.blocks()
    semaphore.release_many(3)
    many.result()
    assert semaphore._value == 0


@pytest.mark.parametrize("make_lock", FOREIGN.values(), ids=FOREIGN)
def test_a_semaphore_over_a_lock_of_ones_own(module, make_lock):
    semaphore, foreign = module.Semaphore(0), make_lock()
    semaphore._cond = module.Condition(foreign)
    assert semaphore._cond._lock is foreign
    waiters = [blocked(semaphore.acquire), blocked(semaphore.acquire, True, 60)]
    with foreign:
        giver = blocked(semaphore.release, 3)
        assert semaphore._value == 0
    giver.result()
    assert [waiter.result() for waiter in waiters] == [True, True]
    assert semaphore.acquire(False) is True
    assert semaphore.acquire(False) is False


def test_two_semaphores_may_share_a_condition(module):
    one, other = module.Semaphore(0), module.Semaphore(0)
    other._cond = one._cond
    with one._cond:
        giver = blocked(other.release)
        one._value, other._value = 1, 1
    giver.result()
    assert (one._value, other._value) == (1, 2)


@pytest.mark.parametrize("value", [float("inf"), 2.0, 2**70])
def test_the_value_may_be_any_number(module, value):
    semaphore = module.Semaphore(0)
    semaphore._value = value
    assert semaphore.acquire(False) is True
    assert semaphore._value == value - 1
    semaphore.release()
    assert semaphore._value == value


@pytest.mark.parametrize("kind", SEMAPHORES)
@pytest.mark.parametrize("value", [float("inf"), 2.0, 2**70])
def test_a_semaphore_may_begin_with_any_number(module, kind, value):
    semaphore = getattr(module, kind)(value)
    assert all(semaphore.acquire(False) for _ in range(2))
    assert semaphore._value == value - 2
    semaphore.release(2)
    assert semaphore._value == value


def test_more_may_be_released_than_a_machine_word_counts(module):
    semaphore = module.Semaphore(2**63 - 1)
    semaphore.release()
    semaphore.release(2)
    assert semaphore._value == 2**63 + 2
    assert semaphore.acquire() is True


def test_a_value_below_zero_is_kept(module):
    semaphore = module.Semaphore(1)
    semaphore._value = -1
    assert semaphore._value == -1
    semaphore.release(2)
    assert semaphore._value == 1


def test_beginning_again_makes_a_new_condition_and_value(semaphore):
    before = semaphore._cond
    semaphore.__init__(5)
    assert semaphore._cond is not before
    assert semaphore._value == 5
    assert semaphore.acquire(False) is True


def test_methods_of_a_subclass_are_called_all_the_same(module):
    class Logged(module.Semaphore):
        """Logs each release."""

        def release(self, n=1):
            self.log = [*getattr(self, "log", []), n]
            super().release(n)

    semaphore = Logged(1)
    with semaphore._cond:
        pass
    with semaphore:
        pass
    assert semaphore.log == [1]
