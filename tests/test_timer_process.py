"""`threading.Timer` and the process: its exit, its forks, its signals, its threads."""

import sys

from support.programs import run
from support.target import ours_before, ours_only

PROGRAM = """
import os, signal, sys, time
import threading as std
"""


# 3.12.1 starts no thread once the exit has begun, nor does it for the standard timers.
STARTS_THREADS_AT_EXIT = sys.version_info[:3] not in {(3, 12, 0), (3, 12, 1)}


def test_the_exit_waits_for_pending_timers_that_are_no_daemons():
    printed = run(
        PROGRAM
        + """
daemon = threading.Timer(3600, print)
daemon.daemon = True
daemon.start()
cancelled = threading.Timer(3600, print)
cancelled.start()
threading.Timer(0.05, print, ["fired"]).start()
threading.Timer(0.1, cancelled.cancel).start()
"""
    )
    assert printed == "fired\n"


def test_the_exit_waits_for_timers_that_are_started_meanwhile():
    printed = run(
        PROGRAM
        + """
again = threading.Timer(0.05, print, ["again"])
def function():
    std.main_thread().join(0.1)
    print("once")
    if sys.argv[1] == "True":
        again.start()
threading.Timer(0.05, function).start()
""",
        STARTS_THREADS_AT_EXIT,
    )
    assert printed == "once\nagain\n"[: 11 if STARTS_THREADS_AT_EXIT else 5]


def test_the_exit_waits_for_a_function_that_takes_its_time():
    printed = run(
        PROGRAM
        + """
def function():
    std.main_thread().join()
    time.sleep(0.05)
    print(std.current_thread() is timer, flush=True)
timer = threading.Timer(0.05, function)
timer.start()
"""
    )
    assert printed == "True\n"


def test_an_exit_handler_of_threading_may_cancel_a_timer():
    run(
        PROGRAM
        + """
timer = threading.Timer(3600, print)
timer.start()
std._register_atexit(timer.cancel)
"""
    )


def test_ctrl_c_ends_the_wait_at_exit():
    printed = run(
        PROGRAM
        + """
timer = threading.Timer(3600, print)
timer.start()
def interrupt():
    # The main thread waits at exit: its end shows that.
    time.sleep(0.3)
    os.kill(os.getpid(), signal.SIGINT)
thread = std.Thread(target=interrupt, daemon=True)
thread.start()
print("out")
""",
        stderr=None,
    )
    assert printed == "out\n"


@ours_only
def test_a_child_of_a_fork_has_none_of_its_parents_timers():
    printed = run(
        PROGRAM
        + """
from support.forking import expect_success, fork, in_child
import os
timer = threading.Timer(0.5, lambda: print(os.getpid() == parent, flush=True))
far = threading.Timer(3600, print)
parent = os.getpid()
timer.start()
far.start()
def child():
    for one in (timer, far):
        assert not one.is_alive()
        assert "stopped" in repr(one), one
        one.join()
        one.cancel()
        assert one not in std.enumerate()
    assert std.active_count() == 1
    done = std.Event()
    own = threading.Timer(0.01, done.set)
    own.start()
    assert done.wait(10)
    own.join()
    time.sleep(0.6)
for _ in range(3):
    expect_success(in_child(child))
assert timer.is_alive() or timer.finished.is_set()
timer.join()
assert far.is_alive()
far.cancel()
far.join()
""",
        stderr=None,
    )
    assert printed == "True\n"


@ours_only
def test_a_child_does_not_wait_at_exit_for_its_parents_timers():
    run(
        PROGRAM
        + """
far = threading.Timer(3600, print)
far.start()
# At exit the child would wait for the thread of this, which does not exist in the child.
faulthandler.cancel_dump_traceback_later()
pid = os.fork()
if pid:
    assert os.waitpid(pid, 0)[1] == 0
    far.cancel()
""",
        stderr=None,
    )


def test_a_signal_handler_may_cancel_a_timer_that_is_joined():
    run(
        PROGRAM
        + """
timer = threading.Timer(3600, print)
timer.start()
signal.signal(signal.SIGALRM, lambda *_: (timer.cancel(), timer.cancel()))
signal.setitimer(signal.ITIMER_REAL, 0.1)
timer.join()
assert not timer.is_alive()
"""
    )


def test_a_signal_handler_may_cancel_a_timer_at_any_moment_of_its_start():
    run(
        PROGRAM
        + """
timer = None
hits = 0
def handler(*_):
    global hits
    if timer is not None:
        hits += timer.is_alive()
        timer.cancel()
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
for _ in range(100_000):
    timer = threading.Timer(3600, print)
    timer.start()
    if not timer.finished.is_set():
        timer.cancel()
    timer.join()
    assert not timer.is_alive()
    if hits >= 300:
        break
signal.setitimer(signal.ITIMER_REAL, 0)
assert std.active_count() == 1, std.enumerate()
""",
        within=60,
    )


@ours_only
def test_forks_at_any_moment_of_many_timers():
    run(
        PROGRAM
        + """
from support.forking import expect_success, in_child
stop = False
def busy():
    while not stop:
        timers = [threading.Timer(n / 5000, print) for n in range(20)]
        for timer in timers:
            timer.function = int
            timer.start()
        for timer in timers[::2]:
            timer.cancel()
        for timer in timers:
            timer.join()
def child():
    assert std.active_count() == 1
    done = std.Event()
    timer = threading.Timer(0.001, done.set)
    timer.start()
    assert done.wait(10)
    timer.join()
threads = [std.Thread(target=busy) for _ in range(2)]
for thread in threads:
    thread.start()
for _ in range(300):
    expect_success(in_child(child))
stop = True
for thread in threads:
    thread.join()
""",
        within=60,
        stderr=None,
    )


# Before 3.13 the standard one then treats the thread as ended.
@ours_before(3, 13)
def test_a_signal_handler_that_raises_ends_a_join_and_leaves_the_timer():
    run(
        PROGRAM
        + """
timer = threading.Timer(3600, print)
timer.start()
def handler(*_):
    raise TimeoutError
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.1)
try:
    timer.join()
except TimeoutError:
    pass
else:
    raise AssertionError
assert timer.is_alive()
timer.cancel()
timer.join()
"""
    )


@ours_only
def test_ten_thousand_pending_timers_need_no_threads():
    run(
        PROGRAM
        + """
timers = [threading.Timer(3600, print) for _ in range(10_000)]
before = len(os.listdir("/proc/self/task")) if os.path.exists("/proc/self/task") else 0
for timer in timers:
    timer.start()
if before:
    assert len(os.listdir("/proc/self/task")) <= before + 1
assert std.active_count() == 10_001
for timer in timers:
    timer.cancel()
assert std.active_count() == 1
""",
        within=60,
    )


@ours_only
def test_installing_puts_it_in_the_place_of_the_standard_one():
    run(
        PROGRAM
        + """
import weftline
before = std.Timer
weftline.install()
assert std.Timer is threading.Timer is not before
weftline.uninstall()
assert std.Timer is before
"""
    )
