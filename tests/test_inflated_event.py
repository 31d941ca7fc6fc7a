"""Programs that use the condition and the flag inside an event directly.

weftline's event has neither before a program reaches for them. The event then inflates, and behaves
as in the standard library. Each test runs on both.
"""

import pytest
from support.foreign import FOREIGN
from support.workers import blocked, in_time, took


def test_the_condition_of_an_event_is_one_and_over_a_lock(module):
    event = module.Event()
    assert event._cond is event._cond
    assert isinstance(event._cond, module.Condition)
    with event._cond:
        assert event._cond.acquire(False) is False
    assert event._flag is False
    event.set()
    assert event._flag is True
    assert event.wait(0) is True


@pytest.mark.parametrize("is_set", [False, True])
def test_reaching_for_the_condition_leaves_the_flag(module, is_set):
    event = module.Event()
    if is_set:
        event.set()
    with event._cond:
        assert event._flag is is_set
    assert event.is_set() is is_set
    assert event.wait(0) is is_set
    event.clear()
    assert event.is_set() is False
    assert ": unset>" in repr(event)
    event.set()
    assert ": set>" in repr(event)


def test_a_waiter_from_before_the_inflation_sees_a_set_that_a_clear_follows(
    module,
):
    event = module.Event()
    waiters = [blocked(event.wait, limit) for limit in (None, 60, None)]
    with event._cond:
        pass
    event.set()
    event.clear()
    assert [waiter.result() for waiter in waiters] == [True] * 3
    assert event.is_set() is False


def test_a_notification_by_hand_wakes_the_waiters_for_the_event(module):
    event = module.Event()
    before = blocked(event.wait)
    with event._cond:
        pass
    later = blocked(event.wait)
    with event._cond:
        event._cond.notify()
    assert before.result() is True
    later.blocks()
    with event._cond:
        event._cond.notify_all()
    assert later.result() is True
    assert event.is_set() is False


def test_a_waiter_notified_by_hand_goes_on_when_the_condition_is_released(module):
    event, seen = module.Event(), []
    waiter = blocked(lambda: (event.wait(), list(seen))[1])
    with event._cond:
        event._cond.notify_all()
        waiter.blocks()
        seen.append("all of it")
    assert waiter.result() == ["all of it"]


def test_a_flag_raised_by_hand_is_seen_by_later_and_by_notified_waiters(module):
    event = module.Event()
    waiter = blocked(event.wait)
    with event._cond:
        event._flag = True
        event._cond.notify_all()
    assert waiter.result() is True
    assert event.wait() is True
    with event._cond:
        event._flag = False
    assert event.wait(0.001) is False


def test_waiting_by_hand_ends_with_set(module):
    event = module.Event()

    def wait():
        with event._cond:
            return event._cond.wait_for(lambda: event._flag)

    waiters = [blocked(wait), blocked(event.wait)]
    event.set()
    assert [waiter.result() for waiter in waiters] == [True, True]


def test_no_thread_changes_the_flag_while_the_condition_is_held(module):
    event = module.Event()
    with event._cond:
        setter = blocked(event.set)
        assert event.is_set() is False
    setter.result()
    with event._cond:
        clearer = blocked(event.clear)
        assert event.is_set() is True
    clearer.result()
    assert event.is_set() is False


def test_a_wait_that_began_before_keeps_its_limit(module):
    def times_out(timeout):
        event = module.Event()
        with took(at_least=timeout):
            waiter = blocked(event.wait, timeout)
            with event._cond:
                pass
            assert waiter.result() is False
        assert event._cond._is_owned() is False
        assert len(event._cond._waiters) == 0

    in_time(times_out)


def test_the_flag_may_be_any_object(module):
    event = module.Event()
    event._flag = flag = ["up"]
    assert event.is_set() is flag
    assert event.wait() is flag
    event._flag = ()
    assert event.is_set() == ()
    assert event.wait(0.001) is False
    event.set()
    assert event.is_set() is True


def test_a_flag_assigned_before_anything_else_counts(module):
    event = module.Event()
    event._flag = True
    assert event.is_set() is True
    assert event.wait() is True
    event._flag = False
    assert event.is_set() is False
    assert event.wait(0) is False


@pytest.mark.parametrize("make_lock", FOREIGN.values(), ids=FOREIGN)
def test_an_event_over_a_lock_of_ones_own(module, make_lock):
    event, foreign = module.Event(), make_lock()
    event._cond = module.Condition(foreign)
    assert event._cond._lock is foreign
    waiters = [blocked(event.wait), blocked(event.wait, 60)]
    with foreign:
        setter = blocked(event.set)
        assert event.is_set() is False
    setter.result()
    assert [waiter.result() for waiter in waiters] == [True, True]
    event.clear()
    assert event.wait(0.001) is False


def test_a_subclass_that_waits_by_hand(module):
    class Latch(module.Event):
        """An event that counts its waits."""

        def __init__(self):
            super().__init__()
            self.waits = 0

        def wait(self, timeout=None):
            with self._cond:
                self.waits += 1
                while not self._flag:
                    if not self._cond.wait(timeout):
                        return False
                return True

    latch = Latch()
    assert latch.wait(0.001) is False
    waiters = [blocked(latch.wait) for _ in range(3)]
    latch.set()
    assert [waiter.result() for waiter in waiters] == [True] * 3
    assert latch.waits == 4


def test_a_subclass_may_set_its_parts_before_the_class_does(module):
    class Own(module.Event):
        """Has its own parts, and never calls `__init__` of its class."""

        def __init__(self, lock):
            self._cond, self._flag = module.Condition(lock), False

    lock = module.Lock()
    event = Own(lock)
    waiter = blocked(event.wait)
    with lock:
        setter = blocked(event.set)
    setter.result()
    assert waiter.result() is True


def test_beginning_again_makes_a_new_condition(module):
    event = module.Event()
    before = event._cond
    event.set()
    event.__init__()
    assert event._cond is not before
    assert event.is_set() is False
