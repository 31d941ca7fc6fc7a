"""Destructors that run while the interpreter is torn down, when no other thread can run: they may
wait, but never for ever.
"""

import sys

from classes import having
from support.beside import both, on_weftline

# A daemon thread makes each call wait. The object in a cycle with itself dies in the last
# collection, after the daemon threads have stopped. Its destructor makes the calls.
PROGRAM = """
import sys, threading, time
from classes import having, STANDARD_MODULES
waits = {}
for row in having("waits").values():
    for name, wait in row.waits.items():
        if wait.timed and wait.is_limited:
            waits[name] = wait, (wait.new or row.new)(STANDARD_MODULES)
blocked, free, taken = threading.Event(), threading.Lock(), threading.Lock()
def block(sleep=time.sleep):
    taken.acquire()
    for wait, thing in waits.values():
        wait.block(thing)
    blocked.set()
    while True:
        sleep(1)
threading.Thread(target=block, daemon=True).start()
blocked.wait()
def ended(wait, *arguments):
    try:
        return repr(wait(*arguments))
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
class Cycle:
    def __init__(self):
        self.me = self
    def __del__(self, write=sys.__stdout__.write, flush=sys.__stdout__.flush):
        for name, (wait, thing) in waits.items():
            for limit in LIMITS:
                call = wait.call if limit is None else wait.timed
                outcome = ended(call, thing, *([] if limit is None else [limit]))
                write(f"{name} {limit}: {outcome}" + chr(10))
        write(f"free: {free.acquire()} {taken.acquire(False)} {taken.acquire(timeout=0)}" + chr(10))
        flush()
Cycle()
"""


COUNT = sum(
    wait.timed is not None and wait.is_limited
    for row in having("waits").values()
    for wait in row.waits.values()
)


def test_a_wait_with_a_timeout_ends_as_the_interpreter_ends_it(tmp_path):
    lines = both(tmp_path, PROGRAM.replace("LIMITS", "(0, 0.01)")).splitlines()
    assert lines[-1] == "free: True False False"
    assert len(lines) == 2 * COUNT + 1, lines


def test_a_wait_without_end_is_refused(tmp_path):
    lines = on_weftline(tmp_path, PROGRAM.replace("LIMITS", "(None,)")).splitlines()
    assert lines[-1] == "free: True False False"
    assert len(lines) == COUNT + 1, lines
    name = "RuntimeError" if sys.version_info < (3, 13) else "PythonFinalizationError"
    for line in lines[:-1]:
        assert line.endswith(
            f"None: {name}: cannot acquire lock at interpreter finalization"
        ), line
