"""A timer, a wait, a queue or an action leaves no reference behind. The collector is off."""

import contextlib
import signal

import pytest
from classes import CLASSES, having
from support.left_behind import (
    Failed,
    Thing,
    expect_nothing_left,
    fail,
    give,
    track,
)
from support.target import MODULES, ours_only, queue, threading

SITUATIONS = {}


def situation(function):
    SITUATIONS[function.__name__] = function
    return function


@pytest.fixture(autouse=True)
def silence(monkeypatch):
    """Hides the exceptions that a timer's thread raises on purpose."""
    monkeypatch.setattr("threading.excepthook", lambda _: None)


def timer(function, seconds=0):
    timer = track(threading.Timer(seconds, function, (Thing(),)))
    timer.start()
    return timer


@situation
def a_timer():
    timer(give).join()


@situation
def a_timer_that_raises():
    timer(fail).join()


@situation
def a_timer_that_is_cancelled():
    timer(give, 1000).cancel()


@situation
def a_timer_that_is_not_started():
    track(threading.Timer(1000, give, (Thing(),)))


@situation
def wait_for():
    condition = threading.Condition()
    with condition:
        condition.wait_for(Thing)
    return condition


@situation
def wait_for_that_raises():
    condition = threading.Condition()
    with condition, contextlib.suppress(Failed):
        condition.wait_for(lambda: fail(Thing()))
    return condition


@situation
def wait_for_that_times_out():
    condition = threading.Condition()
    with condition:
        condition.wait_for(lambda: not Thing(), 0)
    return condition


@situation
def an_action_that_raises():
    barrier = threading.Barrier(1, lambda: fail(Thing()))
    with contextlib.suppress(Failed):
        barrier.wait()
    return barrier


def emptied(make):
    def take_the_last():
        items = make()
        items.put((1, Thing()))
        items.get()
        return items

    return take_the_last


QUEUES = [name for name, row in CLASSES.items() if row.module == "queue"]
for kind in QUEUES:
    SITUATIONS[f"the_last_item_of_a_{kind}"] = emptied(getattr(queue, kind))


@situation
def put_into_a_full_queue():
    full = queue.Queue(1)
    full.put(None)
    for limits in [(False,), (True, 0.001)]:
        with contextlib.suppress(queue.Full):
            full.put(Thing(), *limits)
    return full


@situation
def an_item_of_a_queue_with_its_attributes():
    items = track(queue.Queue())
    items.put(Thing())
    items.mutex  # noqa: B018
    items.get()


def interrupted(make, wait):
    """A wait of `make()` that the exception of a signal handler ends."""

    def be_interrupted():
        waited_for = make()
        signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
        with contextlib.suppress(Failed):
            wait(waited_for)
        return waited_for

    return be_interrupted


@pytest.fixture
def a_handler_that_raises():
    def handle(*_):
        signal.setitimer(signal.ITIMER_REAL, 0)
        fail(Thing())

    before = signal.signal(signal.SIGALRM, handle)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def waits(row, wait):
    """How the object is made, and the wait for it."""
    return (
        lambda: (wait.new or row.new)(MODULES),
        lambda thing: (wait.block(thing), wait.call(thing)),
    )


INTERRUPTED = {
    name: waits(row, wait)
    for row in having("waits").values()
    for name, wait in row.waits.items()
    if not wait.admits_blocker
} | {
    name: (lambda: None, lambda _, call=call: call(MODULES, 60))
    for row in CLASSES.values()
    for name, call in row.timed_calls.items()
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_nothing_is_held_after(name):
    expect_nothing_left(SITUATIONS[name])


# The standard library's waits are in Python, where the handler may run between any two steps.
@ours_only
@pytest.mark.usefixtures("a_handler_that_raises")
@pytest.mark.parametrize("name", INTERRUPTED)
def test_nothing_is_held_after_a_handler_has_ended_the_wait_for(name):
    expect_nothing_left(interrupted(*INTERRUPTED[name]))
