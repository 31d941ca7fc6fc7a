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
