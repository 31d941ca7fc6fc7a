"""An object whose parts a program changes goes on as the standard one does."""

import concurrent.futures as std_futures
import pickle
import sys
from collections import deque
from decimal import Decimal
from fractions import Fraction

import pytest
import weftline.concurrent.futures as our_futures
from support.differ import outcome
from support.target import (
    INSTALLED,
    STANDARD,
    ours_before,
    queue,
    std_queue,
    std_threading,
    threading,
)
from support.workers import start, until

futures = std_futures if STANDARD or INSTALLED else our_futures

SIDES = [(std_threading, std_queue, std_futures), (threading, queue, futures)]


def alike(act):
    """Asserts that `act` has the same outcome on weftline's modules as on the standard ones;
    returns it.
    """
    theirs, mine = (outcome(act, *side) for side in SIDES)
    assert mine == theirs
    return mine[0]


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


def test_init_of_a_queue_takes_the_standard_name():
    for kind in ("Queue", "LifoQueue", "PriorityQueue"):

        def use(t, q, f, kind=kind):
            one = getattr(q, kind)()
            return one._init(maxsize=3), one.queue

        assert alike(use)[0] == "returned"


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


PARTS = {
    "Event": (lambda t, q, f: t.Event(), ["_flag", "_cond"]),
    "Semaphore": (lambda t, q, f: t.Semaphore(), ["_value", "_cond"]),
    "BoundedSemaphore": (lambda t, q, f: t.BoundedSemaphore(), ["_initial_value"]),
    "Condition": (lambda t, q, f: t.Condition(), ["_lock", "_waiters", "acquire"]),
    "Barrier": (lambda t, q, f: t.Barrier(1), ["_state", "_count", "_cond"]),
    "Queue": (lambda t, q, f: q.Queue(), ["queue", "mutex", "maxsize"]),
    "Future": (lambda t, q, f: f.Future(), ["_state", "_condition", "_result"]),
}
USES = {
    "Event": [lambda e: e.is_set(), lambda e: e.set(), lambda e: e.wait(0)],
    "Semaphore": [lambda s: s.acquire(), lambda s: s.release()],
    "Condition": [lambda c: c.acquire(), lambda c: c.__enter__(), lambda c: repr(c)],
    "Barrier": [lambda b: b.wait(), lambda b: b.n_waiting, lambda b: b.reset()],
    "Queue": [lambda q: q.put(1), lambda q: q.qsize(), lambda q: q.get(False)],
    "Future": [lambda f: f.done(), lambda f: f.cancel(), lambda f: f.set_result(1)],
}
USES["BoundedSemaphore"] = USES["Semaphore"]


@pytest.mark.parametrize(
    "kind, part", [(kind, part) for kind, (_, parts) in PARTS.items() for part in parts]
)
def test_a_part_that_was_deleted_is_missed_as_in_the_standard_object(kind, part):
    for use in USES[kind]:

        def act(*side, use=use):
            subject = PARTS[kind][0](*side)
            delattr(subject, part)
            return use(subject)

        theirs, mine = (outcome(act, *side)[0][:2] for side in SIDES)
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


def test_a_future_with_another_condition_goes_on_under_that():
    def use(t, q, f):
        future = f.Future()
        future._condition = t.Condition(t.Lock())
        waiter = start(future.result, 30)
        until(lambda: len(future._condition._waiters) == 1)
        future.set_result(5)
        return waiter.result(), future.done(), future.exception()

    alike(use)


@pytest.mark.parametrize("how", ["cleared", "replaced", "deleted"])
def test_callbacks_that_were_taken_away_are_not_called(how):
    def use(t, q, f):
        called = []
        future = f.Future()
        future.add_done_callback(called.append)
        if how == "cleared":
            future._done_callbacks.clear()
        elif how == "replaced":
            future._done_callbacks = []
        else:
            del future._done_callbacks[0]
        future.set_result(1)
        future.add_done_callback(lambda _: called.append("late"))
        return called

    assert alike(use) == ("returned", "builtins.list", "['late']")


class Falsy(Exception):
    def __bool__(self):
        return False


@pytest.mark.parametrize(
    "exception", [False, None, 0, "", Falsy(), ValueError("x"), ValueError]
)
def test_an_exception_that_is_false_is_returned_and_not_raised(exception):
    for act in (
        lambda one: one.exception(),
        lambda one: one.result(),
        repr,
        lambda one: one._Future__get_result(),
    ):
        for is_inflated in (False, True):

            def use(t, q, f, act=act, is_inflated=is_inflated):
                one = f.Future()
                if is_inflated:
                    vars(one)
                one.set_exception(exception)
                return act(one)

            alike(use)


@pytest.mark.parametrize("state", ["FINISHED", "RUNNING", "CANCELLED", "odd", 5])
def test_a_state_that_was_set_counts(state):
    for act in (
        lambda one: one.done(),
        lambda one: one.cancel(),
        lambda one: one.running(),
        lambda one: one.result(0),
        lambda one: one.set_result(2),
        lambda one: one.add_done_callback(str) or one._done_callbacks == [str],
        lambda one: one._state,
    ):
        for by in (lambda one: one.__dict__.update(_state=state), None):

            def use(t, q, f, act=act, by=by):
                one = f.Future()
                if by:
                    by(one)
                else:
                    one._state = state
                return act(one)

            alike(use)


def test_a_future_that_is_waited_for_while_its_state_is_set():
    for _, _, f in SIDES:
        future, other = f.Future(), f.Future()
        waiter = start(f.wait, [future, other], 30, f.FIRST_COMPLETED)
        until(lambda w=waiter, f=future: w.finished or f._waiters)
        with future._condition:
            future._result, future._state = 7, "FINISHED"
            for one in future._waiters:
                one.add_result(future)
            future._condition.notify_all()
        done, left = waiter.result()
        assert done == {future} and left == {other} and future.result() == 7


@pytest.mark.parametrize("kind", ["Queue", "LifoQueue", "PriorityQueue"])
def test_a_queue_may_use_the_name_is_shutdown_where_the_standard_one_has_none(kind):
    def method(t, q, f):
        class Mine(getattr(q, kind)):
            def is_shutdown(self):
                return "mine"

        one = Mine(3)
        one.put(1)
        return one.get(), one.is_shutdown(), "is_shutdown" in vars(one)

    def attribute(t, q, f):
        class Mine(getattr(q, kind)):
            is_shutdown = True

        one = Mine()
        one.put(1)
        one.is_shutdown = "set"
        return one.get(), one.is_shutdown

    def read_only(t, q, f):
        class Mine(getattr(q, kind)):
            @property
            def is_shutdown(self):
                return True

        one = Mine()
        one.put(1)
        return one.get(), one.mutex.locked()

    for use in (method, attribute, read_only):
        if sys.version_info < (3, 13):
            assert alike(use)[0] == "returned"
        else:
            alike(use)


@ours_before(3, 13)
def test_shutting_down_works_where_the_standard_queue_cannot():
    for inflate_first in (False, True):
        one = queue.Queue()
        if inflate_first:
            assert one.mutex.locked() is False
        one.put(1)
        assert one.is_shutdown is False
        one.shutdown()
        assert one.is_shutdown is True and one.get() == 1
        with pytest.raises(queue.ShutDown):
            one.get()
        assert ("is_shutdown" in vars(one)) == (sys.version_info >= (3, 13))
        one.is_shutdown = False
        one.put(2)
        assert one.get() == 2


def test_a_pool_is_not_pickled_for_the_queue_in_it():
    def use(t, q, f):
        with f.ThreadPoolExecutor(1) as pool:
            return pickle.dumps(pool)

    theirs, mine = (outcome(use, *side)[0][:2] for side in SIDES)
    assert mine == theirs


def test_a_mixin_before_the_class_sees_the_dict_too():
    class Mixin:
        def saved(self):
            return set(self.__dict__)

    def use(t, q, f):
        seen = []
        for cls in (q.Queue, q.LifoQueue, t.Event, t.Semaphore, t.Condition, f.Future):
            made = type("Mixed", (Mixin, cls), {})
            one = made()
            one.note = 1
            deeper = type("Deeper", (made,), {})()
            seen += [sorted(one.saved()), one.saved() - {"note"} == deeper.saved()]
        return seen

    assert alike(use)[0] == "returned"


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


@pytest.mark.parametrize("settle", ["set_result", "set_exception"])
def test_settling_looks_a_state_up_by_its_hash(settle):
    def use(t, q, f):
        future = f.Future()
        future._state = []
        getattr(future, settle)(KeyError("k"))

    alike(use)


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


@pytest.mark.skipif(
    sys.version_info < (3, 13), reason="queues are shut down from 3.13 on"
)
def test_a_shutdown_whose_argument_has_no_truth_notifies_no_thread():
    class Doubt:
        def __bool__(self):
            raise ValueError("who knows")

    def use(t, q, f):
        queue = q.Queue()
        del queue.not_empty
        try:
            queue.shutdown(immediate=Doubt())
        except Exception as error:  # noqa: BLE001 - any exception is an answer
            return repr(error), queue.is_shutdown

    alike(use)
