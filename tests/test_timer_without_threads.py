"""`threading.Timer` while the system has no thread for a timer that is due."""

from support.programs import run
from support.target import ours_only

# From the start of a timer on, the interpreter refuses every thread.
REFUSED = """
import sys
import threading as std
starter = "_start_joinable_thread" if sys.version_info >= (3, 13) else "_start_new_thread"
start = getattr(std, starter)
told, refused = [], std.Semaphore(0)
std.excepthook = lambda args: told.append((args.exc_type.__name__, str(args.exc_value), args.thread is timer))
def refuse(*args, **kwargs):
    refused.release()
    raise RuntimeError("can't start new thread")
def due(*arguments):
    timer = threading.Timer(0.02, *arguments)
    timer.start()
    setattr(std, starter, refuse)
    return timer
def assert_ended():
    assert not timer.is_alive() and timer not in std.enumerate()
    print(told)
"""

TOLD = "[('RuntimeError', \"can't start new thread\", True)]\n"


@ours_only
def test_a_timer_that_is_due_while_no_thread_can_be_started_fires_later_and_says_so_once():
    printed = run(
        REFUSED
        + """
timer = due(lambda: print(std.current_thread() is timer, timer.is_alive(), flush=True))
for _ in range(3):
    refused.acquire()
assert timer.is_alive() and timer in std.enumerate() and timer.ident is None
timer.join(0.001)
assert timer.is_alive()
setattr(std, starter, start)
timer.join()
assert_ended()
"""
    )
    assert printed == "True True\n" + TOLD


@ours_only
def test_a_timer_that_found_no_thread_can_be_cancelled():
    printed = run(
        REFUSED
        + """
timer = due(print, ["never"])
for _ in range(2):
    refused.acquire()
timer.cancel()
timer.join()
assert_ended()
"""
    )
    assert printed == TOLD


@ours_only
def test_a_timer_that_is_cancelled_while_its_thread_is_refused_does_not_fire():
    printed = run(
        REFUSED
        + """
def refuse(*args, **kwargs):
    timer.cancel()
    refused.release()
    raise RuntimeError("can't start new thread")
timer = due(print, ["never"])
refused.acquire()
timer.join()
setattr(std, starter, start)
assert_ended()
"""
    )
    assert printed == TOLD


@ours_only
def test_the_exit_waits_for_a_timer_that_found_no_thread():
    printed = run(
        REFUSED
        + """
timer = due(print, ["late"])
for _ in range(2):
    refused.acquire()
setattr(std, starter, start)
"""
    )
    assert printed == "late\n"


@ours_only
def test_a_timer_fires_when_the_system_has_threads_again():
    printed = run(
        REFUSED
        + """
import resource
timer = threading.Timer(0.05, print, ["fired"])
timer.start()
std.stack_size(1 << 40)  # more than there is room for
telling = std.Event()
std.excepthook = lambda args: (print(args.exc_value, args.thread is timer), telling.set())
resource.setrlimit(resource.RLIMIT_AS, (1 << 38, 1 << 40))
telling.wait()
std.stack_size(0)
timer.join()
"""
    )
    assert printed == "can't start new thread True\nfired\n"
