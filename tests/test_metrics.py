"""`weftline.watch.metrics()`: a process in numbers, and waits that are measured."""

import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

import pytest
from support.programs import run

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="objects of other threads are read on Linux only"
)

PRELUDE = """
import queue
import threading
import time
import weftline
from weftline import watch

weftline.install()
import concurrent.futures
import json


def asleep(kind, count=1):
    "Waits until so many threads wait for such objects."
    while watch.metrics()["blocked"].get(kind, 0) < count:
        time.sleep(0.001)


def show(value):
    print(json.dumps(value))
"""


def shown(program):
    """The values that the program shows."""
    return [json.loads(line) for line in run(PRELUDE + program).splitlines()]


def test_threads_pools_and_queues_are_counted_without_measuring():
    program = """
started, go = threading.Semaphore(0), threading.Event()
def works():
    started.release()
    go.wait()
pool = concurrent.futures.ThreadPoolExecutor(2, thread_name_prefix="web")
tasks = [pool.submit(works) for _ in range(5)]
for _ in range(2):
    started.acquire()
jobs = watch.name(queue.Queue(10), "jobs")
unnamed = queue.Queue()
for item in range(3):
    jobs.put(item)
many = watch.name(queue.SimpleQueue(), "many")
asleep("Event", 2)
show(watch.metrics())
go.set()
for _ in tasks[2:]:
    started.acquire()
pool.shutdown()
# A thread that has been joined is known until its destructors have run.
while watch.metrics()["pools"]:
    time.sleep(0.001)
"""
    [numbers] = shown(program)
    assert numbers["threads"] == 3
    assert numbers["blocked"] == {"Event": 2}
    [pool] = numbers["pools"]
    assert (pool["name"], pool["workers"], pool["busy"], pool["waiting"]) == (
        "web",
        2,
        2,
        3,
    )
    queues = sorted(numbers["queues"], key=lambda it: it["name"])
    assert queues == [
        {"name": "jobs", "depth": 3, "capacity": 10},
        {"name": "many", "depth": 0, "capacity": 0},
    ]
    assert (numbers["deadlocks"], numbers["inversions"]) == (0, 0)
    assert numbers["waits"] == {} and numbers["contended"] == []
    assert numbers["measured_seconds"] == 0.0


def test_idle_workers_wait_for_work():
    program = """
pool = concurrent.futures.ThreadPoolExecutor(3)
list(pool.map(time.sleep, [0.05] * 3))
while sum(watch.metrics()["blocked"].values()) < 3:
    time.sleep(0.001)
show(watch.metrics())
"""
    [numbers] = shown(program)
    [pool] = numbers["pools"]
    assert (pool["workers"], pool["busy"], pool["waiting"]) == (3, 0, 0)


def test_waits_are_counted_from_the_start_to_the_stop():
    program = """
watch.start()
lock = watch.name(threading.Lock(), "cache")
for _ in range(5):
    lock.acquire()
    other = threading.Thread(target=lambda: (lock.acquire(), lock.release()))
    other.start()
    asleep("Lock")
    lock.release()
    other.join()
assert not threading.Event().wait(0.01)
watch.stop()
assert not threading.Event().wait(0.01)
show(watch.metrics())
"""
    [numbers] = shown(program)
    waits = numbers["waits"]["Lock"]
    assert (waits["count"], waits["timed_out"], waits["interrupted"]) == (5, 0, 0)
    assert 0 < waits["seconds"] < 60
    assert sum(count for _, count in waits["histogram"]) == 5
    bounds = [bound for bound, _ in waits["histogram"]]
    assert bounds == sorted(bounds) and bounds[0] == 1e-6 and math.isinf(bounds[-1])
    assert numbers["waits"]["Event"]["timed_out"] == 1
    [cache] = [it for it in numbers["contended"] if it["name"] == "cache"]
    assert (cache["kind"], cache["count"], cache["overestimate"]) == ("Lock", 5, 0)
    assert cache["seconds"] == pytest.approx(waits["seconds"])
    assert numbers["measured_seconds"] > 0


def test_what_does_not_wait_is_not_counted():
    program = """
watch.start()
lock, q, event = threading.Lock(), queue.Queue(), threading.Event()
event.set()
for _ in range(100):
    with lock:
        q.put(1)
    q.get()
    event.wait()
show(watch.metrics()["waits"])
"""
    assert shown(program) == [{}]


def test_the_table_of_objects_has_a_bound():
    program = """
watch.start()
events = [threading.Event() for _ in range(300)]
for event in events:
    assert not event.wait(0.0001)
busy = watch.name(threading.Event(), "busy")
for _ in range(300):
    assert not busy.wait(0.0001)
numbers = watch.metrics()
show([len(numbers["contended"]), numbers["contended"][0], numbers["waits"]["Event"]["timed_out"]])
"""
    [[rows, first, timed_out]] = shown(program)
    assert rows <= 128 and timed_out == 600
    assert first["name"] == "busy" and first["count"] - first["overestimate"] <= 300


def test_counts_go_on_in_the_child_of_a_fork():
    program = """
import os, warnings
warnings.simplefilter("ignore", DeprecationWarning)
watch.start()
assert not threading.Event().wait(0.001)
if child := os.fork():
    assert os.waitpid(child, 0)[1] == 0
else:
    assert not threading.Event().wait(0.001)
    assert watch.metrics()["waits"]["Event"]["count"] == 2
    os._exit(0)
show(watch.metrics()["waits"]["Event"]["count"])
"""
    assert shown(program) == [1]


def test_many_threads_count_each_wait():
    program = """
watch.start()
gate = threading.Barrier(8)
def works():
    for _ in range(200):
        gate.wait()
threads = [threading.Thread(target=works) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
waits = watch.metrics()["waits"]["Barrier"]
show([waits["count"], sum(count for _, count in waits["histogram"])])
"""
    [[count, in_buckets]] = shown(program)
    # The last to arrive does not wait.
    assert 0 < count <= 200 * 7
    assert in_buckets == count


def test_the_environment_starts_it_and_a_report_from_outside_has_it(tmp_path):
    program = """
import sys
import threading
event = threading.Event()
event.wait(0.01)
print("ready", flush=True)
sys.stdin.read()
"""
    file = tmp_path / "program.py"
    file.write_text(program)
    environment = {**os.environ, "WEFTLINE_WATCH": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "weftline", "run", file],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as watched:
        assert watched.stdout.readline() == "ready\n"
        command = [sys.executable, "-m", "weftline", "dump", "--json", str(watched.pid)]
        told = subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=False
        )
        watched.stdin.close()
    [process] = json.loads(told.stdout)
    [waits] = process["measured"]["waits"]
    assert (waits["kind"], waits["count"], waits["timed_out"]) == ("Event", 1, 1)
    assert process["measured"]["goes_on"] is True


def test_a_program_is_measured_from_the_start_by_run_and_its_children_are():
    source = """
import multiprocessing, sys, threading
from weftline import watch
def measures():
    threading.Event().wait(0.01)
    print(watch.metrics()["waits"]["Event"]["timed_out"], flush=True)
if __name__ == "__main__":
    measures()
    child = multiprocessing.get_context(sys.argv[1]).Process(target=measures)
    child.start()
    child.join()
"""
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder, "measures.py")
        script.write_text(source, encoding="utf-8")
        for method in ("spawn", "fork"):
            done = subprocess.run(
                [sys.executable, "-m", "weftline", "run", "--watch", script, method],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            counts = [int(line) for line in done.stdout.splitlines()]
            assert len(counts) == 2 and min(counts) >= 1, (method, done)
