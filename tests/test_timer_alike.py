"""A `threading.Timer` answers and raises as the standard one."""

import inspect
import threading as std

import pytest
from support.differ import assert_same_face, outcome, shape
from support.target import std_threading, threading
from support.workers import LIMIT

MODULES = [std_threading, threading]
FAR = 3600


def told(module):
    """Starts a timer whose function reports its thread and arguments; returns that report."""
    seen = []
    timer = module.Timer(
        0.01,
        lambda *args, **kwargs: seen.append((std.current_thread(), args, kwargs)),
        [1],
        {"two": 2},
    )
    timer.start()
    timer.join(LIMIT)
    [(thread, args, kwargs)] = seen
    return thread is timer, args, kwargs, timer.is_alive(), timer.finished.is_set()


def test_it_calls_its_function_in_a_thread_that_is_the_timer():
    assert told(threading) == told(std_threading)
    assert told(threading) == (True, (1,), {"two": 2}, False, True)


def test_it_takes_the_arguments_of_the_standard_one():
    signatures = [inspect.signature(module.Timer) for module in MODULES]
    assert signatures[0] == signatures[1]
    timers = [module.Timer(1, print) for module in MODULES]
    for timer in timers:
        assert (timer.interval, timer.function, timer.args, timer.kwargs) == (
            1,
            print,
            [],
            {},
        )
    assert_same_face(*timers)
    assert_same_face(*[timer.finished for timer in timers])
    assert repr(threading.Timer) == "<class 'threading.Timer'>"
    assert issubclass(threading.Timer, std.Thread)
    assert isinstance(threading.Timer(1, print).finished, threading.Event)


def without_numbers(thing):
    """`shape` without the parts that differ between threads."""
    return "".join(c for c in shape(thing) if not c.isdigit())


LIVES = {
    "new": lambda timer: None,
    "cancelled": lambda timer: timer.cancel(),
    "started": lambda timer: timer.start(),
    "started and cancelled": lambda timer: (
        timer.start(),
        timer.cancel(),
        timer.join(LIMIT),
    ),
    "cancelled and started": lambda timer: (
        timer.cancel(),
        timer.start(),
        timer.join(LIMIT),
    ),
    "started and cancelled twice": lambda timer: (
        timer.start(),
        timer.cancel(),
        timer.cancel(),
        timer.join(LIMIT),
    ),
    "started, and its event set": lambda timer: (
        timer.start(),
        timer.finished.set(),
        timer.join(LIMIT),
    ),
    "a daemon, started": lambda timer: (setattr(timer, "daemon", True), timer.start()),
}


QUESTIONS = {
    "is_alive": lambda timer: timer.is_alive(),
    "start": lambda timer: timer.start(),
    "join 0": lambda timer: timer.join(0),
    "join a while": lambda timer: timer.join(0.01),
    "join -1": lambda timer: timer.join(-1),
    "daemon": lambda timer: timer.daemon,
    "set daemon": lambda timer: setattr(timer, "daemon", True),
    "name": lambda timer: (setattr(timer, "name", "tea"), timer.name)[1],
    "finished": lambda timer: timer.finished.is_set(),
    "enumerate": lambda timer: timer in std.enumerate(),
    "cancel": lambda timer: (timer.cancel(), timer.finished.is_set()),
}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("life", LIVES)
def test_a_timer_answers_as_the_standard_one(life, question):
    answers = []
    for module in MODULES:
        timer = module.Timer(FAR, print)
        LIVES[life](timer)
        answers.append(outcome(QUESTIONS[question], timer))
        timer.cancel()
        if timer.is_alive():
            timer.join(LIMIT)
    assert answers[1] == answers[0]


@pytest.mark.parametrize(
    ("life", "status"),
    [
        ("new", "initial"),
        ("started", "started"),
        ("a daemon, started", "started daemon"),
        ("started and cancelled", "stopped"),
    ],
)
def test_its_representation_says_where_it_is(life, status):
    timer = threading.Timer(FAR, print)
    timer.name = "tea"
    LIVES[life](timer)
    assert without_numbers(timer).replace(" )", ")") == f"<Timer(tea, {status})>"
    timer.cancel()


@pytest.mark.parametrize("interval", ["x", [], float("inf"), 1e100, 10**30])
def test_an_interval_that_is_no_time_fails_as_in_the_standard_one(
    interval, monkeypatch
):
    answers = []
    for module in MODULES:
        seen = []
        monkeypatch.setattr(std, "excepthook", seen.append)
        timer = module.Timer(interval, print)
        timer.start()
        timer.join(LIMIT)
        answers.append([(args.exc_type, args.thread is timer) for args in seen])
        if module is std_threading:
            text = [str(args.exc_value) for args in seen]
        else:
            assert [str(args.exc_value) for args in seen] == text
        del seen
    assert answers[0] == answers[1]
    assert len(answers[0]) == 1


@pytest.mark.parametrize("state", ["pending", "cancelled", "fired", "failed"])
def test_a_timer_whose_started_is_replaced_starts_again_where_the_standard_one_does(
    monkeypatch, state
):
    monkeypatch.setattr(std, "excepthook", lambda args: None)
    monkeypatch.setattr(threading, "excepthook", lambda args: None)
    answers = []
    for module in MODULES:
        called = []
        function = called.append if state != "failed" else None
        delay = FAR if state in ("pending", "cancelled") else 0
        timer = module.Timer(delay, function, [1])
        # A daemon: for another timer the standard interpreter may wait for ever at exit, once it
        # has refused.
        timer.daemon = True
        timer.start()
        if state != "pending":
            timer.cancel() if state == "cancelled" else timer.join(LIMIT)
        if state == "cancelled":
            timer.join(LIMIT)
        finished = timer.finished
        timer._started = module.Event()
        answers.append((outcome(timer.start), called))
        finished.set()
        timer.cancel()
    assert answers[0] == answers[1]
