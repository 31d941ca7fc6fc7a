"""Programs that note their own waits, and the timelines of them by `weftline record`."""

import functools
import json
import os
import tempfile
import time
from pathlib import Path

from support.dumped import running
from support.traces import Trace, record

# Each thread notes the time before and after each of its waits. The program prints these notes when
# its standard input ends.
NOTES = """
import json, os, queue, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
from weftline import watch

waits, clock = [], time.monotonic_ns
def noted(wait, *arguments):
    before = clock()
    wait(*arguments)
    waits.append((threading.current_thread().name, before, clock()))
def start(name, target, *arguments):
    threading.Thread(target=target, args=arguments, name=name, daemon=True).start()
def run_until_told():
    print("ready", flush=True)
    sys.stdin.read()
    print(json.dumps(list(waits)), flush=True)
    os._exit(0)
"""

CONVOY = (
    NOTES
    + """
cache = threading.Lock()
watch.name(cache, "cache")
def work():
    while True:
        noted(cache.acquire)
        time.sleep(0.4)
        cache.release()
for number in range(3):
    start(f"convoy-{number}", work)
run_until_told()
"""
)

SLOW_CONSUMER = (
    NOTES
    + """
jobs = queue.Queue(2)
watch.name(jobs, "jobs")
def produce():
    while True:
        noted(jobs.put, 1)
def consume():
    while True:
        noted(jobs.get)
        time.sleep(0.8)
start("producer", produce)
start("consumer", consume)
run_until_told()
"""
)

STARVED = (
    NOTES
    + """
pool = ThreadPoolExecutor(2, "pool")
both = threading.Barrier(3)
def waits_for_another():
    both.wait()
    noted(pool.submit(int).result)
for _ in range(2):
    pool.submit(waits_for_another)
both.wait()
run_until_told()
"""
)

DEADLOCK = (
    NOTES
    + """
locks = threading.RLock(), threading.RLock()
both = threading.Barrier(2)
def transfer(own, other):
    with own:
        both.wait()
        with other: pass
start("to Bob", transfer, *locks)
start("to Alice", transfer, *reversed(locks))
start("patient", threading.Event().wait, 1000)
run_until_told()
"""
)

PROGRAMS = {
    "convoy": CONVOY,
    "deadlock": DEADLOCK,
    "slow consumer": SLOW_CONSUMER,
    "starved": STARVED,
}


class Recorded:
    """A trace of a program, and the waits that the program has noted."""

    def __init__(self, source, file, **environment):
        with running(source, env=os.environ | environment) as program:
            self.pid = program.pid
            self.outcome = record(program.pid, file)
            self.taken = time.time_ns()
            assert program.end() == 0
        assert self.outcome.returncode == 0, self.outcome
        assert self.outcome.stdout == b""
        self.content = file.read_bytes()
        self.trace = Trace(self.content)
        self.noted = json.loads(program.output[-1])


@functools.cache
def recorded(name):
    """The trace of the program of that name, which is recorded once."""
    with tempfile.TemporaryDirectory() as folder:
        return Recorded(PROGRAMS[name], Path(folder) / f"{name}.pftrace")
