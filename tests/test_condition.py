"""`threading.Condition`: waiting for a notification, in the order of arrival, over any lock object."""

import copy
import inspect
import pickle
import warnings
import weakref

import pytest
from support.differ import assert_same_face, error_class, outcome, shape
from support.foreign import OwnedLock, PlainLock
from support.target import std_threading, threading
from support.workers import Worker, blocked, start, took, until

MODULES = [std_threading, threading]

LOCKS = {
    "its own": lambda module: module.Condition(),
    "None": lambda module: module.Condition(None),
    "a Lock": lambda module: module.Condition(module.Lock()),
    "an RLock": lambda module: module.Condition(module.RLock()),
    "a standard Lock": lambda module: module.Condition(std_threading.Lock()),
    "a standard RLock": lambda module: module.Condition(std_threading.RLock()),
    "a plain foreign lock": lambda module: module.Condition(PlainLock()),
    "a foreign lock that knows its owner": lambda module: module.Condition(
        lock=OwnedLock()
    ),
}


@pytest.fixture(params=LOCKS)
def condition(request):
    return LOCKS[request.param](threading)


@pytest.fixture(params=LOCKS)
def pair(request):
    return [LOCKS[request.param](module) for module in MODULES]


WHILE_FREE = {
    "wait": lambda c: c.wait(),
    "wait a while": lambda c: c.wait(0.01),
    "notify": lambda c: c.notify(),
    "notify two": lambda c: c.notify(2),
    "notify all": lambda c: c.notify_all(),
    "notify all by its old name": lambda c: c.notifyAll(),
    "wait for what is true": lambda c: c.wait_for(lambda: "yes"),
    "wait for what is false": lambda c: c.wait_for(lambda: 0, 0.01),
    "release": lambda c: c.release(),
    "acquire": lambda c: c.acquire(),
    "acquire, not blocking": lambda c: c.acquire(False),
    "is owned": lambda c: (c._is_owned(), c.acquire(), c._is_owned()),
    "repr": repr,
    "pickle": pickle.dumps,
    "deepcopy": copy.deepcopy,
    "an unknown attribute": lambda c: c.note,
    "a new attribute": lambda c: setattr(c, "note", 1) or c.note,
    "waiters": lambda c: len(c._waiters),
}

WHILE_HELD = {
    "wait 0": lambda c: c.wait(0),
    "wait 0.0": lambda c: c.wait(0.0),
    "wait -1": lambda c: c.wait(-1),
    "wait False": lambda c: c.wait(False),
    "wait a while": lambda c: c.wait(0.01),
    "wait a while by keyword": lambda c: c.wait(timeout=0.01),
    "wait 'x'": lambda c: c.wait("x"),
    "wait inf": lambda c: c.wait(float("inf")),
    "wait nan": lambda c: c.wait(float("nan")),
    "wait 1e100": lambda c: c.wait(1e100),
    "wait 10**30": lambda c: c.wait(10**30),
    "wait for what is true": lambda c: c.wait_for(lambda: "yes"),
    "wait for what is true, no time": lambda c: c.wait_for(lambda: "yes", -1),
    "wait for what is false": lambda c: c.wait_for(lambda: 0, 0.01),
    "wait for what is false, no time": lambda c: c.wait_for(
        predicate=lambda: "", timeout=0
    ),
    "wait for what is false, less than no time": lambda c: c.wait_for(lambda: (), -1),
    "wait for what is false, 'x'": lambda c: c.wait_for(lambda: (), "x"),
    "wait for what raises": lambda c: c.wait_for(lambda: 1 // 0),
    "wait for no function": lambda c: c.wait_for(None),
    "notify": lambda c: c.notify(),
    "notify 0": lambda c: c.notify(0),
    "notify -1": lambda c: c.notify(-1),
    "notify 5": lambda c: c.notify(n=5),
    "notify 1.5": lambda c: c.notify(1.5),
    "notify None": lambda c: c.notify(None),
    "notify 'x'": lambda c: c.notify("x"),
    "notify all": lambda c: c.notify_all(),
    "notify all by its old name": lambda c: c.notifyAll(),
    "repr": repr,
    "is owned": lambda c: c._is_owned(),
    "release twice": lambda c: (c.release(), c.release()),
}


@pytest.mark.parametrize("case", WHILE_FREE)
def test_a_free_condition_answers_as_the_standard_one(pair, case):
    standard, ours = [outcome(WHILE_FREE[case], condition) for condition in pair]
    assert ours == standard


@pytest.mark.parametrize("case", WHILE_HELD)
def test_a_held_condition_answers_as_the_standard_one_and_stays_held(pair, case):
    for condition in pair:
        assert condition.acquire()
    standard, ours = [
        (
            outcome(WHILE_HELD[case], condition),
            len(condition._waiters),
            condition._is_owned(),
        )
        for condition in pair
    ]
    assert ours == standard


@pytest.mark.parametrize(
    "make",
    [
        lambda module: module.Condition(5),
        lambda module: module.Condition(object()),
        lambda module: module.Condition("lock"),
    ],
)
def test_what_is_no_lock_is_refused_as_by_the_standard_one(make):
    standard, ours = [outcome(make, module) for module in MODULES]
    assert ours == standard


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.Condition(m.Lock(), 1),
        lambda m: m.Condition(mutex=None),
        lambda m: m.Condition().wait(1, 2),
        lambda m: m.Condition().wait_for(),
        lambda m: m.Condition().notify(1, 2),
        lambda m: m.Condition().notify_all(1),
    ],
)
def test_a_call_of_another_shape_is_a_type_error(call):
    assert [error_class(call, module) for module in MODULES] == [TypeError, TypeError]


def test_condition_is_a_class_with_every_standard_name():
    assert inspect.isclass(threading.Condition)
    assert repr(threading.Condition) == "<class 'threading.Condition'>"
    assert_same_face(std_threading.Condition(), threading.Condition())


def test_repr_shows_the_lock_and_the_number_of_waiters():
    condition = threading.Condition(threading.Lock())
    assert shape(condition) == "<Condition(<unlocked _thread.lock object at 0x>, 0)>"
    waiters = [blocked(wait_once, condition) for _ in range(2)]
    with condition:
        assert shape(condition) == "<Condition(<locked _thread.lock object at 0x>, 2)>"
        condition.notify_all()
    assert [waiter.result() for waiter in waiters] == [True, True]
    assert repr(condition).endswith(", 0)>")


def test_condition_exports_the_methods_of_its_lock():
    lock = PlainLock()
    condition = threading.Condition(lock)
    assert condition._lock is lock
    condition.acquire(False)
    assert lock.log == ["acquire(False)"]
    condition.release()
    assert lock.log == ["acquire(False)", "release()"]
    assert start(condition.acquire, True, 1).result() is True
    assert lock.log[-1] == "acquire(True, 1)"


@pytest.mark.parametrize("kind", [PlainLock, OwnedLock])
def test_a_foreign_lock_is_called_as_by_the_standard_condition(kind):
    logs = []
    for module in MODULES:
        lock = kind()
        condition = module.Condition(lock)
        with condition:
            condition.wait(0.01)
            condition.notify()
            condition.wait_for(lambda: True)
        waiter = blocked(wait_once, condition)
        condition.acquire()
        condition.notify_all()
        condition.release()
        waiter.result()
        logs.append(lock.log)
    assert logs[0] == logs[1]


def wait_once(condition, timeout=None):
    with condition:
        return condition.wait(timeout)


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


@pytest.mark.parametrize("module", MODULES)
def test_a_number_to_notify_that_is_not_whole_is_counted_down(module):
    condition = module.Condition()

    def wait():
        with condition:
            return condition.wait(20)

    waiters = [blocked(wait) for _ in range(3)]
    with condition:
        condition.notify(1.5)
        assert len(condition._waiters) == 1
        condition.notify(0.5)
    assert [waiter.result() for waiter in waiters] == [True] * 3


@pytest.mark.parametrize("module", MODULES)
def test_a_number_to_notify_that_is_none_is_refused_where_somebody_waits(module):
    condition = module.Condition()

    def wait():
        with condition:
            return condition.wait(20)

    waiter = blocked(wait)
    with condition:
        with pytest.raises(TypeError, match="not supported between instances"):
            condition.notify(None)
        condition.notify()
    assert waiter.result() is True


@pytest.mark.parametrize("module", MODULES)
def test_notify_all_of_a_subclass_is_a_notify_of_all(module):
    told = []

    class Watched(module.Condition):
        def notify(self, n=1):
            told.append(n)
            super().notify(n)

    condition = Watched()

    def wait():
        with condition:
            return condition.wait(20)

    waiters = [blocked(wait) for _ in range(2)]
    with condition:
        condition.notify_all()
    assert [waiter.result() for waiter in waiters] == [True] * 2
    assert told == [2]


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("name", ["acquire", "release"])
def test_the_methods_of_the_lock_may_be_replaced(module, name):
    condition = module.Condition(module.Lock())
    usual, other = getattr(condition, name), module.Condition()
    setattr(condition, name, lambda: "replaced")
    assert getattr(condition, name)() == "replaced"
    assert getattr(other, name) is not getattr(condition, name)
    # As in the standard class, the `with` statement asks the lock.
    with condition:
        assert condition._lock.locked()
    setattr(condition, name, usual)
    condition.acquire()
    condition.release()
    assert not condition._lock.locked()


def test_notify_all_wakes_everyone(condition):
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


def test_a_timed_wait_gives_up_in_time_and_holds_the_lock_again(condition):
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
    entering = std_threading.Event()

    def wait_briefly():
        with condition:
            entering.set()
            return condition.wait(0.02)

    waiter = start(wait_briefly)
    entering.wait()
    with condition:
        waiter.blocks()
    assert waiter.result() is False


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


def test_notify_all_by_its_old_name_warns_its_caller():
    condition = threading.Condition()
    waiter = blocked(wait_once, condition)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with condition:
            condition.notifyAll()
    assert waiter.result() is True
    assert [str(w.message) for w in caught] == [
        "notifyAll() is deprecated, use notify_all() instead"
    ]
    assert caught[0].category is DeprecationWarning
    assert caught[0].filename == __file__


def test_a_subclass_may_carry_attributes_and_override_methods():
    class Logged(threading.Condition):
        """A condition that counts its notifications."""

        def __init__(self, name):
            super().__init__(threading.Lock())
            self.name = name
            self.notified = 0

        def notify(self, n=1):
            self.notified += n
            super().notify(n)

    condition = Logged("door")
    waiter = blocked(wait_once, condition)
    with condition:
        condition.notify(2)
    assert waiter.result() is True
    assert (condition.name, condition.notified) == ("door", 2)
    assert condition.__dict__["name"] == "door"
    assert weakref.ref(condition)() is condition


def test_at_fork_reinit_forgets_waiters_and_holder():
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
