"""`threading.Timer`: a function that is called later, unless the timer is cancelled, and needs a
thread only then.
"""

import contextlib
import gc
import inspect
import sys
import threading as std
import weakref

import pytest
from support.differ import assert_same_face, outcome, shape
from support.target import ours_only, std_threading, threading
from support.workers import LIMIT, blocked, took

MODULES = [std_threading, threading]
FAR = 3600


@contextlib.contextmanager
def pending(*arguments, cls=threading.Timer, **keywords):
    """A started timer that will not fire during the test; cancelled at the end."""
    timer = cls(FAR, *(arguments or [lambda: None]), **keywords)
    timer.start()
    try:
        yield timer
    finally:
        timer.cancel()
        timer.join(LIMIT)


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


@ours_only
def test_a_pending_timer_has_no_thread_and_counts_as_one():
    before = std.active_count()
    with pending() as timer:
        assert timer.is_alive()
        assert timer.ident is None and timer.native_id is None
        assert std.active_count() == before + 1
        assert timer in std.enumerate()
        assert timer._pending is not None
        assert timer.ident not in sys._current_frames()
    assert std.active_count() == before
    assert timer not in std.enumerate()
    assert timer._pending is None


def test_cancelling_ends_it_immediately_and_wakes_the_joiners():
    with pending() as timer:
        joins = [blocked(timer.join), blocked(timer.join, 60)]
        timer.cancel()
        for join in joins:
            join.result()
        assert not timer.is_alive()


@ours_only
def test_a_cancelled_timer_is_over_when_cancel_returns():
    for _ in range(200):
        timer = threading.Timer(FAR, print)
        timer.start()
        timer.cancel()
        assert not timer.is_alive()
        assert timer not in std.enumerate()
        timer.join()


def test_join_waits_for_the_end_of_the_function():
    begun, go_on = std.Event(), std.Event()
    timer = threading.Timer(0, lambda: (begun.set(), go_on.wait(LIMIT)))
    timer.start()
    assert begun.wait(LIMIT)
    joins = [blocked(timer.join), blocked(timer.join, 60)]
    with took(0.02):
        timer.join(0.02)
    assert timer.is_alive()
    assert timer.ident in sys._current_frames()
    go_on.set()
    for join in joins:
        join.result()
    assert not timer.is_alive()


def test_join_of_a_pending_timer_times_out():
    with pending() as timer:
        with took(0.02):
            timer.join(0.02)
        assert timer.is_alive()


def test_a_timer_cannot_join_itself():
    errors = []

    def function():
        try:
            timer.join()
        except RuntimeError as error:
            errors.append(str(error))

    timer = threading.Timer(0, function)
    timer.start()
    timer.join(LIMIT)
    assert errors == ["cannot join current thread"]


def test_the_function_may_cancel_its_timer_and_start_another():
    done = std.Event()
    second = threading.Timer(0, done.set)
    first = threading.Timer(0, lambda: (first.cancel(), second.start()))
    first.start()
    assert done.wait(LIMIT)
    first.join(LIMIT)
    second.join(LIMIT)
    assert not first.is_alive() and not second.is_alive()


def test_it_reads_its_function_when_it_fires():
    seen, done = [], std.Event()
    timer = threading.Timer(0.05, seen.append, ["before"])
    timer.start()
    timer.args = ["after"]
    timer.kwargs, timer.function = {}, lambda text: (seen.append(text), done.set())
    assert done.wait(LIMIT)
    assert seen == ["after"]


@pytest.mark.parametrize("interval", [0, 0.0, -1, -0.5, True, 0.001])
def test_an_interval_that_has_passed_already_fires_immediately(interval):
    timer = threading.Timer(interval, lambda: None)
    timer.start()
    timer.join(LIMIT)
    assert not timer.is_alive()


def test_an_interval_of_none_never_passes():
    timer = threading.Timer(None, print, ["never"])
    timer.start()
    timer.join(0.02)
    assert timer.is_alive()
    timer.cancel()
    timer.join(LIMIT)
    assert not timer.is_alive()


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


def test_an_exception_goes_to_the_hook_with_the_timer(monkeypatch):
    seen = []
    monkeypatch.setattr(
        std, "excepthook", lambda args: seen.append((args.exc_type, args.thread))
    )
    timer = threading.Timer(0, lambda: 1 / 0)
    timer.start()
    timer.join(LIMIT)
    assert seen == [(ZeroDivisionError, timer)]
    # As in the standard class, only a function that returns sets `finished`.
    assert not timer.finished.is_set()


def test_trace_functions_see_the_timers_thread():
    traced, profiled = [], []
    std.settrace(lambda frame, *_: traced.append(frame.f_code.co_name))
    std.setprofile(lambda frame, *_: profiled.append(frame.f_code.co_name))
    try:

        def function():
            pass

        timer = threading.Timer(0.01, function)
        timer.start()
        timer.join(LIMIT)
    finally:
        std.settrace(None)
        std.setprofile(None)
    assert "function" in traced
    assert "function" in profiled


def test_a_pending_timer_without_references_stays_and_a_cancelled_one_goes():
    done = std.Event()
    threading.Timer(0.05, done.set).start()
    gc.collect()
    assert done.wait(LIMIT)
    timer = threading.Timer(FAR, print)
    gone = weakref.ref(timer)
    timer.start()
    timer.cancel()
    timer.join(LIMIT)
    del timer
    gc.collect()
    assert gone() is None


@ours_only
def test_a_cancelled_timer_goes_without_the_collector():
    gc.collect()
    gc.disable()
    try:
        timer = threading.Timer(FAR, print)
        gone = weakref.ref(timer)
        timer.start()
        timer.cancel()
        del timer
        assert gone() is None
    finally:
        gc.enable()


def test_a_destructor_may_cancel_a_timer():
    class Owner:
        def __init__(self, timer):
            self.timer = timer

        def __del__(self):
            self.timer.cancel()

    with pending() as timer:
        owner = Owner(timer)
        del owner
        gc.collect()
        timer.join(LIMIT)
        assert not timer.is_alive()


def test_a_pending_timer_that_is_made_anew_has_not_been_started():
    for module in MODULES:
        timer, called = module.Timer(FAR, print), threading.Event()
        timer.start()
        first = timer.finished
        timer.__init__(0, called.set)
        assert not timer.is_alive() and not timer.finished.is_set()
        with pytest.raises(RuntimeError, match="before it is started"):
            timer.join()
        if module is not std:
            # The standard one has two threads then.
            timer.start()
            assert called.wait(LIMIT)
            timer.join(LIMIT)
            assert not timer.is_alive()
        timer.cancel()
        first.set()


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


def test_many_timers_that_are_cancelled_as_they_fire_are_called_or_not():
    called, timers = [], []
    for n in range(300):
        timer = threading.Timer(n % 7 / 5000, called.append, [n])
        timers.append(timer)
        timer.start()
        if n % 3 == 0:
            timer.cancel()
    for timer in timers:
        timer.join(LIMIT)
        assert not timer.is_alive()
        assert timer.finished.is_set()
        assert timer not in std.enumerate()
    assert len(called) == len(set(called))
    assert set(called) >= {n for n in range(300) if n % 3}
