"""`weftline dump` and `weftline.watch`: what a report says of each class and of deadlocks."""

import re
import subprocess
import sys

import pytest
from support.dumped import (
    LONG,
    all_steady,
    blocked,
    dump,
    running,
    snapshot,
    state,
    thread,
)

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="processes answer on Linux only"
)

EVERY_CLASS = """
import queue, sys, threading
from concurrent import futures
from weftline import RWLock

def held(lock): lock.acquire(); return lock
def filled(q): q.put(1); return q
def written(lock): lock.acquire_write(); return lock
def read(lock): lock.acquire_read(); return lock
def inflated(it, name): getattr(it, name); return it
def waits_for_condition(it):
    with it: it.wait()
def waits_until_true(it):
    with it: it.wait_for(lambda: False)
class MyQueue(queue.Queue): pass
class MyEvent(threading.Event): pass
class MySemaphore(threading.Semaphore): pass
pool = futures.ThreadPoolExecutor(1, "pool")
idle = futures.ThreadPoolExecutor(1, "idle")
idle.submit(int).result()
running, pending = pool.submit(threading.Event().wait), pool.submit(int)
for name, it, wait in [
    ("Lock", held(threading.Lock()), "acquire"),
    ("RLock", held(threading.RLock()), "acquire"),
    ("Event", threading.Event(), "wait"),
    ("Semaphore", threading.Semaphore(0), "acquire"),
    ("BoundedSemaphore", held(threading.BoundedSemaphore(1)), "acquire"),
    ("Barrier", threading.Barrier(3), "wait"),
    ("Queue", queue.Queue(), "get"),
    ("LifoQueue", queue.LifoQueue(), "get"),
    ("PriorityQueue", queue.PriorityQueue(), "get"),
    ("SimpleQueue", queue.SimpleQueue(), "get"),
    ("full", filled(queue.Queue(1)), lambda it: it.put(2)),
    ("join", filled(queue.Queue()), "join"),
    ("Condition", threading.Condition(), waits_for_condition),
    ("wait_for", threading.Condition(), waits_until_true),
    ("running", running, "result"),
    ("pending", pending, "result"),
    ("several", [running, pending], futures.wait),
    ("as_completed", [running, pending], lambda it: list(futures.as_completed(it))),
    ("reader", written(RWLock()), "acquire_read"),
    ("writer", read(RWLock()), "acquire_write"),
    ("inflated Queue", inflated(queue.Queue(), "mutex"), "get"),
    ("inflated Semaphore", inflated(threading.Semaphore(0), "_cond"), "acquire"),
    ("inflated Event", inflated(threading.Event(), "_cond"), "wait"),
    ("inflated Barrier", inflated(threading.Barrier(2), "_cond"), "wait"),
    ("inflated Future", inflated(futures.Future(), "_condition"), "result"),
    ("subclass of Queue", MyQueue(), "get"),
    ("subclass of Event", MyEvent(), "wait"),
    ("subclass of Semaphore", MySemaphore(0), "acquire"),
    ("with a timeout", threading.Event(), lambda it: it.wait(1000)),
]:
    wait = getattr(it, wait) if isinstance(wait, str) else lambda it=it, wait=wait: wait(it)
    threading.Thread(target=wait, name=name, daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
sys.stdout.flush()
import os; os._exit(0)
"""

MAIN = {"is": "held", "by": 1, "times": 1}
EMPTY = {"is": "queue", "capacity": 0, "unfinished": 0}

WAITS = {
    "Lock": ("Lock", MAIN),
    "RLock": ("RLock", MAIN),
    "Event": ("Event", {"is": "flag", "set": False}),
    "Semaphore": ("Semaphore", {"is": "permits", "free": 0, "bound": 2**63 - 1}),
    "BoundedSemaphore": ("Semaphore", {"is": "permits", "free": 0, "bound": 1}),
    "Barrier": ("Barrier", {"is": "parties", "arrived": 1, "parties": 3}),
    "Queue": ("QueueGet", EMPTY),
    "LifoQueue": ("QueueGet", EMPTY),
    "PriorityQueue": ("QueueGet", EMPTY),
    "SimpleQueue": ("QueueGet", EMPTY),
    "full": ("QueuePut", {"is": "queue", "capacity": 1, "unfinished": 1}),
    "join": ("QueueJoin", {"is": "queue", "capacity": 0, "unfinished": 1}),
    "Condition": ("Condition", None),
    "wait_for": ("Condition", None),
    "running": ("Future", {"is": "running", "pool": 1}),
    "pending": ("Future", {"is": "pending", "pool": 1}),
    "several": ("Futures", {"is": "awaited", "count": 2}),
    "as_completed": ("Futures", {"is": "awaited", "count": 2}),
    "reader": ("RwLockRead", MAIN),
    "writer": ("RwLockWrite", {"is": "read", "readers": 1}),
    "inflated Queue": ("Condition", None),
    "inflated Semaphore": ("Condition", None),
    "inflated Event": ("Condition", None),
    "inflated Barrier": ("Condition", None),
    "inflated Future": ("Condition", None),
    "subclass of Queue": ("QueueGet", EMPTY),
    "subclass of Event": ("Event", {"is": "flag", "set": False}),
    "subclass of Semaphore": (
        "Semaphore",
        {"is": "permits", "free": 0, "bound": 2**63 - 1},
    ),
    "with a timeout": ("Event", {"is": "flag", "set": False}),
}


@pytest.fixture(scope="module")
def every_class():
    with running(EVERY_CLASS) as program:
        # Its threads, and the worker of the pool that is not idle.
        # A thread that is asked while it looks for a deadlock has another sleep afterwards.
        yield snapshot(
            program.pid, lambda it: blocked(it) > len(WAITS) and all_steady(it)
        )


@pytest.mark.parametrize("name", WAITS)
def test_a_report_says_what_each_class_is_waited_for(every_class, name):
    wait = thread(every_class, name)["waits"]
    assert (wait["kind"], state(every_class, name)) == WAITS[name]
    assert wait["steady"]
    assert 0 <= wait["seconds"] < LONG
    assert wait["site"]["line"]


def test_a_report_says_when_a_wait_times_out(every_class):
    times_out = {
        it["name"]: it["waits"] and it["waits"]["times_out_in"]
        for it in every_class["threads"]
    }
    left = times_out.pop("with a timeout")
    assert 1000 - LONG < left <= 1000
    assert set(times_out.values()) == {None}


def test_a_report_says_what_a_thread_holds(every_class):
    main = thread(every_class, "MainThread")
    held = {
        thread(every_class, name)["waits"]["object"]
        for name in ("Lock", "RLock", "reader", "writer")
    }
    assert main["main"] and set(main["holds"]) == held


def test_a_report_has_the_workers_of_pools(every_class):
    assert thread(every_class, "pool_0")["waits"]["kind"] == "Event"
    assert thread(every_class, "idle_0")["tid"]


def test_a_report_has_the_stack_of_each_thread(every_class):
    assert every_class["stacks"] == "interpreter" and every_class["complete"]
    stack = thread(every_class, "Condition")["stack"]
    # Without the functions in which each thread begins.
    assert [frame["function"] for frame in stack] == ["waits_for_condition", "<lambda>"]
    assert all(frame["file"] and frame["line"] for frame in stack)


# Two threads take two locks in opposite order.
OPPOSITE = """
import sys, threading
from weftline import RWLock
kinds = [getattr(threading, kind) for kind in sys.argv[1].split()]
timeout = float(sys.argv[2])
locks = [kind() for kind in kinds]
both = threading.Barrier(2)
def takes(first, second):
    with first:
        both.wait()
        second.acquire(timeout=timeout)
for name, order in ("first", locks), ("second", locks[::-1]):
    threading.Thread(target=takes, args=order, name=name, daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(
    ("kinds", "timeout", "verdict"),
    [
        ("Lock RLock", -1, "likely"),
        ("Lock Lock", -1, "likely"),
        ("RLock RLock", -1, "certain"),
        ("RLock RLock", 1000, "until-timeout"),
    ],
)
def test_a_deadlock_is_told_and_no_surer_than_it_is(kinds, timeout, verdict):
    with running(OPPOSITE, kinds, timeout) as program:
        found = snapshot(program.pid, lambda it: it["deadlocks"])
        (deadlock,) = found["deadlocks"]
        assert deadlock["verdict"] == verdict
        numbers = {thread(found, name)["number"] for name in ("first", "second")}
        assert set(deadlock["threads"]) == numbers
        for name in "first", "second":
            assert thread(found, name)["stack"][0]["function"] == "takes"
        done = dump(program.pid, "--check")
        assert (done.returncode, done.stderr) == (3, "")
        assert "wait for each other" in done.stdout
        # The process runs on.
        assert program.runs() and dump(program.pid).returncode == 0


def test_a_lock_that_a_thread_takes_twice_is_no_deadlock():
    """Another thread may release a Lock."""
    with running(
        """
import sys, threading
lock = threading.Lock()
def takes():
    lock.acquire()
    lock.acquire()
threading.Thread(target=takes, name="twice", daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
"""
    ) as program:
        found = snapshot(program.pid, lambda it: blocked(it) == 1)
        assert found["deadlocks"] == []
        twice = thread(found, "twice")
        assert state(found, "twice")["by"] == twice["number"]
        done = dump(program.pid, "--check")
        assert done.returncode == 0 and "which it holds itself" in done.stdout


NAMES = """
import sys, threading
names = ["", "ä" * 100, "tab\\tnewline\\nreturn\\r", "100% %41 %", "-", "\\x1b[2J\\x9b2J", "\\u2028", "\\udcff",
    "x" * 10_000, "\\x00"]
event = threading.Event()
def waits(): event.wait()
threads = [threading.Thread(target=waits, name=name, daemon=True) for name in names]
later = threading.Thread(target=waits, name="before", daemon=True)
class Hostile(threading.Thread):
    def __getattribute__(self, name):
        if name == "_name" and armed: print("called", flush=True)
        return super().__getattribute__(name)
armed = []
hostile = Hostile(target=waits, name="hostile", daemon=True)
for thread in [*threads, later, hostile]: thread.start()
print("ready", flush=True)
armed.append(1)
sys.stdin.readline()
later.name = "after"
print("renamed", flush=True)
sys.stdin.read()
armed.clear()
"""


def test_any_name_of_a_thread_is_told_in_one_piece():
    with running(NAMES) as program:
        found = snapshot(program.pid, lambda it: blocked(it) == 12)
        names = {it["name"] for it in found["threads"]}
        assert {
            "ä" * 100,
            "tab\tnewline\nreturn\r",
            "100% %41 %",
            "-",
            "\x1b[2J\x9b2J",
            "\u2028",
            "x" * 10_000,
            "\x00",
            "before",
            "hostile",
        } <= names
        assert any("\ufffd" in (name or "") for name in names)
        text = dump(program.pid).stdout
        # A terminal obeys none of it.
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
        program.tell("rename")
        program.read_to("renamed")
        names = {it["name"] for it in snapshot(program.pid)["threads"]}
        assert "after" in names and "before" not in names
        assert program.output == []


def test_names_of_files_and_functions_are_told_whatever_they_are():
    with running(
        """
import sys, threading
event, names = threading.Event(), {}
for number, file in enumerate(["\\udcff/odd.py", "\\x1b[2J\\n%.py", "<string>", "x" * 5000]):
    exec(compile(f"def waits{number}():\\n\\n    event.wait()", file, "exec"), names, names)
    names["event"] = event
    threading.Thread(target=names[f"waits{number}"], name=str(number), daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
"""
    ) as program:
        found = snapshot(program.pid, lambda it: blocked(it) == 4)
        frames = [thread(found, str(number))["stack"][0] for number in range(4)]
        assert [frame["function"] for frame in frames] == [
            f"waits{number}" for number in range(4)
        ]
        assert [frame["line"] for frame in frames] == [3] * 4
        assert frames[0]["file"].endswith("/odd.py")
        assert [frame["file"] for frame in frames[1:]] == [
            "\x1b[2J\n%.py",
            "<string>",
            "x" * 5000,
        ]
        text = dump(program.pid).stdout
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)


def test_a_deep_stack_is_told_in_part_and_the_report_says_so():
    with running(
        """
import sys, threading
def deep(depth):
    deep(depth - 1) if depth else threading.Event().wait()
for name, depth in ("deep", 500), ("shallow", 20):
    threading.Thread(target=deep, args=(depth,), name=name, daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
"""
    ) as program:
        found = snapshot(program.pid, lambda it: blocked(it) == 2)
        stack = thread(found, "deep")["stack"]
        assert 50 < len(stack) < 500
        assert {frame["function"] for frame in stack} == {"deep"}
        text = dump(program.pid).stdout
        deep, shallow = text.split('"deep"')[1].split('"shallow"')
        assert "… and more than" in deep
        assert re.search(r"… and 9 more frames\n", shallow)


def test_a_thousand_threads_are_told_with_their_stacks():
    with running(
        """
import sys, threading
event, stack_size = threading.Event(), threading.stack_size(128 * 1024)
def waits(): event.wait()
for number in range(1000): threading.Thread(target=waits, name=f"t{number}", daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
import os; os._exit(0)
"""
    ) as program:
        # An interpreter has 200 ms for that, which a machine with other work may exceed.
        found = snapshot(
            program.pid,
            lambda it: blocked(it) == 1000 and it["stacks"] == "interpreter",
        )
        assert len(found["threads"]) == 1001 and found["complete"]
        assert {f"t{number}" for number in range(1000)} < {
            it["name"] for it in found["threads"]
        }
        assert all(it["stack"] for it in found["threads"])
        assert program.runs()


def test_a_process_that_is_not_on_weftline_gets_no_signal():
    # Any signal of a request would end it.
    with subprocess.Popen(["sleep", "1000"]) as process:
        try:
            done = dump(process.pid)
            assert (done.returncode, done.stdout) == (1, "")
            assert "got no signal" in done.stderr
            assert process.poll() is None
        finally:
            process.kill()
