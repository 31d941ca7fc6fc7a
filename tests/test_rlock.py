"""`threading.RLock`: its owner may acquire it again, and only its owner may release it."""

import copy
import gc
import inspect
import pickle
import threading as real_threading
import weakref

import pytest
from support.differ import assert_same_face, error_class, outcome, shape
from support.target import std_threading, threading
from support.workers import Worker, blocked, run_all, start, took

MODULES = [std_threading, threading]

CALLS = {
    "acquire": lambda lock: lock.acquire(),
    "acquire, blocking": lambda lock: lock.acquire(True),
    "acquire, not blocking": lambda lock: lock.acquire(False),
    "acquire, not blocking by keyword": lambda lock: lock.acquire(blocking=False),
    "acquire, blocking as an int": lambda lock: lock.acquire(2),
    "acquire without a timeout": lambda lock: lock.acquire(True, -1),
    "acquire with a timeout": lambda lock: lock.acquire(timeout=0.01),
    "acquire with a timeout of nothing": lambda lock: lock.acquire(timeout=0),
    "acquire with a negative timeout": lambda lock: lock.acquire(timeout=-2),
    "acquire with a timeout, not blocking": lambda lock: lock.acquire(False, 1),
    "acquire with a timeout too large": lambda lock: lock.acquire(timeout=1e100),
    "acquire with an infinite timeout": lambda lock: lock.acquire(timeout=float("inf")),
    "acquire with a timeout that is no number": lambda lock: lock.acquire(
        timeout=float("nan")
    ),
    "acquire with a timeout as a str": lambda lock: lock.acquire(timeout="1"),
    "acquire with a timeout of None": lambda lock: lock.acquire(timeout=None),
    "acquire twice": lambda lock: (
        lock.acquire(),
        lock.acquire(False),
        lock.acquire(timeout=1),
    ),
    "release": lambda lock: lock.release(),
    "release once too often": lambda lock: (
        lock.acquire(),
        lock.release(),
        lock.release(),
    ),
    "enter": lambda lock: lock.__enter__(),
    "exit": lambda lock: lock.__exit__(None, None, None),
    "enter and exit": lambda lock: (lock.__enter__(), lock.__exit__(None, None, None)),
    "is owned": lambda lock: (lock._is_owned(), lock.acquire(), lock._is_owned()),
    "recursion count": lambda lock: (
        lock._recursion_count(),
        lock.acquire(),
        lock._recursion_count(),
        lock.acquire(),
        lock._recursion_count(),
        lock.release(),
        lock._recursion_count(),
    ),
    "save while free": lambda lock: lock._release_save(),
    "save and restore": lambda lock: (
        lock.acquire(),
        lock.acquire(),
        state := lock._release_save(),
        repr(lock),
        lock._acquire_restore(state),
        repr(lock),
    ),
    "anew after fork": lambda lock: (
        lock.acquire(),
        lock._at_fork_reinit(),
        repr(lock),
    ),
    "repr": repr,
    "repr while held": lambda lock: (lock.acquire(), lock.acquire(), repr(lock)),
    "a new attribute": lambda lock: setattr(lock, "note", 1),
    "an unknown attribute": lambda lock: lock.note,
    "pickle": pickle.dumps,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "truth": bool,
    "type": type,
    "weak reference": lambda lock: weakref.ref(lock)() is lock,
    "comparison": lambda lock: lock < 1,
    "locked": lambda lock: lock.locked(),
}


@pytest.mark.parametrize("case", CALLS)
def test_an_rlock_answers_as_the_standard_one(case):
    standard, ours = [outcome(CALLS[case], module.RLock()) for module in MODULES]
    assert ours == standard


@pytest.mark.parametrize(
    "call",
    [
        lambda lock: lock.acquire(False),
        lambda lock: lock.acquire(timeout=0.01),
        lambda lock: lock.release(),
        lambda lock: lock._is_owned(),
        lambda lock: lock._recursion_count(),
        lambda lock: (lock._at_fork_reinit(), repr(lock)),
    ],
)
def test_an_rlock_held_by_another_thread_answers_as_the_standard_one(call):
    outcomes = []
    for module in MODULES:
        lock = module.RLock()
        holder = Worker()
        assert holder.call(lock.acquire).result()
        outcomes.append(outcome(call, lock))
        holder.close()
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("args", [(), (1,), (None, 2)])
def test_rlock_takes_arguments_as_in_this_version(args):
    standard, ours = [outcome(lambda m=m: m.RLock(*args) and None) for m in MODULES]
    assert ours == standard


@pytest.mark.parametrize(
    "call",
    [
        lambda lock: lock.acquire(True, 1, 2),
        lambda lock: lock.acquire(wait=True),
        lambda lock: lock.acquire("x"),
        lambda lock: lock.release(1),
        lambda lock: lock._acquire_restore("x"),
    ],
)
def test_a_call_of_another_shape_is_a_type_error(call):
    standard, ours = [error_class(call, module.RLock()) for module in MODULES]
    assert ours == standard


def test_rlock_is_a_class_or_a_function_as_in_this_version():
    assert inspect.isclass(threading.RLock) == inspect.isclass(std_threading.RLock)
    assert threading.RLock.__name__ == std_threading.RLock.__name__
    assert threading.RLock.__module__ == std_threading.RLock.__module__
    assert threading.RLock.__doc__


def test_rlock_has_every_standard_name_with_its_signature_and_a_docstring():
    assert_same_face(std_threading.RLock(), threading.RLock())


def test_type_and_repr_read_as_the_standard_ones():
    standard, ours = [type(module.RLock()) for module in MODULES]
    assert repr(ours) == repr(standard)
    lock = threading.RLock()
    assert shape(lock) == "<unlocked _thread.RLock object owner=0 count=0 at 0x>"
    with lock:
        owner = real_threading.get_ident()
        assert (
            shape(lock) == f"<locked _thread.RLock object owner={owner} count=1 at 0x>"
        )


def test_the_owner_enters_again_and_frees_it_after_as_many_exits():
    lock = threading.RLock()
    for depth in range(1, 101):
        assert lock.acquire() is True
        assert lock._recursion_count() == depth
    for _ in range(99):
        lock.release()
    assert start(lock.acquire, False).result() is False
    lock.release()
    assert start(lock.acquire, False).result() is True


def test_nested_with_holds_until_the_outermost_exit():
    lock = threading.RLock()
    with lock as entered:
        assert entered is True
        with pytest.raises(KeyError), lock:
            raise KeyError
        assert lock._is_owned()
        assert start(lock.acquire, False).result() is False
    assert not lock._is_owned()


def test_another_thread_waits_for_the_last_release():
    lock = threading.RLock()
    lock.acquire()
    lock.acquire()
    waiter = blocked(lock.acquire)
    lock.release()
    waiter.blocks()
    lock.release()
    assert waiter.result() is True
    assert not lock._is_owned()


def test_only_the_owner_may_release():
    lock = threading.RLock()
    with lock:
        with pytest.raises(RuntimeError, match="^cannot release un-acquired lock$"):
            start(lock.release).result()
        assert lock._is_owned()
    with pytest.raises(RuntimeError, match="^cannot release un-acquired lock$"):
        lock.release()


def test_a_timed_acquire_times_out():
    lock = threading.RLock()
    holder = Worker()
    holder.call(lock.acquire).result()
    with took(at_least=0.03):
        assert lock.acquire(timeout=0.03) is False
    assert not lock._is_owned()
    holder.call(lock.release).result()
    assert lock.acquire(timeout=0.03) is True
    holder.close()


def test_saved_state_gives_the_lock_up_whole_and_takes_it_back_as_deep():
    lock = threading.RLock()
    for _ in range(3):
        lock.acquire()
    state = lock._release_save()
    assert state == (3, real_threading.get_ident())
    assert start(lambda: (lock.acquire(False), lock.release())[0]).result() is True
    lock._acquire_restore(state)
    assert lock._recursion_count() == 3


def test_restoring_waits_for_the_lock():
    lock = threading.RLock()
    worker = Worker()

    def save():
        lock.acquire()
        lock.acquire()
        return lock._release_save()

    state = worker.call(save).result()
    with lock:
        worker.call(lock._acquire_restore, state).blocks()
    worker.result()
    assert worker.call(lock._recursion_count).result() == 2
    worker.close()


def test_a_subclass_may_carry_attributes_and_methods():
    class Named(type(threading.RLock())):
        """A lock with a name."""

        def __init__(self, name):
            super().__init__()
            self.name = name

        def acquire(self, blocking=True, timeout=-1):
            self.last = blocking
            return super().acquire(blocking, timeout)

    lock = Named("here")
    assert isinstance(lock, type(threading.RLock()))
    assert lock.acquire(False) is True
    assert vars(lock) == {"name": "here", "last": False}
    lock.release()
    with lock:
        assert lock._is_owned()
    dead = weakref.ref(lock)
    lock.me = lock
    del lock
    gc.collect()
    assert dead() is None


def test_only_one_thread_is_inside():
    lock, counts, rounds = threading.RLock(), [0], 2000

    def work():
        for _ in range(rounds):
            with lock:
                seen = counts[0]
                with lock:
                    counts[0] = seen + 1

    run_all(*[work] * 4)
    assert counts == [4 * rounds]
    assert not lock._is_owned()


def test_at_fork_reinit_makes_a_held_lock_usable():
    lock = threading.RLock()
    start(lock.acquire).result()
    lock._at_fork_reinit()
    assert lock.acquire(False) is True
    assert lock._recursion_count() == 1


@pytest.mark.parametrize("case", ["class", "subclass", "with its own __init__"])
@pytest.mark.parametrize("args", [(), (1,), (1, 2)])
@pytest.mark.parametrize("kwargs", [{}, {"reentrant": True}])
def test_the_class_itself_takes_arguments_as_in_this_version(case, args, kwargs):
    def made(module):
        cls = type(module.RLock())
        if case == "subclass":
            cls = type("Own", (cls,), {})
        elif case != "class":
            cls = type("Own", (cls,), {"__init__": lambda self, *_, **__: None})
        return cls(*args, **kwargs) and None

    standard, ours = [outcome(lambda m=m: made(m)) for m in MODULES]
    assert ours == standard


@pytest.mark.parametrize(
    "given",
    [
        *(
            (),
            (1.5,),
            ((1,),),
            ((1, 2, 3),),
            ((1, "x"),),
            (("x", 1),),
            ("ab",),
            (b"ab",),
        ),
        *((1, 2), ((1.5, 0),), (None,), ([1, "x"],), ({1: 2},)),
    ],
    ids=repr,
)
def test_a_state_that_was_not_saved_is_refused_as_by_the_standard_lock(given):
    standard, ours = [
        outcome(module.RLock()._acquire_restore, *given) for module in MODULES
    ]
    assert ours == standard
