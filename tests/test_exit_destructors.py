"""Destructors that run while the interpreter is torn down, when no other thread can run: they may
wait, but never for ever.
"""

import sys

from support.beside import both, on_weftline

# A daemon thread holds the locks. The object in a cycle with itself dies in the last collection,
# after the daemon threads have stopped. It then calls `last_words`.
PROGRAM = """
import queue, sys, threading, time
from concurrent.futures import Future
lock, rlock, condition, future = threading.Lock(), threading.RLock(), threading.Condition(), Future()
def wait_in_condition(*timeout):
    with condition:
        return condition.wait(*timeout)
def wait_for_nothing(*timeout):
    with condition:
        return condition.wait_for(lambda: False, *timeout)
waits = {
    "lock": lambda timeout=-1: lock.acquire(True, timeout),
    "rlock": lambda timeout=-1: rlock.acquire(True, timeout),
    "condition": wait_in_condition,
    "predicate": wait_for_nothing,
    "event": threading.Event().wait,
    "semaphore": lambda timeout=None: threading.Semaphore(0).acquire(timeout=timeout),
    "barrier": threading.Barrier(2).wait,
    "queue": lambda timeout=None: queue.Queue().get(timeout=timeout),
    "priority queue": lambda timeout=None: queue.PriorityQueue().get(timeout=timeout),
    "simple queue": lambda *timeout: queue.SimpleQueue().get(True, *timeout),
    "future": future.result,
}
held = threading.Event()
def hold(sleep=time.sleep):
    with lock, rlock:
        held.set()
        while True:
            sleep(1)
threading.Thread(target=hold, daemon=True).start()
held.wait()
def told(wait, *arguments):
    try:
        return repr(wait(*arguments))
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
class Cycle:
    def __init__(self):
        self.me = self
    def __del__(self, write=sys.__stdout__.write, flush=sys.__stdout__.flush):
        for name, wait in waits.items():
            for arguments in ARGUMENTS:
                write(f"{name} {arguments}: {told(wait, *arguments)}" + chr(10))
        write(f"free: {threading.Lock().acquire()} {lock.acquire(False)} {lock.acquire(timeout=0)}" + chr(10))
        flush()
Cycle()
"""


def test_a_wait_with_a_timeout_ends_as_the_interpreter_ends_it(tmp_path):
    told = both(tmp_path, PROGRAM.replace("ARGUMENTS", "[(0,), (0.01,)]"))
    assert told.splitlines()[-1] == "free: True False False"
    assert len(told.splitlines()) == 23, told


def test_a_wait_without_end_is_refused(tmp_path):
    told = on_weftline(tmp_path, PROGRAM.replace("ARGUMENTS", "[()]")).splitlines()
    assert told[-1] == "free: True False False"
    assert len(told) == 12, told
    name = "RuntimeError" if sys.version_info < (3, 13) else "PythonFinalizationError"
    for line in told[:-1]:
        assert line.endswith(
            f"(): {name}: cannot acquire lock at interpreter finalization"
        ), line
