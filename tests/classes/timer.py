"""Timer."""

from classes.row import Class


class Timers:
    """Many short-lived timers, which stand for one object."""

    def __init__(self, m):
        self.modules, self.pending = m, []


def _hammer(timers):
    timer = timers.modules.threading.Timer(60, print)
    timers.pending.append(timer)
    timer.start()
    timer.cancel()
    timers.pending.remove(timer)


def _use(timers, _):
    fired = timers.modules.threading.Event()
    timers.modules.threading.Timer(0.001, fired.set).start()
    assert fired.wait(60)


def _join(m, timeout):
    timer = m.threading.Timer(60, print)
    timer.start()
    try:
        return timer.join(timeout)
    finally:
        timer.cancel()


TIMER = Class(
    name="Timer",
    module="threading",
    rust=("Timer", "PeriodicTimer"),
    readme="`weftline::Timer`, and `PeriodicTimer`",
    rustdoc=("`threading.Timer`", "[`Timer`], [`PeriodicTimer`]"),
    core="`thread/timer/clock.rs`",
    model="timer",
    binding="`threading/timer.rs`, `_timer.py`",
    tests="`test_timer*.py` · `timer.rs`",
    beyond="no thread until it fires",
    in_python=True,
    arguments=(60, print),
    timed_calls={"Timer.join": _join},
    hammered={"Timer": Timers},
    hammer=_hammer,
    use=_use,
    without={
        "waits": "it is a thread, and a child has none of its parent's threads",
        "reentered": "a program starts it once: `test_timer*.py`",
        "no_memory": "it is written in Python",
        **dict.fromkeys(
            ("links", "parts", "calls", "replaceable", "left_out", "make_anew"),
            "its class is Python's, with the attributes of a thread: `test_timer*.py`",
        ),
        **dict.fromkeys(("work", "read"), "a thread is not copied"),
    },
)
