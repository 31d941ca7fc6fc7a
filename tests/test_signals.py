"""Ctrl-C and other signals while the main thread waits in each blocking call.

Each program runs in an interpreter of its own: a thread waits until the main thread is asleep in
the call, and then sends the signal.
"""

import statistics

import pytest
from support.blocking import BLOCKING
from support.programs import run

NAMES = list(BLOCKING)
TIMED = [name for name in NAMES if BLOCKING[name].timed]
LIMITED = [name for name in TIMED if BLOCKING[name].is_limited]
"""The calls with a time limit: the wait for an owned mutex has none."""

WATCHER = """
import os, signal, sys, time, threading as std
from support.blocking import BLOCKING, EXPIRED
from support.workers import Worker, asleep, start, until

# A parent may ignore SIGINT, as a shell does for a background program. These tests must work then
# too.
signal.signal(signal.SIGINT, signal.default_int_handler)
waiting = BLOCKING[sys.argv[1]]
helper = Worker()
free = lambda thing: helper.call(waiting.free, thing).result()

def obstructed():
    thing = waiting.new()
    helper.call(waiting.block, thing).result()
    return thing

def once_asleep(action):
    def watch():
        asleep(std.main_thread())
        action()
    return start(watch)
"""


@pytest.mark.parametrize("name", NAMES)
def test_ctrl_c_ends_the_wait_and_leaves_the_object_usable(name):
    output = run(
        WATCHER
        + """
for way in waiting.ways():
    for _ in range(3):
        thing, sent = obstructed(), []
        sender = once_asleep(lambda: (sent.append(time.monotonic()), os.kill(os.getpid(), signal.SIGINT)))
        try:
            way(thing)
        except KeyboardInterrupt:
            print(time.monotonic() - sent[0])
        else:
            raise SystemExit("Ctrl-C did not end the wait")
        sender.result()
        waiting.cycle(thing, free)
""",
        name,
    )
    delays = [float(line) for line in output.split()]
    assert len(delays) == 6 if name in TIMED else 3
    assert statistics.median(delays) < 0.2
    assert max(delays) < 2


@pytest.mark.parametrize("name", LIMITED)
def test_a_handler_that_does_not_raise_lets_the_wait_go_on_for_the_time_that_remains(
    name,
):
    run(
        WATCHER
        + """
ran = []
signal.signal(signal.SIGALRM, lambda *_: ran.append(1))
thing = obstructed()
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
begin = time.monotonic()
try:
    assert not waiting.timed(thing, 0.25)
except EXPIRED:
    pass
elapsed = time.monotonic() - begin
signal.setitimer(signal.ITIMER_REAL, 0)
assert 0.245 < elapsed < 5, elapsed
assert len(ran) > 3, len(ran)
waiting.mend(thing)
waiting.cycle(thing, free)
""",
        name,
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_handler_that_does_not_raise_lets_an_endless_wait_go_on(name):
    run(
        WATCHER
        + """
ran = []
signal.signal(signal.SIGALRM, lambda *_: ran.append(1))
thing = obstructed()
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
def let_go():
    until(lambda: len(ran) > 5)
    free(thing)
helper_of_helper = start(let_go)
waiting.call(thing)
signal.setitimer(signal.ITIMER_REAL, 0)
assert len(ran) > 5
helper_of_helper.result()
""",
        name,
    )


@pytest.mark.parametrize("name", [name for name in NAMES if not BLOCKING[name].owned])
def test_a_handler_may_end_the_wait_through_the_object_itself(name):
    run(
        WATCHER
        + """
thing = obstructed()
signal.signal(signal.SIGUSR1, lambda *_: waiting.free(thing))
for way in waiting.ways():
    sender = once_asleep(lambda: os.kill(os.getpid(), signal.SIGUSR1))
    way(thing)
    sender.result()
    if waiting.again is None:
        thing = obstructed()
    else:
        helper.call(waiting.again, thing).result()
""",
        name,
    )


@pytest.mark.parametrize("name", NAMES)
def test_an_exception_of_any_handler_ends_the_wait(name):
    run(
        WATCHER
        + """
class Stop(Exception):
    pass

def handler(number, frame):
    raise Stop(number)

signal.signal(signal.SIGUSR1, handler)
thing = obstructed()
for way in waiting.ways():
    sender = once_asleep(lambda: os.kill(os.getpid(), signal.SIGUSR1))
    try:
        way(thing)
    except Stop as stop:
        assert stop.args == (signal.SIGUSR1,)
    else:
        raise SystemExit("the exception was lost")
    sender.result()
waiting.cycle(thing, free)
""",
        name,
    )


def test_ctrl_c_in_a_wait_gives_the_lock_of_a_condition_back_before_it_is_seen():
    run("""
import os, signal, threading as std
from support.workers import asleep, start

signal.signal(signal.SIGINT, signal.default_int_handler)
for lock in (threading.Lock(), threading.RLock()):
    condition = threading.Condition(lock)
    def interrupt():
        asleep(std.main_thread())
        os.kill(os.getpid(), signal.SIGINT)
    sender = start(interrupt)
    try:
        with condition:
            try:
                condition.wait()
            except KeyboardInterrupt:
                assert condition._is_owned()
                raise
    except KeyboardInterrupt:
        pass
    sender.result()
    assert start(lock.acquire, False).result() is True
    assert len(condition._waiters) == 0
""")


def test_an_interrupted_waiter_takes_no_grant_from_other_waiters():
    run("""
import os, signal, threading as std
from support.workers import asleep, blocked, start

signal.signal(signal.SIGINT, signal.default_int_handler)
q, semaphore, condition = queue.Queue(), threading.Semaphore(0), threading.Condition()

def wait():
    with condition:
        condition.wait()

def notify():
    with condition:
        condition.notify()

for get, give in ((q.get, lambda: q.put(None)), (semaphore.acquire, semaphore.release), (wait, notify)):
    def interrupt():
        asleep(std.main_thread())
        later.append(blocked(get))
        os.kill(os.getpid(), signal.SIGINT)
    later = []
    sender = start(interrupt)
    try:
        get()
    except KeyboardInterrupt:
        pass
    sender.result()
    give()
    later[0].result()
""")
