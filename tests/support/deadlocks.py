"""Programs that deadlock, and what they need to tell of it."""

# A program that is told what `watch.on_deadlock` tells, with threads that wait in a circle.
PRELUDE = """
import sys
import time
import weftline
from weftline import watch

weftline.install()
from concurrent.futures import ThreadPoolExecutor

FOUND = []
watch.on_deadlock(lambda verdict, text: FOUND.append((verdict, text)))


def start(name, target, *args):
    thread = threading.Thread(target=target, args=args, name=name, daemon=True)
    thread.start()
    return thread


def found(within=30.0):
    end = time.monotonic() + within
    while not FOUND and time.monotonic() < end:
        time.sleep(0.01)
    return FOUND


class Turn:
    "Lets threads go on when so many have come."

    def __init__(self, parties):
        self.barrier = threading.Barrier(parties)

    def __call__(self):
        self.barrier.wait()


def circle(names, locks):
    all_hold = Turn(len(locks))

    def take_both(own, other):
        with own:
            all_hold()
            with other:
                pass

    for index, name in enumerate(names):
        start(name, take_both, locks[index], locks[(index + 1) % len(locks)])


"""

# What a suite deadlocks with. Each deadlock would hang plain pytest for ever.
IN_SUITE = """
import threading


def takers(new=threading.RLock):
    "Two functions that take two locks in two orders. In two threads they deadlock."
    locks, turn = [new(), new()], threading.Barrier(2)

    def take(first, second):
        with first:
            turn.wait()
            with second:
                pass

    return [lambda: take(*locks), lambda: take(*locks[::-1])]


def both_ways(new=threading.RLock):
    threads = [threading.Thread(target=take, daemon=True) for take in takers(new)]
    for thread in threads:
        thread.start()
    return threads


def deadlock(new=threading.RLock):
    for thread in both_ways(new):
        thread.join()
"""
