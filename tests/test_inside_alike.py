"""A lock, condition, event, semaphore, barrier or timer whose parts a program changes goes on as
the standard one does.
"""

import sys
from collections import deque
from decimal import Decimal
from fractions import Fraction

import pytest
from classes import CLASSES, standard
from support.alike import SIDES, alike
from support.differ import outcome
from support.workers import start, until


class Number(int):
    def __repr__(self):
        return f"Number({int(self)})"


@pytest.mark.parametrize("value", [True, Number(2), 2.5, 1])
def test_a_semaphores_value_is_kept_as_it_was_passed(value):
    def use(t, q, f):
        seen = []
        for cls in (t.Semaphore, t.BoundedSemaphore):
            semaphore = cls(value)
            seen.append((semaphore._value, repr(semaphore).partition(":")[2]))
            semaphore.acquire()
            seen.append((semaphore._value, type(semaphore._value).__name__))
            semaphore.release()
            semaphore._value = value
            seen.append(semaphore._value)
        return seen

    alike(use)


def test_the_old_name_of_is_set_calls_the_one_of_the_subclass():
    def use(t, q, f):
        class Mine(t.Event):
            def is_set(self):
                return "mine"

        return Mine().isSet()

    theirs, mine = (outcome(use, *side) for side in SIDES)
    assert mine[0] == theirs[0]


def test_entering_a_semaphore_is_acquiring_it():
    def use(t, q, f):
        semaphore = t.Semaphore(1)
        return (
            semaphore.__enter__(),
            semaphore.__enter__(False),
            semaphore.__enter__(blocking=False),
            semaphore.__enter__(timeout=0),
            t.Semaphore.__enter__ is t.Semaphore.acquire,
        )

    assert alike(use)[0] == "returned"


@pytest.mark.parametrize(
    "act",
    [
        lambda s: s.__exit__(None, None, None),
        lambda s: s.__exit__(t=None, v=None, tb=None),
        lambda s: s.__exit__(None, v=None, tb=None),
    ],
)
def test_leaving_takes_the_standard_names(act):
    alike(lambda t, q, f: act(t.Semaphore(0)))

    def leave(t, q, f):
        condition = t.Condition()
        counts = (3,) if sys.version_info >= (3, 15) else (0, 3, 5)
        for arguments in [(None,) * count for count in counts]:
            condition.acquire()
            condition.__exit__(*arguments)
        return condition._is_owned()

    alike(leave)


@pytest.mark.parametrize("over", ["Lock", "RLock"])
def test_a_condition_can_be_given_another_lock(over):
    def use(t, q, f):
        condition = t.Condition(getattr(t, over)())
        old, new = condition._lock, t.Lock()
        condition._lock = new
        seen = [condition._lock is new]
        with condition:
            seen += [new.locked(), old.acquire(False)]
            if over == "Lock":
                seen.append(condition._is_owned())
                condition.notify()
                seen.append(condition.wait(0))
        seen += [new.locked(), condition.acquire.__self__ is old]
        return seen

    assert alike(use)[0] == "returned"


def test_waiters_are_live():
    for t, _, _ in SIDES:
        condition = t.Condition()
        waiters = condition._waiters
        assert len(waiters) == 0 and not waiters

        def wait(condition=condition):
            with condition:
                return condition.wait(30)

        waiter = start(wait)
        until(lambda waiters=waiters: len(waiters) == 1)
        assert len(list(waiters)) == 1 and waiters
        with condition:
            condition.notify()
        assert waiter.result() is True and len(waiters) == 0


def test_a_container_of_the_programs_own_holds_the_waiters():
    for t, _, _ in SIDES:
        condition = t.Condition()
        condition._waiters = mine = deque()

        def wait(timeout, condition=condition):
            with condition:
                return condition.wait(timeout)

        waiters = [start(wait, 30) for _ in range(3)]
        until(lambda mine=mine: len(mine) == 3)
        assert all(lock.locked() for lock in mine)
        with condition:
            condition.notify(2)
        until(lambda waiters=waiters: sum(w.finished for w in waiters) == 2)
        assert len(mine) == 1 and repr(condition).endswith(", 1)>")
        with condition:
            condition.notify_all()
        assert [waiter.result() for waiter in waiters] == [True] * 3
        assert wait(0) is False and not mine


def test_a_condition_taken_by_a_second_init_has_the_new_lock():
    def use(t, q, f):
        condition, lock = t.Condition(), t.Lock()
        condition.__init__(lock)
        with condition:
            return condition._lock is lock, lock.locked()

    alike(use)

    def barrier(t, q, f):
        barrier = t.Barrier(2)
        barrier.abort()
        barrier.__init__(1, lambda: None)
        return barrier.wait(), barrier.parties, barrier.broken

    alike(barrier)


MISSED = [(name, part) for name, row in standard().items() for part in row.missed]


@pytest.mark.parametrize(("name", "part"), MISSED)
def test_a_part_that_was_deleted_is_missed_as_in_the_standard_object(name, part):
    row = CLASSES[name]
    for use in row.uses:

        def act(side, use=use):
            subject = row.new_for_one(side)
            delattr(subject, part)
            return use(subject)

        theirs, mine = (outcome(act, side)[0][:2] for side in SIDES)
        assert mine == theirs


@pytest.mark.parametrize("value", [5, None, "text", object()])
def test_what_is_no_context_manager_is_refused_in_the_same_words(value):
    attempts = {
        "event": lambda t, q, f: (e := t.Event(), setattr(e, "_cond", value), e.set()),
        "semaphore": lambda t, q, f: (
            s := t.Semaphore(0),
            setattr(s, "_cond", value),
            s.release(),
        ),
        "barrier": lambda t, q, f: (
            b := t.Barrier(1),
            setattr(b, "_cond", value),
            b.wait(),
        ),
        "queue": lambda t, q, f: (
            one := q.Queue(),
            setattr(one, "not_empty", value),
            one.get(),
        ),
        "future": lambda t, q, f: (
            one := f.Future(),
            setattr(one, "_condition", value),
            one.set_result(1),
        ),
        "a future that is asked": lambda t, q, f: (
            one := f.Future(),
            setattr(one, "_condition", value),
            one.done(),
        ),
        "condition": lambda t, q, f: t.Condition(value) if value is not None else None,
        "a condition's lock": lambda t, q, f: (
            c := t.Condition(),
            setattr(c, "_lock", value),
            c.__enter__(),
        ),
    }
    for attempt in attempts.values():
        alike(attempt)


@pytest.mark.parametrize("name", standard("parts"))
def test_a_mixin_before_the_class_sees_the_dict_too(name):
    class Mixin:
        def saved(self):
            return set(self.__dict__)

    row = CLASSES[name]

    def use(side):
        mixed = type("Mixed", (Mixin, row.get(side)), {})
        thing = mixed(*row.arguments)
        thing.note = 1
        deeper = type("Deeper", (mixed,), {})(*row.arguments)
        return sorted(thing.saved()), thing.saved() - {"note"} == deeper.saved()

    theirs, mine = (outcome(use, side) for side in SIDES)
    assert mine == theirs
    assert mine[0][0] == "returned"


def test_the_repr_of_a_condition_looks_its_lock_up_by_name():
    def use(t, q, f):
        class Mine(t.Condition):
            def __getattr__(self, name):
                return f"no {name}"

        condition = Mine()
        vars(condition)
        del condition._lock
        return repr(condition)

    assert "no _lock" in str(alike(use))


def test_the_repr_of_a_condition_counts_its_waiters_before_it_shows_its_lock():
    def use(t, q, f):
        condition = t.Condition(t.Lock())
        condition._waiters = object()
        condition._lock = condition
        try:
            return repr(condition)
        except Exception as error:  # noqa: BLE001 - any exception is an answer
            return type(error).__name__

    assert alike(use)[2] == "TypeError"


@pytest.mark.parametrize("timeout", [Decimal("0.001"), Fraction(1, 2), 1j, "soon", [1]])
def test_a_pending_timer_refuses_a_timeout_in_the_same_words(timeout):
    def use(t, q, f):
        timer = t.Timer(60, print)
        timer.start()
        try:
            timer.join(timeout)
        finally:
            timer.cancel()

    alike(use)


def test_a_pending_timer_is_asked_for_its_started_event():
    def use(t, q, f):
        timer = t.Timer(60, print)
        timer.start()
        started = timer._started
        del timer._started
        try:
            return timer.is_alive()
        finally:
            timer._started = started
            timer.cancel()

    alike(use)
