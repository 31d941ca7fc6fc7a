"""`threading.Event`: a flag that threads wait for."""

import copy
import gc
import pickle
import warnings
import weakref

import pytest
from support.differ import assert_same_face, error_class, outcome, shape
from support.target import std_threading, threading
from support.workers import blocked, start, took

MODULES = [std_threading, threading]

CALLS = {
    "is set": lambda event: event.is_set(),
    "is set by its old name": lambda event: event.isSet(),
    "set": lambda event: (event.set(), event.is_set()),
    "set twice": lambda event: (event.set(), event.set(), event.is_set()),
    "clear": lambda event: (event.clear(), event.is_set()),
    "set, then begun again": lambda event: (
        event.set(),
        event.__init__(),
        event.is_set(),
    ),
    "wait 0": lambda event: event.wait(0),
    "wait 0.0": lambda event: event.wait(0.0),
    "wait -1": lambda event: event.wait(-1),
    "wait -0.5": lambda event: event.wait(timeout=-0.5),
    "wait False": lambda event: event.wait(False),
    "wait a while": lambda event: event.wait(0.01),
    "wait a while by keyword": lambda event: event.wait(timeout=0.01),
    "wait 'x'": lambda event: event.wait("x"),
    "wait []": lambda event: event.wait([]),
    "wait inf": lambda event: event.wait(float("inf")),
    "wait nan": lambda event: event.wait(float("nan")),
    "wait 1e100": lambda event: event.wait(1e100),
    "wait 10**30": lambda event: event.wait(10**30),
    "wait too long": lambda event: event.wait(std_threading.TIMEOUT_MAX * 2),
    "repr": repr,
    "pickle": pickle.dumps,
    "deepcopy": copy.deepcopy,
    "truth": bool,
    "a new attribute": lambda event: setattr(event, "note", 1) or event.note,
    "an unknown attribute": lambda event: event.note,
    "flag": lambda event: event._flag,
    "enter": lambda event: event.__enter__(),
    "anew after fork": lambda event: (event._at_fork_reinit(), event.is_set()),
}


@pytest.mark.parametrize("case", CALLS)
def test_an_event_answers_as_the_standard_one(case):
    standard, ours = [outcome(CALLS[case], module.Event()) for module in MODULES]
    assert ours == standard


@pytest.mark.parametrize("case", CALLS)
def test_an_event_that_is_set_answers_as_the_standard_one(case):
    events = [module.Event() for module in MODULES]
    for event in events:
        event.set()
    standard, ours = [outcome(CALLS[case], event) for event in events]
    assert ours == standard


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.Event(True),
        lambda m: m.Event().set(1),
        lambda m: m.Event().wait(1, 2),
        lambda m: m.Event().wait(seconds=1),
    ],
)
def test_a_call_of_another_shape_is_a_type_error(call):
    assert [error_class(call, module) for module in MODULES] == [TypeError, TypeError]


def test_event_is_a_class_with_every_standard_name():
    assert repr(threading.Event) == "<class 'threading.Event'>"
    assert_same_face(std_threading.Event(), threading.Event())


def test_repr_says_whether_the_event_is_set():
    event = threading.Event()
    assert shape(event) == "<threading.Event at 0x: unset>"
    event.set()
    assert shape(event) == "<threading.Event at 0x: set>"
    assert f"{id(event):#x}" in repr(event)


def test_wait_does_not_block_while_the_event_is_set():
    event = threading.Event()
    event.set()
    assert event.wait() is True
    assert event.wait(0) is True
    event.clear()
    assert event.wait(0) is False


def test_set_wakes_every_waiter():
    event = threading.Event()
    waiters = [blocked(event.wait) for _ in range(3)] + [blocked(event.wait, 60)]
    with took():
        assert event.set() is None
        assert [waiter.result() for waiter in waiters] == [True] * 4


def test_a_woken_waiter_returns_true_even_when_a_clear_follows_the_set():
    event = threading.Event()
    waiters = [blocked(event.wait) for _ in range(4)]
    event.set()
    assert event.clear() is None
    assert [waiter.result() for waiter in waiters] == [True] * 4
    assert not event.is_set()


def test_after_clear_threads_wait_again():
    event = threading.Event()
    event.set()
    event.clear()
    waiter = blocked(event.wait)
    event.set()
    assert waiter.result() is True


@pytest.mark.parametrize("timeout", [0.03, 1 / 32])
def test_a_timed_wait_times_out(timeout):
    event = threading.Event()
    with took(at_least=timeout):
        assert event.wait(timeout) is False
    assert event.wait(timeout=timeout) is False


def test_a_waiter_that_timed_out_leaves_nothing_behind():
    event = threading.Event()
    for _ in range(10):
        assert event.wait(0.001) is False
    waiter = blocked(event.wait)
    event.set()
    assert waiter.result() is True


def test_old_name_of_is_set_warns_its_caller():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert threading.Event().isSet() is False
    assert [str(w.message) for w in caught] == [
        "isSet() is deprecated, use is_set() instead"
    ]
    assert caught[0].category is DeprecationWarning
    assert caught[0].filename == __file__


def test_a_subclass_may_carry_attributes_and_override_methods():
    class Counted(threading.Event):
        """An event that counts how often it was set."""

        def __init__(self, name):
            super().__init__()
            self.name, self.count = name, 0

        def set(self):
            self.count += 1
            super().set()

    event = Counted("stop")
    waiter = blocked(event.wait)
    event.set()
    assert waiter.result() is True
    assert isinstance(event, threading.Event)
    assert vars(event)["name"] == "stop"
    assert event.count == 1
    assert type(event).__name__ in repr(event)
    event.me = event
    dead = weakref.ref(event)
    del event, waiter
    gc.collect()
    assert dead() is None


def test_at_fork_reinit_keeps_the_flag():
    event = threading.Event()
    event.set()
    event._at_fork_reinit()
    assert event.is_set()
    event.clear()
    assert event.wait(0) is False


def test_two_threads_may_signal_each_other_in_turn():
    ping, pong, rounds = threading.Event(), threading.Event(), 300

    def answer():
        for _ in range(rounds):
            ping.wait()
            ping.clear()
            pong.set()

    worker = start(answer)
    for _ in range(rounds):
        ping.set()
        assert pong.wait(10)
        pong.clear()
    worker.result()


def test_no_waiter_misses_a_set_that_races_with_its_timeout():
    for _ in range(200):
        event = threading.Event()
        waiters = [start(event.wait, 0.0005 * step) for step in range(3)]
        event.set()
        last = start(event.wait)
        assert last.result() is True
        for waiter in waiters:
            assert waiter.result() in (True, False)
        assert event.wait(0) is True
