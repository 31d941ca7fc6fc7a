"""The interpreter ends quietly, whatever its threads wait for."""

import pytest
from support.blocking import BLOCKING
from support.programs import run
from support.target import ours_only

NAMES = list(BLOCKING)
TIMED = [name for name in NAMES if BLOCKING[name].timed]

PROGRAM = """
import atexit, os, sys, time, threading as std
from classes.queues import own_queue
from support.blocking import BLOCKING, EXPIRED
from support.workers import asleep, blocked, start, until
"""

# Delays the teardown of the interpreter, so that waits end in the middle of it.
SLOW_END = """
class SlowEnd:
    def __del__(self, sleep=time.sleep):
        sleep(0.05)
atexit.register(time.sleep, 0.03)
sys.slow_end = SlowEnd()
"""


@pytest.mark.parametrize("name", NAMES)
def test_daemon_threads_that_wait_do_not_hinder_the_exit(name):
    run(
        PROGRAM
        + SLOW_END
        + """
waiting, waiters = BLOCKING[sys.argv[1]], []
for way in waiting.ways():
    thing = waiting.new()
    waiting.block(thing)
    waiters.append(blocked(way, thing))
""",
        name,
    )


@pytest.mark.parametrize("name", TIMED)
def test_waits_whose_time_runs_out_during_the_exit_end_quietly(name):
    run(
        PROGRAM
        + SLOW_END
        + """
waiting = BLOCKING[sys.argv[1]]
def wait(limit):
    thing = waiting.new()
    waiting.block(thing)
    started.append(limit)
    try:
        while True:
            waiting.timed(thing, limit)
    except EXPIRED:
        wait(limit * 1.01)
started = []
for limit in (0.001, 0.004, 0.02):
    std.Thread(target=wait, args=(limit,), daemon=True).start()
until(lambda: len(started) >= 3)
""",
        name,
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_exit_waits_for_threads_that_are_no_daemons(name):
    output = run(
        PROGRAM
        + """
waiting = BLOCKING[sys.argv[1]]
thing = waiting.new()
waiting.block(thing)
ready = std.Event()
def wait():
    ready.set()
    waiting.call(thing)
    print("waited")
waiter = std.Thread(target=wait)
if waiting.owned:
    # Only the main thread may release it: it does so when it begins to join the others.
    std._register_atexit(waiting.free, thing)
else:
    def let_go():
        std.main_thread().join()
        asleep(waiter)
        waiting.free(thing)
    std.Thread(target=let_go).start()
waiter.start()
ready.wait()
""",
        name,
    )
    assert output == "waited\n"


def test_os_exit_waits_for_no_thread():
    run(
        PROGRAM
        + """
for waiting in BLOCKING.values():
    thing = waiting.new()
    waiting.block(thing)
    std.Thread(target=waiting.call, args=(thing,)).start()
os._exit(3)
""",
        code=3,
    )


def test_sys_exit_in_a_thread_ends_that_thread_alone():
    output = run(
        PROGRAM
        + """
q, event = queue.Queue(), threading.Event()
def work():
    with event_lock:
        q.get()
        event.set()
        sys.exit(5)
event_lock = threading.Lock()
worker = std.Thread(target=work)
worker.start()
q.put(1)
event.wait()
worker.join()
with event_lock:
    print("went on")
"""
    )
    assert output == "went on\n"


def test_the_exit_code_is_kept_while_daemons_wait():
    run(
        PROGRAM
        + """
for waiting in BLOCKING.values():
    thing = waiting.new()
    waiting.block(thing)
    blocked(waiting.call, thing)
sys.exit(7)
""",
        code=7,
    )


def test_exit_handlers_may_use_every_object():
    output = run(
        PROGRAM
        + """
from support.target import MODULES
# Its import registers a call at exit, which is too late in a handler.
MODULES.futures
def use():
    for waiting in BLOCKING.values():
        thing = waiting.new()
        waiting.block(thing)
        (thing.abort if waiting.is_met else lambda: waiting.free(thing))()
    print("used")
atexit.register(use)
"""
    )
    assert output == "used\n"


def test_objects_in_use_when_the_modules_are_torn_down_end_quietly():
    run(
        PROGRAM
        + """
class Last:
    def __init__(self, q, event, lock, semaphore):
        self.all = q, event, lock, semaphore
    def __del__(self):
        q, event, lock, semaphore = self.all
        q.put(1)
        event.set()
        semaphore.release()
        with lock:
            pass

things = [cls() for cls in (queue.Queue, queue.LifoQueue, queue.PriorityQueue, queue.SimpleQueue)]
keep = [Last(q, threading.Event(), threading.Lock(), threading.Semaphore(0)) for q in things]
for q in things:
    q.put(q)
sys.keep = keep
builtins_keep = (keep, things, threading.Condition(threading.Lock()), threading.Barrier(2))
"""
    )


@ours_only
def test_daemon_threads_at_full_speed_do_not_hinder_the_exit():
    for _ in range(3):
        run(
            PROGRAM
            + SLOW_END
            + """
q, simple, lock, event, semaphore, condition = (
    queue.Queue(2), queue.SimpleQueue(), threading.Lock(), threading.Event(), threading.Semaphore(1),
    threading.Condition(),
)
def put():
    while True:
        q.put(1)
        simple.put(1)
def get():
    while True:
        q.get()
        simple.get()
def rest():
    while True:
        with lock, semaphore, condition:
            event.set()
            event.wait(0.0001)
            condition.notify()
            condition.wait(0.0001)
            event.clear()
for work in (put, get, rest, rest):
    std.Thread(target=work, daemon=True).start()
time.sleep(0.05)
"""
        )


CALLS_BACK = {
    "a queue of one's own": "q = own_queue(queue)(3); work = lambda: (q.put(1), q.get())",
    "a comparison": """
class Item:
    def __lt__(self, other):
        return [id(item) for item in (self, other)] < [id(other)]
q = queue.PriorityQueue()
work = lambda: ([q.put(Item()) for _ in range(5)], [q.get() for _ in range(5)])
""",
    "an action": "work = threading.Barrier(1, lambda: [None for _ in range(3)]).wait",
    "a predicate": """
condition = threading.Condition()
def work():
    with condition:
        condition.wait_for(lambda: [None for _ in range(3)])
""",
    "a foreign lock": """
from support.foreign import PlainLock
condition = threading.Condition(PlainLock())
def work():
    with condition:
        condition.wait(0.0001)
        condition.notify()
""",
    "a destructor": """
class Item:
    def __del__(self):
        [None for _ in range(3)]
q = queue.SimpleQueue()
work = lambda: (q.put(Item()), q.get())
""",
}


@pytest.mark.parametrize("name", CALLS_BACK)
def test_daemon_threads_in_the_middle_of_code_that_is_called_back_do_not_hinder_the_exit(
    name,
):
    for _ in range(4):
        run(
            PROGRAM
            + CALLS_BACK[name]
            + """
def loop():
    while True:
        work()
for _ in range(3):
    std.Thread(target=loop, daemon=True).start()
time.sleep(0.05)
"""
        )
