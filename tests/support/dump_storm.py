"""A program for storms of requests: it uses every class, forks, and counts.

It runs for `sys.argv[1]` seconds on weftline, and prints what it has counted. Nothing may be lost
or doubled, whatever is asked meanwhile.
"""

import collections
import os
import queue
import signal
import sys
import threading
import time
import warnings
from concurrent import futures

from weftline import RWLock

# A fork may meet the thread that tells the stacks.
warnings.filterwarnings("ignore", "This process .* is multi-threaded")

over = threading.Event()
counts = collections.Counter()


def add(what, count=1):
    with counts_lock:
        counts[what] += count


counts_lock = threading.RLock()


def until_over(step):
    def repeats():
        while not over.is_set():
            step()

    return repeats


def rest(number):
    """Leaves the interpreter to others, now and then."""
    if number % 50 == 0:
        over.wait(0.002)


def queues(make, sentinel):
    """Two putters and two getters: each item comes out once."""
    q = make()
    put, got = [], []

    def puts(which):
        number = 0
        while not over.is_set():
            q.put((which, number))
            put.append((which, number))
            number += 1
            rest(number)
        q.put(sentinel)

    def gets():
        while True:
            try:
                item = q.get(timeout=0.01)
            except queue.Empty:
                continue
            if item == sentinel:
                return
            got.append(item)

    def checks():
        while not q.empty():
            item = q.get()
            if item != sentinel:
                got.append(item)
        assert sorted(put) == sorted(got), (len(put), len(got))
        add("items", len(got))

    return [lambda: puts(0), lambda: puts(1), gets, gets], checks


def guarded(acquire, release, permits=1):
    """Four threads enter by turns: never more than `permits` are inside, and each step counts."""
    inside, steps, each = [], [0], [0] * 4

    def enters(which):
        def step():
            if not acquire():
                return
            inside.append(which)
            assert len(inside) <= permits
            if permits == 1:
                steps[0] += 1
            each[which] += 1
            inside.remove(which)
            release()
            rest(each[which])

        return until_over(step)

    def checks():
        assert permits > 1 or steps[0] == sum(each)
        add("steps", sum(each))

    return [enters(which) for which in range(4)], checks


def conditions():
    condition, ready, made, taken = threading.Condition(), [], [0], [0]

    def makes():
        with condition:
            ready.append(1)
            made[0] += 1
            condition.notify()
        rest(made[0])

    def takes():
        with condition:
            if condition.wait_for(lambda: ready, timeout=0.01):
                ready.pop()
                taken[0] += 1

    def checks():
        assert made[0] == taken[0] + len(ready)
        add("notified", taken[0])

    return [until_over(makes), until_over(takes), until_over(takes)], checks


def barriers():
    barrier, passed = threading.Barrier(3), [0] * 3

    def passes(which):
        while True:
            try:
                barrier.wait(0.5 if over.is_set() else None)
            except threading.BrokenBarrierError:
                return
            passed[which] += 1
            if which == 0 and over.is_set():
                barrier.abort()
                return

    def checks():
        assert max(passed) - min(passed) <= 1, passed
        add("passed", sum(passed))

    return [lambda which=which: passes(which) for which in range(3)], checks


def pools():
    pool = futures.ThreadPoolExecutor(3)
    results = []

    def submits():
        tasks = [pool.submit(pow, number, 2) for number in range(20)]
        done, _ = futures.wait(tasks[:10])
        results.append(sum(task.result() for task in done))
        results.append(sum(task.result() for task in futures.as_completed(tasks[10:])))

    def checks():
        pool.shutdown()
        assert results == [285, 2185] * (len(results) // 2)
        add("results", len(results))

    return [until_over(submits)], checks


def threads():
    ran, started = [], [0]

    def starts():
        these = [threading.Thread(target=ran.append, args=(1,)) for _ in range(5)]
        timer = threading.Timer(0.0001, ran.append, (1,))
        for thread in [*these, timer]:
            thread.start()
        for thread in [*these, timer]:
            thread.join()
        started[0] += 6

    def checks():
        assert len(ran) == started[0]
        add("threads", len(ran))

    return [until_over(starts), until_over(starts)], checks


def forks():
    def step():
        child = os.fork()
        if not child:
            lock, q = threading.Lock(), queue.Queue()
            thread = threading.Thread(target=lambda: (lock.acquire(), q.put(1)))
            thread.start()
            os._exit(7 if q.get(timeout=60) == 1 and lock.locked() else 1)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 7, status
        add("forks")
        over.wait(0.02)

    return [until_over(step)], lambda: None


def costs():
    """The descriptors and the threads of this process."""
    return [len(os.listdir(f"/proc/self/{kind}")) for kind in ("fd", "task")]


def nothing_is_left(before):
    """Waits until the answers to requests that are under way have ended, too."""
    ends = time.monotonic() + 60
    while costs() != before:
        assert time.monotonic() < ends, (costs(), before)
    try:
        raise AssertionError(os.waitpid(-1, os.WNOHANG))
    except ChildProcessError:
        pass


def main(seconds):
    before = costs()
    lock, rlock, rw = threading.Lock(), threading.RLock(), RWLock()
    semaphore, bounded = threading.Semaphore(2), threading.BoundedSemaphore(1)
    parts = [
        queues(queue.Queue, (9, 9)),
        queues(lambda: queue.Queue(3), (9, 9)),
        queues(queue.LifoQueue, (-1, 0)),
        queues(queue.PriorityQueue, (9, 9)),
        queues(queue.SimpleQueue, (9, 9)),
        guarded(lock.acquire, lock.release),
        guarded(lambda: rlock.acquire(timeout=0.001), rlock.release),
        guarded(rw.acquire_write, rw.release_write),
        guarded(rw.acquire_read, rw.release_read, permits=4),
        guarded(lambda: semaphore.acquire(timeout=0.001), semaphore.release, permits=2),
        guarded(bounded.acquire, bounded.release),
        conditions(),
        barriers(),
        pools(),
        threads(),
        forks(),
    ]
    failures = []
    threading.excepthook = failures.append
    workers = [threading.Thread(target=run) for runs, _ in parts for run in runs]
    for worker in workers:
        worker.start()

    # The main thread is interrupted in its waits, by exceptions.
    def handler(*_):
        add("signals")
        raise KeyboardInterrupt

    never, ends, caught = threading.Event(), time.monotonic() + seconds, 0
    signal.signal(signal.SIGALRM, handler)
    print("ready", flush=True)
    while time.monotonic() < ends:
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.01)
            never.wait()
        except KeyboardInterrupt:
            caught += 1
    over.set()
    for worker in workers:
        worker.join()
    for _, checks in parts:
        checks()
    assert not failures, failures
    assert counts["signals"] == caught > 0, (counts, caught)
    assert all(counts.values()), counts
    nothing_is_left(before)
    print(dict(counts))
    print("over", flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]))
