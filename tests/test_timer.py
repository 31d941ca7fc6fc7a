"""`threading.Timer`: a function that is called later, unless the timer is cancelled, and needs a
thread only then.
"""

import contextlib
import gc
import sys
import threading as std
import weakref

import pytest
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
