"""One call that wakes many threads: all go on, few contend for the interpreter lock at a time, and
none delays the others.
"""

import threading as std

import pytest
from support.pools import futures
from support.programs import run
from support.target import ours_only, queue, threading
from support.workers import LIMIT, until

MANY = 40


def wake_by_event():
    event = threading.Event()
    return event.wait, event.set


def wake_by_condition(notify=threading.Condition.notify_all):
    condition = threading.Condition()
    waiting = []

    def wait():
        with condition:
            waiting.append(1)
            condition.wait()

    def wake():
        until(lambda: len(waiting) == MANY)
        with condition:
            notify(condition)

    return wait, wake


def wake_one_by_one():
    def notify(condition):
        for _ in range(MANY):
            condition.notify()

    return wake_by_condition(notify)


def wake_by_barrier():
    barrier = threading.Barrier(MANY + 1)
    return barrier.wait, barrier.wait


def wake_by_semaphore():
    semaphore = threading.Semaphore(0)
    return semaphore.acquire, lambda: semaphore.release(MANY)


def wake_by_permits():
    semaphore = threading.Semaphore(0)
    return semaphore.acquire, lambda: [semaphore.release() for _ in range(MANY)]


def wake_by_items():
    items = queue.Queue()
    return items.get, lambda: [items.put(n) for n in range(MANY)]


def wake_by_slots():
    items = queue.Queue(MANY)
    for _ in range(MANY):
        items.put(0)
    return lambda: items.put(1), lambda: [items.get() for _ in range(MANY)]


def wake_by_tasks():
    items = queue.Queue()
    items.put(0)
    return items.join, items.task_done


def wake_by_future():
    future = futures.Future()
    return future.result, lambda: future.set_result(1)


WAYS = [
    wake_by_event,
    wake_by_condition,
    wake_one_by_one,
    wake_by_barrier,
    wake_by_semaphore,
    wake_by_permits,
    wake_by_items,
    wake_by_slots,
    wake_by_tasks,
    wake_by_future,
]


@pytest.mark.parametrize("way", WAYS)
def test_all_of_a_crowd_go_on(way):
    for _ in range(5):
        wait, wake = way()
        threads = [std.Thread(target=wait, daemon=True) for _ in range(MANY)]
        for thread in threads:
            thread.start()
        wake()
        for thread in threads:
            thread.join(LIMIT)
            assert not thread.is_alive()


@ours_only
def test_all_of_a_crowd_go_on_whose_queue_is_shut_down():
    items = queue.Queue()
    ended = []

    def wait():
        try:
            items.get()
        except queue.ShutDown:
            ended.append(1)

    threads = [std.Thread(target=wait, daemon=True) for _ in range(MANY)]
    for thread in threads:
        thread.start()
    items.shutdown()
    for thread in threads:
        thread.join(LIMIT)
    assert len(ended) == MANY


PROGRAM = """
import os, resource, signal, sys, time
import threading as std
from support.workers import LIMIT, asleep, until

def crowd(wait, count, **options):
    threads = [std.Thread(target=wait, **options) for _ in range(count)]
    for thread in threads:
        thread.start()
    until(lambda: all(map(is_asleep, threads)))
    asleep(threads[-1])
    return threads

def is_asleep(thread):
    with open(f"/proc/self/task/{thread.native_id}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "S"
"""


@ours_only
def test_few_of_the_woken_threads_contend_for_the_interpreter_lock():
    # A thread that contends for the interpreter lock wakes every 5 ms, so thousands that contend
    # switch without end.
    run(
        PROGRAM
        + """
std.stack_size(131072)
for way in sys.argv[1:]:
    event, items, permits = threading.Event(), queue.Queue(), threading.Semaphore(0)
    wait, wake = {
        "event": (event.wait, event.set),
        "items": (items.get, lambda: [items.put(0) for _ in threads]),
        "permits": (permits.acquire, lambda: permits.release(len(threads))),
    }[way]
    threads = crowd(wait, 1500)
    switches = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw
    before = switches()
    wake()
    for thread in threads:
        thread.join()
    each = (switches() - before) / len(threads)
    assert each < 6, (way, each)
""",
        "event",
        "items",
        "permits",
        within=60,
    )


@ours_only
def test_a_child_that_one_of_a_crowd_forks_has_crowds_of_its_own():
    run(
        PROGRAM
        + """
event, again = threading.Event(), threading.Event()
children = []
def wait():
    event.wait()
    if not children:
        children.append(None)
        child = os.fork()
        if child == 0:
            others = crowd(again.wait, 30)
            again.set()
            for other in others:
                other.join()
            os._exit(0)
        children[0] = child
threads = crowd(wait, 30)
event.set()
for thread in threads:
    thread.join()
assert os.waitpid(children[0], 0)[1] == 0
""",
        stderr=None,
    )


@ours_only
def test_a_signal_handler_may_wait_for_one_of_the_crowd_that_its_thread_is_in():
    run(
        PROGRAM
        + """
event = threading.Event()
others = crowd(event.wait, 30, daemon=True)
def handle(*_):
    waker = std.Thread(target=event.set)
    waker.start()
    for other in others:
        other.join()
signal.signal(signal.SIGALRM, handle)
std.Thread(target=lambda: (asleep(std.main_thread()), os.kill(os.getpid(), signal.SIGALRM))).start()
event.wait()
"""
    )


@ours_only
def test_one_whose_deadline_passes_before_its_turn_does_not_keep_the_others():
    run(
        PROGRAM
        + """
for round in range(20):
    event = threading.Event()
    waits = iter([None, 0.02] * 30)
    threads = [std.Thread(target=event.wait, args=(next(waits),)) for _ in range(60)]
    for thread in threads:
        thread.start()
    time.sleep(0.0005 * round)
    event.set()
    for thread in threads:
        thread.join()
"""
    )


@ours_only
def test_the_exit_does_not_wait_for_a_crowd_of_daemons():
    run(
        PROGRAM
        + """
event = threading.Event()
def wait():
    event.wait()
    while True:
        sum(range(1000))
crowd(wait, 60, daemon=True)
event.set()
""",
        stderr=None,
    )
