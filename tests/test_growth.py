"""Memory does not grow with use."""

import pytest
from support.programs import run

GROWTH = """
import gc, resource, sys, weakref, threading as std
from support.workers import start, blocked
{setup}
def work():
    {work}
def megabytes():
    gc.collect()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
for _ in range({rounds} // 4):
    work()
before = megabytes()
for _ in range({rounds}):
    work()
grown = megabytes() - before
assert grown < 2, f"{{grown:.1f}} MB more"
"""


@pytest.mark.parametrize(
    ("setup", "work", "rounds"),
    [
        ("", "threading.Lock().acquire(timeout=1)", 60000),
        ("", "weakref.ref(threading.RLock()).__class__", 60000),
        ("", "c = threading.Condition(); c.acquire(); c.wait(0); c.notify()", 30000),
        ("", "e = threading.Event(); e.wait(0); e.set(); e.wait()", 30000),
        (
            "",
            "s = threading.Semaphore(1); s.acquire(); s.acquire(timeout=0); s.release()",
            30000,
        ),
        ("", "threading.Barrier(1, list).wait()", 30000),
        (
            "",
            "q = queue.Queue(2); q.put(q); q.put([]); q.full(); q.mutex; q.queue",
            15000,
        ),
        (
            "",
            "q = queue.PriorityQueue(); q.put((1, q)); q.put((0, [])); q.get(); q.not_full",
            15000,
        ),
        ("", "q = queue.SimpleQueue(); q.put(q); q.put(bytes(500))", 30000),
        ("q = queue.Queue(1)", "q.put(bytes(500)); q.get(); q.task_done()", 60000),
        (
            "q = queue.LifoQueue()",
            "[q.put(bytes(500)) for _ in range(9)]; q.queue.clear()",
            8000,
        ),
        ("l = threading.Lock(); l.acquire()", "l.acquire(timeout=0.000001)", 15000),
        (
            "q = queue.Queue(1); q.put(1)",
            "start(lambda: q.put(bytes(9000), True, 0))",
            1500,
        ),
        ("q = queue.Queue()", "g = start(q.get); q.put(bytes(9000)); g.result()", 1500),
        (
            "q = queue.SimpleQueue()",
            "g = start(q.get); q.put(bytes(9000)); g.result()",
            1500,
        ),
    ],
)
def test_memory_does_not_grow_with_use(setup, work, rounds):
    run(GROWTH.format(setup=setup, work=work, rounds=rounds), within=40)
