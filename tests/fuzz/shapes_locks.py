"""Shapes over locks, conditions, events, and semaphores."""

import random
import threading

from fuzz.crew import LONG, Crew


def counting(
    kind=("Lock", "RLock", "Condition", "Semaphore", "BoundedSemaphore"),
    threads=(2, 3, 4),
    times=(5, 30),
    way=("with", "acquire", "try", "timed"),
):
    """Threads add to a number under a lock: none of the additions is lost."""
    lock, total, crew = getattr(threading, kind)(), [0], Crew()

    def add():
        for _ in range(times):
            if way == "with":
                with lock:
                    total[0] += 1
                continue
            if way == "try":
                while not lock.acquire(False):
                    pass
            elif way == "timed":
                while not lock.acquire(timeout=0.01):
                    pass
            else:
                lock.acquire()
            total[0] += 1
            lock.release()

    for _ in range(threads):
        crew.start(add)
    return crew.join(), total[0], lock.acquire(False)


def nesting(threads=(2, 3), times=(5, 20), depth=(1, 2, 5), wait=(True, False)):
    """Threads hold an RLock several times over, and release it for a wait in between."""
    lock, total, crew = threading.RLock(), [0], Crew()
    condition = threading.Condition(lock)

    def work():
        for _ in range(times):
            for _ in range(depth):
                lock.acquire()
            before = total[0]
            total[0] = before + 1
            if wait:
                condition.wait(0.0001)
                condition.notify_all()
            for _ in range(depth):
                lock.release()
        return lock._is_owned()

    for _ in range(threads):
        crew.start(work)
    return crew.join(), total[0], lock.acquire(False)


def pinging(
    lock=("Lock", "RLock"), turns=(5, 20, 50), threads=(2, 3), timeout=(None, LONG)
):
    """Threads take turns through one condition."""
    condition, turn, order, crew = (
        threading.Condition(getattr(threading, lock)()),
        [0],
        [],
        Crew(),
    )

    def play(me):
        for _ in range(turns):
            with condition:
                if not condition.wait_for(
                    lambda: turn[0] % threads == me, timeout or LONG
                ):
                    return "waited too long"
                order.append(me)
                turn[0] += 1
                condition.notify_all()
        return me

    for me in range(threads):
        crew.start(play, me)
    return crew.join(), order


def waking(waiters=(1, 2, 5), notified=(1, 2, 7), all=(True, False)):
    """As many waiters wake as are notified, and the rest time out or are woken at the end."""
    condition, ready, crew, woken = (
        threading.Condition(),
        threading.Semaphore(0),
        Crew(),
        [],
    )

    def wait():
        with condition:
            ready.release()
            if condition.wait(LONG):
                woken.append(1)
            return "woken"

    for _ in range(waiters):
        crew.start(wait)
    for _ in range(waiters):
        ready.acquire(timeout=LONG)
    with condition:
        condition.notify_all() if all else condition.notify(notified)
    expected = waiters if all else min(waiters, notified)
    while len(woken) < expected and any(thread.is_alive() for thread in crew.threads):
        crew.threads[0].join(0.001)
    first = len(woken)
    with condition:
        condition.notify_all()
    return first, crew.join()


def gating(threads=(1, 2, 5), rounds=(1, 3, 10), timeout=(None, LONG)):
    """All wait for an event; a set wakes all, also when a clear follows it."""
    event, crew, ready = threading.Event(), Crew(), threading.Semaphore(0)

    def wait():
        answers = []
        for _ in range(rounds):
            ready.release()
            answers.append(event.wait(timeout))
            back.wait(LONG)
        return answers

    back = threading.Barrier(threads + 1, action=event.clear)
    for _ in range(threads):
        crew.start(wait)
    for _ in range(rounds):
        for _ in range(threads):
            ready.acquire(timeout=LONG)
        event.set()
        back.wait(LONG)
    return crew.join(), event.is_set()


def limiting(
    permits=(1, 2, 3),
    threads=(2, 4),
    times=(5, 20),
    bounded=(True, False),
    several=(1, 2),
):
    """Never more threads inside a semaphore than it has permits."""
    made = threading.BoundedSemaphore if bounded else threading.Semaphore
    semaphore, inside, worst, lock, crew = (
        made(permits),
        [0],
        [0],
        threading.Lock(),
        Crew(),
    )

    def work():
        for _ in range(times):
            with semaphore:
                with lock:
                    inside[0] += 1
                    worst[0] = max(worst[0], inside[0])
                with lock:
                    inside[0] -= 1

    for _ in range(threads):
        crew.start(work)
    told = crew.join()
    try:
        semaphore.release(several)
        over = "released"
    except ValueError as error:
        over = str(error)
    return told, worst[0] <= permits, semaphore._value, over


def permitting(givers=(1, 2), takers=(1, 3), each=(6, 12), at_once=(1, 2, 3)):
    """Permits released by some threads are acquired by others, each once."""
    semaphore, crew = threading.Semaphore(0), Crew()
    total = givers * each * at_once

    def give():
        for _ in range(each):
            semaphore.release(at_once)

    def take(count):
        return sum(semaphore.acquire(timeout=LONG) for _ in range(count))

    for _ in range(givers):
        crew.start(give)
    for taker in range(takers):
        crew.start(take, total // takers)
    told = crew.join()
    return told, semaphore._value


def mixing(seed=(0, 1, 2, 3, 4, 5, 6, 7, 8, 9), threads=(2, 3, 4), times=(10, 40)):
    """Threads make any calls on objects of all classes, as long as the calls cancel out."""
    lock, rlock, condition = threading.Lock(), threading.RLock(), threading.Condition()
    event, semaphore, bounded = (
        threading.Event(),
        threading.Semaphore(3),
        threading.BoundedSemaphore(2),
    )
    counts, crew = [0] * 4, Crew()

    def work(me):
        choose = random.Random(seed * 10 + me)
        for _ in range(times):
            what = choose.randrange(8)
            if what == 0:
                with lock:
                    counts[0] += 1
            elif what == 1:
                with rlock, rlock:
                    counts[1] += 1
            elif what == 2:
                with condition:
                    counts[2] += 1
                    condition.notify(choose.randrange(3))
            elif what == 3:
                with condition:
                    condition.wait(0.0001)
                    counts[2] += 1
            elif what == 4:
                event.set() if choose.randrange(2) else event.clear()
                event.wait(0)
            elif what == 5:
                if semaphore.acquire(choose.randrange(2), None):
                    semaphore.release()
            elif what == 6:
                with bounded, lock:
                    counts[3] += 1
            elif semaphore.acquire(timeout=0.0001):
                semaphore.release()

    for me in range(threads):
        crew.start(work, me)
    told = crew.join()
    return (
        told,
        counts,
        semaphore._value,
        bounded._value,
        lock.locked(),
        len(condition._waiters),
    )
