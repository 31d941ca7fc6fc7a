"""A `threading.Condition` answers, raises and calls its lock as the standard one. So do its names
and its subclasses.
"""

import copy
import inspect
import pickle
import warnings
import weakref

import pytest
from support.conditions import LOCKS, wait_once
from support.differ import assert_same_face, error_class, outcome, shape
from support.foreign import OwnedLock, PlainLock
from support.target import std_threading, threading
from support.workers import blocked, start

MODULES = [std_threading, threading]


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


@pytest.mark.parametrize("timeout", [1j, 1e100])
def test_a_condition_that_takes_its_lock_once_ends_a_refused_wait_with_it_held_once(
    timeout,
):
    held = []
    for module in MODULES:
        condition = module.Condition()
        # From here on `_acquire_restore` is that of the class, which forgets the count.
        del condition._acquire_restore
        condition.acquire()
        condition.acquire()
        with pytest.raises((TypeError, OverflowError)):
            condition.wait(timeout)
        condition.release()
        held.append(condition._is_owned())
    assert held == [False, False]


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
def test_a_number_to_notify_that_is_none_is_refused_where_a_thread_waits(module):
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
    calls = []

    class Watched(module.Condition):
        def notify(self, n=1):
            calls.append(n)
            super().notify(n)

    condition = Watched()

    def wait():
        with condition:
            return condition.wait(20)

    waiters = [blocked(wait) for _ in range(2)]
    with condition:
        condition.notify_all()
    assert [waiter.result() for waiter in waiters] == [True] * 2
    assert calls == [2]


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
