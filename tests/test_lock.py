"""`threading.Lock`: one owner at a time, released by any thread."""

import copy
import inspect
import pickle
import weakref

import pytest
from support.differ import assert_same_face, error_class, outcome, shape
from support.target import ours_only, std_threading, threading
from support.workers import blocked, run_all, start, took, until

MODULES = [std_threading, threading]

ACQUIRE = {
    "plain": lambda lock: lock.acquire(),
    "blocking": lambda lock: lock.acquire(True),
    "blocking as an int": lambda lock: lock.acquire(1),
    "not blocking": lambda lock: lock.acquire(False),
    "not blocking as an int": lambda lock: lock.acquire(0),
    "not blocking by keyword": lambda lock: lock.acquire(blocking=False),
    "without a timeout": lambda lock: lock.acquire(True, -1),
    "without a timeout as a float": lambda lock: lock.acquire(True, -1.0),
    "not blocking, without a timeout": lambda lock: lock.acquire(False, -1),
    "timeout of nothing": lambda lock: lock.acquire(timeout=0),
    "timeout of nothing as a float": lambda lock: lock.acquire(True, 0.0),
    "short timeout": lambda lock: lock.acquire(True, 0.01),
    "short timeout by keyword": lambda lock: lock.acquire(blocking=True, timeout=0.01),
    "timeout as False": lambda lock: lock.acquire(timeout=False),
    "negative timeout": lambda lock: lock.acquire(timeout=-2),
    "slightly negative timeout": lambda lock: lock.acquire(timeout=-0.5),
    "timeout without blocking": lambda lock: lock.acquire(False, 1),
    "timeout of nothing without blocking": lambda lock: lock.acquire(False, 0),
    "timeout too large": lambda lock: lock.acquire(
        timeout=std_threading.TIMEOUT_MAX * 2
    ),
    "timeout beyond all time": lambda lock: lock.acquire(timeout=1e100),
    "timeout as a huge int": lambda lock: lock.acquire(timeout=10**30),
    "infinite timeout": lambda lock: lock.acquire(timeout=float("inf")),
    "timeout that is no number": lambda lock: lock.acquire(timeout=float("nan")),
    "timeout as a str": lambda lock: lock.acquire(timeout="1"),
    "timeout of None": lambda lock: lock.acquire(timeout=None),
}

ON_A_FREE_LOCK = {
    **ACQUIRE,
    "longest timeout": lambda lock: lock.acquire(timeout=std_threading.TIMEOUT_MAX),
    "release": lambda lock: lock.release(),
    "release by its old name": lambda lock: lock.release_lock(),
    "acquire by its old name": lambda lock: lock.acquire_lock(),
    "locked": lambda lock: lock.locked(),
    "locked by its old name": lambda lock: lock.locked_lock(),
    "enter": lambda lock: lock.__enter__(),
    "exit": lambda lock: lock.__exit__(None, None, None),
    "hold and let go": lambda lock: (
        lock.acquire(),
        lock.locked(),
        lock.release(),
        lock.locked(),
    ),
    "anew after fork": lambda lock: lock._at_fork_reinit(),
    "repr": repr,
    "a new attribute": lambda lock: setattr(lock, "note", 1),
    "an unknown attribute": lambda lock: lock.note,
    "its dict": lambda lock: lock.__dict__,
    "pickle": pickle.dumps,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "truth": bool,
    "weak reference": lambda lock: weakref.ref(lock)() is lock,
    "type": type,
    "another of its type": lambda lock: type(lock)() and None,
    "a subclass": lambda lock: type("Sub", (type(lock),), {}) and None,
    "comparison": lambda lock: lock < 1,
    "use in a set": lambda lock: lock in {lock},
}

WAITS_FOR_EVER = {
    "plain",
    "blocking",
    "blocking as an int",
    "without a timeout",
    "without a timeout as a float",
}

ON_A_HELD_LOCK = {
    **{name: call for name, call in ACQUIRE.items() if name not in WAITS_FOR_EVER},
    "release": lambda lock: lock.release(),
    "release twice": lambda lock: (lock.release(), lock.release()),
    "locked": lambda lock: lock.locked(),
    "exit": lambda lock: lock.__exit__(None, None, None),
    "exit of an exception": lambda lock: lock.__exit__(KeyError, KeyError(), None),
    "anew after fork": lambda lock: (lock._at_fork_reinit(), lock.locked()),
    "repr": repr,
}


@pytest.mark.parametrize("case", ON_A_FREE_LOCK)
def test_a_free_lock_answers_as_the_standard_one(case):
    standard, ours = [
        outcome(ON_A_FREE_LOCK[case], module.Lock()) for module in MODULES
    ]
    assert ours == standard


@pytest.mark.parametrize("case", ON_A_HELD_LOCK)
def test_a_held_lock_answers_as_the_standard_one(case):
    locks = [module.Lock() for module in MODULES]
    for lock in locks:
        lock.acquire()
    standard, ours = [outcome(ON_A_HELD_LOCK[case], lock) for lock in locks]
    assert ours == standard


@pytest.mark.parametrize(
    "call",
    [
        lambda lock: lock.acquire(True, 1, 2),
        lambda lock: lock.acquire(wait=True),
        lambda lock: lock.acquire("x"),
        lambda lock: lock.release(1),
        lambda lock: lock.locked(1),
    ],
)
def test_a_call_of_another_shape_is_a_type_error(call):
    standard, ours = [error_class(call, module.Lock()) for module in MODULES]
    assert ours == standard


class Odd:
    """Converts to a number or a truth value, and counts the conversions."""

    def __init__(self, value):
        self.value, self.asked = value, 0

    def __index__(self):
        self.asked += 1
        if isinstance(self.value, Exception):
            raise self.value
        return self.value

    def __bool__(self):
        return bool(self.__index__())


@pytest.mark.parametrize("kind", ["Lock", "RLock", "Condition"])
@pytest.mark.parametrize("value", [0, 1, 5, -1, -2, 2**70, "x", KeyError("odd")])
@pytest.mark.parametrize("place", ["blocking", "timeout", "timeout of a try"])
def test_an_odd_argument_of_acquire_is_asked_once_as_by_the_standard_lock(
    kind, value, place
):
    def call(module):
        odd = Odd(value)
        lock = getattr(module, kind)()
        given = {
            "blocking": (odd,),
            "timeout": (True, odd),
            "timeout of a try": (False, odd),
        }
        return outcome(lock.acquire, *given[place]), odd.asked

    assert call(threading) == call(std_threading)


def test_lock_is_a_class_or_a_function_as_in_this_version():
    assert inspect.isclass(threading.Lock) == inspect.isclass(std_threading.Lock)
    assert inspect.isroutine(threading.Lock) == inspect.isroutine(std_threading.Lock)
    assert threading.Lock.__name__ == std_threading.Lock.__name__
    assert threading.Lock.__module__ == std_threading.Lock.__module__
    assert error_class(threading.Lock, 1) is TypeError


def test_lock_has_every_standard_name_with_its_signature_and_a_docstring():
    assert_same_face(std_threading.Lock(), threading.Lock())


def test_type_of_a_lock_reads_as_the_standard_one():
    standard, ours = [type(module.Lock()) for module in MODULES]
    assert (ours.__module__, ours.__qualname__) == (
        standard.__module__,
        standard.__qualname__,
    )
    assert repr(ours) == repr(standard)
    assert shape(threading.Lock()) == "<unlocked _thread.lock object at 0x>"
    assert f"at {id(lock := threading.Lock()):#x}" in repr(lock)


def test_with_holds_the_lock_and_frees_it_after_an_exception():
    lock = threading.Lock()
    with lock as entered:
        assert entered is True
        assert lock.locked()
    with pytest.raises(KeyError), lock:
        raise KeyError
    assert not lock.locked()


def test_another_thread_waits_until_the_owner_releases():
    lock = threading.Lock()
    lock.acquire()
    waiter = blocked(lock.acquire)
    lock.release()
    assert waiter.result() is True
    assert lock.locked()


def test_any_thread_may_release():
    lock = threading.Lock()
    lock.acquire()
    assert start(lock.release).result() is None
    assert not lock.locked()


def test_releasing_a_free_lock_is_a_runtime_error():
    with pytest.raises(RuntimeError, match="^release unlocked lock$"):
        threading.Lock().release()


def test_one_release_lets_one_waiter_in():
    lock = threading.Lock()
    lock.acquire()
    waiters = [blocked(lock.acquire) for _ in range(3)]
    finished = 0
    while finished < 3:
        lock.release()
        finished += 1
        until(
            lambda least=finished: sum(waiter.finished for waiter in waiters) >= least
        )
        for waiter in waiters:
            if not waiter.finished:
                waiter.blocks()
        assert sum(waiter.finished for waiter in waiters) == finished
    assert [waiter.result() for waiter in waiters] == [True] * 3


@pytest.mark.parametrize("timeout", [0.03, 1 / 32])
def test_a_timed_acquire_times_out(timeout):
    lock = threading.Lock()
    lock.acquire()
    with took(at_least=timeout):
        assert lock.acquire(timeout=timeout) is False
    assert lock.acquire(True, timeout) is False
    lock.release()
    assert lock.acquire(timeout=timeout) is True


def test_a_timed_acquire_ends_when_the_lock_is_released():
    lock = threading.Lock()
    lock.acquire()
    waiter = blocked(lock.acquire, True, 60)
    with took():
        lock.release()
        assert waiter.result() is True


def test_a_waiter_that_timed_out_takes_no_lock_later():
    lock = threading.Lock()
    lock.acquire()
    assert start(lock.acquire, True, 0.01).result() is False
    lock.release()
    assert not lock.locked()
    assert lock.acquire(False)


def test_after_a_refused_call_the_lock_is_as_it_was():
    lock = threading.Lock()
    for call in (
        lambda: lock.acquire(False, 1),
        lambda: lock.acquire(timeout=-2),
        lambda: lock.acquire(timeout=1e100),
    ):
        with pytest.raises((ValueError, OverflowError)):
            call()
        assert not lock.locked()


def test_only_one_thread_is_inside():
    lock, counts, inside, rounds = threading.Lock(), [0], [], 3000

    def work():
        for _ in range(rounds):
            with lock:
                inside.append(1)
                seen = counts[0]
                assert len(inside) == 1
                counts[0] = seen + 1
                inside.pop()

    run_all(*[work] * 4)
    assert counts == [4 * rounds]


def test_timed_and_untimed_waiters_together_lose_nothing():
    lock, held = threading.Lock(), [0]

    def work(timeout):
        def loop():
            got = 0
            for _ in range(1500):
                if lock.acquire(timeout=timeout):
                    held[0] += 1
                    got += 1
                    lock.release()
            return got

        return loop

    got = run_all(work(-1), work(0.0001), work(0.00001), work(0))
    assert sum(got) == held[0]
    assert got[0] == 1500
    assert not lock.locked()


@ours_only
def test_a_waiter_gets_in_while_another_thread_hammers_the_lock():
    lock, stop = threading.Lock(), std_threading.Event()

    def hammer():
        while not stop.is_set():
            lock.acquire()
            lock.release()

    hammers = [start(hammer) for _ in range(2)]
    try:
        with took():
            for _ in range(20):
                assert lock.acquire(timeout=10)
                lock.release()
    finally:
        stop.set()
        for worker in hammers:
            worker.result()


def test_at_fork_reinit_makes_a_held_lock_usable():
    lock = threading.Lock()
    lock.acquire()
    lock._at_fork_reinit()
    assert not lock.locked()
    with lock:
        assert lock.locked()


def test_many_locks_are_independent():
    locks = [threading.Lock() for _ in range(1000)]
    for lock in locks[::2]:
        lock.acquire()
    assert [lock.locked() for lock in locks] == [True, False] * 500
