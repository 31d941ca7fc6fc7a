"""`threading.Semaphore` and `BoundedSemaphore`: a number of permits, acquired and released."""

import copy
import gc
import pickle
import weakref
from fractions import Fraction

import pytest
from support.differ import assert_same_face, error_class, outcome, shape
from support.target import std_threading, threading
from support.workers import blocked, run_all, start, took, until

MODULES = [std_threading, threading]
KINDS = ["Semaphore", "BoundedSemaphore"]

CALLS = {
    "acquire": lambda s: s.acquire(),
    "acquire, blocking": lambda s: s.acquire(True),
    "acquire, not blocking": lambda s: s.acquire(False),
    "acquire, not blocking by keyword": lambda s: s.acquire(blocking=False),
    "acquire twice, not blocking": lambda s: (s.acquire(False), s.acquire(False)),
    "acquire, not blocking as 0": lambda s: s.acquire(0),
    "acquire, blocking as a str": lambda s: s.acquire("yes"),
    "acquire, not blocking as None": lambda s: s.acquire(None),
    "acquire with a timeout": lambda s: s.acquire(timeout=0.01),
    "acquire with a timeout of nothing": lambda s: s.acquire(True, 0),
    "acquire with a timeout of None": lambda s: s.acquire(True, None),
    "acquire with a negative timeout": lambda s: s.acquire(True, -1),
    "acquire with a timeout, not blocking": lambda s: s.acquire(False, 1),
    "acquire with a timeout of nothing, not blocking": lambda s: s.acquire(False, 0),
    "acquire with a timeout as a str": lambda s: s.acquire(timeout="1"),
    "acquire with an infinite timeout": lambda s: s.acquire(timeout=float("inf")),
    "acquire with a timeout too large": lambda s: s.acquire(timeout=1e100),
    "release": lambda s: (s.release(), s._value),
    "release one": lambda s: (s.release(1), s._value),
    "release three": lambda s: (s.release(n=3), s._value),
    "release none": lambda s: s.release(0),
    "release less than none": lambda s: s.release(-1),
    "release as a bool": lambda s: (s.release(True), s._value),
    "release as a str": lambda s: s.release("x"),
    "release None": lambda s: s.release(None),
    "release a float": lambda s: (s.release(2.0), s._value),
    "release a fraction": lambda s: (s.release(Fraction(3, 2)), s._value),
    "release infinitely many": lambda s: (s.release(float("inf")), s._value),
    "enter": lambda s: s.__enter__(),
    "exit": lambda s: (s.__exit__(None, None, None), s._value),
    "acquire and release": lambda s: (s.acquire(), s._value, s.release(), s._value),
    "repr": repr,
    "pickle": pickle.dumps,
    "deepcopy": copy.deepcopy,
    "truth": bool,
    "a new attribute": lambda s: setattr(s, "note", 1) or s.note,
    "an unknown attribute": lambda s: s.note,
    "value": lambda s: s._value,
    "locked": lambda s: s.locked(),
}

NEVER_FREED = {
    "acquire",
    "acquire, blocking",
    "acquire, blocking as a str",
    "acquire with a timeout of None",
    "enter",
    "acquire and release",
}


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def make(kind, *args):
    return getattr(threading, kind)(*args)


@pytest.mark.parametrize("case", CALLS)
@pytest.mark.parametrize("value", [(), (1,), (3,)])
def test_a_semaphore_answers_as_the_standard_one(kind, value, case):
    standard, ours = [
        outcome(CALLS[case], getattr(module, kind)(*value)) for module in MODULES
    ]
    assert ours == standard


@pytest.mark.parametrize("case", sorted(CALLS.keys() - NEVER_FREED))
def test_a_semaphore_without_permits_answers_as_the_standard_one(kind, case):
    standard, ours = [
        outcome(CALLS[case], getattr(module, kind)(0)) for module in MODULES
    ]
    assert ours == standard


@pytest.mark.parametrize("case", sorted(CALLS.keys() - NEVER_FREED))
def test_an_exhausted_semaphore_answers_as_the_standard_one(kind, case):
    outcomes = []
    for module in MODULES:
        semaphore = getattr(module, kind)(2)
        semaphore.acquire()
        semaphore.acquire()
        outcomes.append(outcome(CALLS[case], semaphore))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("value", [-1, -100, "x", None, [], True, 0, 2**40])
def test_an_initial_value_is_taken_or_refused_as_by_the_standard_one(kind, value):
    standard, ours = [
        outcome(lambda m=module: getattr(m, kind)(value).acquire(False))
        for module in MODULES
    ]
    assert ours == standard


@pytest.mark.parametrize(
    "call",
    [
        lambda cls: cls(1, 2),
        lambda cls: cls(permits=1),
        lambda cls: cls().acquire(True, 1, 2),
        lambda cls: cls().release(1, 2),
        lambda cls: cls().release(count=2),
    ],
)
def test_a_call_of_another_shape_is_a_type_error(kind, call):
    assert [error_class(call, getattr(m, kind)) for m in MODULES] == [
        TypeError,
        TypeError,
    ]


def test_the_value_may_be_passed_by_keyword(kind):
    assert getattr(threading, kind)(value=2)._value == 2


def test_semaphore_is_a_class_with_every_standard_name(kind):
    assert repr(getattr(threading, kind)) == f"<class 'threading.{kind}'>"
    assert_same_face(getattr(std_threading, kind)(), make(kind))


def test_a_bounded_semaphore_is_a_semaphore():
    assert issubclass(threading.BoundedSemaphore, threading.Semaphore)
    assert isinstance(threading.BoundedSemaphore(), threading.Semaphore)


def test_repr_shows_the_value():
    assert shape(threading.Semaphore(3)) == "<threading.Semaphore at 0x: value=3>"
    bounded = threading.BoundedSemaphore(3)
    bounded.acquire()
    assert shape(bounded) == "<threading.BoundedSemaphore at 0x: value=2/3>"


def test_each_permit_is_granted_once(kind):
    semaphore = make(kind, 3)
    assert [semaphore.acquire(False) for _ in range(4)] == [True, True, True, False]
    semaphore.release()
    assert semaphore.acquire(timeout=0) is True
    assert semaphore.acquire(timeout=0) is False


def test_with_holds_a_permit_and_gives_it_back_after_an_exception(kind):
    semaphore = make(kind, 1)
    with semaphore as entered:
        assert entered is True
        assert semaphore._value == 0
    with pytest.raises(KeyError), semaphore:
        raise KeyError
    assert semaphore._value == 1


def test_release_lets_the_first_waiter_go_on(kind):
    semaphore = make(kind, 1)
    semaphore.acquire()
    first, second = blocked(semaphore.acquire), blocked(semaphore.acquire)
    assert semaphore.release() is None
    assert first.result() is True
    second.blocks()
    semaphore.release()
    assert second.result() is True
    assert semaphore._value == 0


def test_release_of_several_lets_as_many_go_on(kind):
    semaphore = make(kind, 4)
    for _ in range(4):
        semaphore.acquire()
    waiters = [blocked(semaphore.acquire) for _ in range(4)]
    semaphore.release(3)
    assert [waiter.result() for waiter in waiters[:3]] == [True] * 3
    waiters[3].blocks()
    semaphore.release()
    assert waiters[3].result() is True


def test_release_of_more_than_waited_for_keeps_the_rest():
    semaphore = threading.Semaphore(0)
    waiter = blocked(semaphore.acquire)
    semaphore.release(5)
    assert waiter.result() is True
    assert semaphore._value == 4


def test_a_timed_acquire_times_out(kind):
    semaphore = make(kind, 1)
    semaphore.acquire()
    with took(at_least=0.03):
        assert semaphore.acquire(timeout=0.03) is False
    assert semaphore._value == 0
    semaphore.release()
    assert semaphore._value == 1


def test_a_timed_acquire_ends_with_a_release(kind):
    semaphore = make(kind, 1)
    semaphore.acquire()
    waiter = blocked(semaphore.acquire, True, 60)
    with took():
        semaphore.release()
        assert waiter.result() is True


def test_a_bounded_semaphore_refuses_more_than_it_began_with():
    semaphore = threading.BoundedSemaphore(2)
    for count in (1, 2, 100):
        with pytest.raises(ValueError, match="^Semaphore released too many times$"):
            semaphore.release(count)
    semaphore.acquire()
    with pytest.raises(ValueError, match="^Semaphore released too many times$"):
        semaphore.release(2)
    assert semaphore._value == 1
    semaphore.release()
    assert semaphore._value == 2
    assert semaphore._initial_value == 2


def test_a_semaphore_without_bound_may_grow():
    semaphore = threading.Semaphore(0)
    semaphore.release(1000)
    assert semaphore._value == 1000
    assert all(semaphore.acquire(False) for _ in range(1000))
    assert not semaphore.acquire(False)


def test_a_subclass_may_carry_attributes_and_override_methods(kind):
    class Logged(getattr(threading, kind)):
        """A semaphore that logs its calls."""

        def __init__(self, value, name):
            super().__init__(value)
            self.name, self.log = name, []

        def acquire(self, blocking=True, timeout=None):
            self.log.append("acquire")
            return super().acquire(blocking, timeout)

        def release(self, n=1):
            self.log.append("release")
            super().release(n)

    semaphore = Logged(1, "pool")
    semaphore.acquire()
    waiter = blocked(semaphore.acquire)
    semaphore.release()
    assert waiter.result() is True
    assert semaphore.log == ["acquire", "acquire", "release"]
    assert vars(semaphore)["name"] == "pool"
    assert "Logged" in repr(semaphore)
    semaphore.me = semaphore
    dead = weakref.ref(semaphore)
    del semaphore, waiter
    gc.collect()
    assert dead() is None


def test_a_semaphore_admits_no_more_than_its_permits(kind):
    semaphore, inside, most, rounds = make(kind, 2), [], [0], 500

    def work():
        for _ in range(rounds):
            with semaphore:
                inside.append(1)
                most[0] = max(most[0], len(inside))
                inside.pop()

    run_all(*[work] * 4)
    assert most[0] <= 2
    assert semaphore._value == 2


def test_permits_and_timeouts_together_lose_nothing():
    semaphore, rounds = threading.Semaphore(0), 600

    def take(timeout):
        def loop():
            got = 0
            while not finished.is_set() or semaphore._value:
                got += bool(semaphore.acquire(timeout=timeout))
            return got

        return loop

    def give():
        for _ in range(rounds):
            semaphore.release()

    finished = std_threading.Event()
    takers = [start(take(timeout)) for timeout in (0.0001, 0.001, 0.00001)]
    run_all(give, give)
    finished.set()
    assert sum(taker.result() for taker in takers) == 2 * rounds
    until(lambda: semaphore._value == 0)
