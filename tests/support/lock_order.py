"""Programs whose locks are watched for the order in which threads take them."""

import subprocess
import sys

from support.programs import run

PRELUDE = """
import os
import sys
import warnings
import weftline
from weftline import watch

watch.lock_order()
watch.on_inversion("off")
weftline.install()
import threading

# Of forks beside other threads, from 3.12 on; there is one that bounds the test.
warnings.simplefilter("ignore", DeprecationWarning)


def thread(target, *args, name=None):
    started = threading.Thread(target=target, args=args, name=name)
    started.start()
    started.join()


def nested(*locks):
    "Takes the locks one after the other, and releases them."
    for lock in locks:
        lock.acquire()
    for lock in reversed(locks):
        lock.release()


class reading:
    "An RWLock as a lock that reads."

    def __init__(self, lock):
        self.acquire, self.release = lock.acquire_read, lock.release_read


class writing:
    "An RWLock as a lock that writes."

    def __init__(self, lock):
        self.acquire, self.release = lock.acquire_write, lock.release_write


def in_two_orders(left, right):
    thread(nested, left, right, name="first")
    thread(nested, right, left, name="second")


def count():
    return len(watch.inversions())
"""

# For a program without the prelude, which has imported `threading`.
IN_A_THREAD = """
def in_a_thread(*locks):
    "Takes the locks one after the other in a thread, and releases them."
    def nested():
        for lock in locks:
            lock.acquire()
        for lock in reversed(locks):
            lock.release()
    thread = threading.Thread(target=nested)
    thread.start()
    thread.join()
"""


def told(program):
    """What the program prints, as lines."""
    return run(PRELUDE + program).split("\n")


def error_of(*args, **options):
    """What the interpreter writes to standard error."""
    done = subprocess.run(
        [sys.executable, *args],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **options,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr
