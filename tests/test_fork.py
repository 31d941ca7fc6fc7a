"""`os.fork()` at any moment: the child can use every object, and holds the locks that the forking
thread held.
"""

import pytest
from support.blocking import BLOCKING
from support.hammers import KINDS
from support.programs import run
from support.target import ours_only

NAMES = list(BLOCKING)

PROGRAM = """
import os, signal, sys, threading as std, time
from support.blocking import BLOCKING
from support.forking import expect_success, fork, in_child
from support.workers import Worker, asleep, blocked, start, until
"""

WAITING = (
    PROGRAM
    + """
waiting = BLOCKING[sys.argv[1]]
thing = waiting.new()
waiting.block(thing)
waiter = blocked(waiting.call, thing)
"""
)


@ours_only
@pytest.mark.parametrize("name", NAMES)
def test_a_child_can_use_an_object_in_which_another_thread_waited(name):
    run(
        WAITING
        + """
for _ in range(5):
    expect_success(in_child(waiting.cycle, thing))
waiter.blocks()
waiting.free(thing)
waiter.result()
""",
        name,
    )


@ours_only
def test_a_child_of_multiprocessing_can_use_objects_in_which_other_threads_waited():
    run(
        PROGRAM
        + """
import multiprocessing
things = {name: waiting.new() for name, waiting in BLOCKING.items()}
for name, waiting in BLOCKING.items():
    waiting.block(things[name])
    blocked(waiting.call, things[name])
def child():
    for name, waiting in BLOCKING.items():
        waiting.cycle(things[name])
process = multiprocessing.get_context("fork").Process(target=child)
process.start()
process.join(12)
assert process.exitcode == 0, process.exitcode
"""
    )


@ours_only
@pytest.mark.parametrize("name", KINDS)
def test_a_child_can_use_an_object_that_other_threads_hammered(name):
    run(
        PROGRAM
        + """
from support.hammers import KINDS
kind, stop, resting = KINDS[sys.argv[1]], [], []
thing = kind.new()
def loop():
    while not stop:
        # Not beside a child at work: its threads may yield the processor before each wait.
        time.sleep(0.001) if resting else kind.hammer(thing)
hammers = [start(loop) for _ in range(2)]
for _ in range(8):
    time.sleep(0.003)
    child = in_child(kind.use, thing, blocked)
    resting.append(True)
    expect_success(child)
    resting.clear()
stop.append(True)
for worker in hammers:
    worker.result()
""",
        name,
    )


def test_what_the_forking_thread_holds_is_held_by_the_child():
    run(
        PROGRAM
        + """
lock, rlock, condition, q = threading.Lock(), threading.RLock(), threading.Condition(), queue.Queue()
semaphore, event = threading.BoundedSemaphore(2), threading.Event()
lock.acquire()
rlock.acquire()
rlock.acquire()
condition.acquire()
semaphore.acquire()
event.set()
q.put("item")
q.mutex.acquire()

def child():
    assert lock.locked()
    assert not lock.acquire(False)
    assert rlock._is_owned()
    rlock.acquire()
    for _ in range(3):
        assert not start(rlock.acquire, False).result()
        rlock.release()
    assert start(rlock.acquire, False).result()
    condition.notify()
    assert condition.wait(0.001) is False
    condition.release()
    lock.release()
    with lock:
        pass
    assert semaphore._value == 1
    semaphore.release()
    assert event.wait(0)
    assert q.mutex.locked()
    q.mutex.release()
    assert q.get() == "item"
    q.task_done()
    q.join()

expect_success(in_child(child))
child()
"""
    )


def test_a_child_may_fork_again_and_start_threads():
    run(
        PROGRAM
        + """
q = queue.Queue()
def grandchild():
    getter = blocked(q.get)
    q.put(2)
    assert getter.result() == 2
def child():
    getter = blocked(q.get)
    q.put(1)
    assert getter.result() == 1
    expect_success(in_child(grandchild))
expect_success(in_child(child))
grandchild()
"""
    )


@ours_only
@pytest.mark.parametrize("name", [name for name in NAMES if not BLOCKING[name].owned])
def test_a_child_that_was_forked_by_a_signal_handler_can_use_the_object_its_main_thread_waits_for(
    name,
):
    run(
        PROGRAM
        + """
waiting = BLOCKING[sys.argv[1]]
thing = waiting.new()
# By another thread: a queue admits the thread that holds its mutex.
Worker().call(waiting.block, thing).result()
children = []
def handler(number, frame):
    pid = fork()
    if pid:
        children.append(pid)
        return
    # The child goes back into the wait, from which a thread of its own frees it.
    signal.alarm(10)
    def free():
        asleep(std.main_thread())
        waiting.free(thing)
    start(free)
signal.signal(signal.SIGUSR1, handler)
parent = os.getpid()
def watch():
    asleep(std.main_thread())
    os.kill(parent, signal.SIGUSR1)
    until(lambda: children)
    asleep(std.main_thread())
    waiting.free(thing)
watcher = start(watch)
waiting.call(thing)
if os.getpid() != parent:
    os._exit(0)
watcher.result()
expect_success(children[0])
""",
        name,
    )


@ours_only
def test_objects_may_be_forked_and_used_many_times_over_while_threads_wait():
    run(
        PROGRAM
        + """
q, event, semaphore = queue.Queue(), threading.Event(), threading.Semaphore(0)
waiters = [blocked(call) for call in (q.get, event.wait, semaphore.acquire)]

def child(depth):
    for call, free in ((q.get, lambda: q.put(1)), (event.wait, event.set), (semaphore.acquire, semaphore.release)):
        waiter = blocked(call)
        free()
        waiter.result()
    event.clear()
    if depth:
        other = blocked(event.wait)
        expect_success(in_child(child, depth - 1))
        event.set()
        other.result()

for _ in range(3):
    expect_success(in_child(child, 3))
q.put(1)
event.set()
semaphore.release()
for waiter in waiters:
    waiter.result()
"""
    )
