"""Objects used again in the middle of their own operations: by signal handlers, destructors,
callbacks.

The standard library promises this for `SimpleQueue.put` alone. Each program intrudes on an object
while the main thread hammers it, and at the end accounts for every item and permit.
"""

import pytest
from classes import having
from support.programs import run
from support.target import ours_only

REENTERED = {
    name: (row.name, kind)
    for row in having("reentered").values()
    for name, kind in row.reentered.items()
}
"""Each kind of object, with its class."""
# A handler that waits for another thread is interrupted by the next signal, again and again.
SHARED = [name for name, (_, kind) in REENTERED.items() if not kind.waits]

WAYS = {
    "a signal handler": """
import signal
signal.signal(signal.SIGALRM, lambda *_: intruded())
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
while len(intrusions) < 200:
    hammer()
signal.setitimer(signal.ITIMER_REAL, 0)
""",
    "destructors": """
class Trash:
    def __init__(self):
        self.me = self
    def __del__(self):
        intruded()
gc.set_threshold(3)
while len(intrusions) < 1000:
    Trash()
    hammer()
    leave_work_for_the_collector()
gc.disable()
""",
    "callbacks of weak references": """
class Trash:
    def __init__(self):
        self.me = self
references = []
gc.set_threshold(3)
while len(intrusions) < 1000:
    references.append(weakref.ref(Trash(), lambda _: intruded()))
    del references[:-500]
    hammer()
    leave_work_for_the_collector()
gc.disable()
""",
    "callbacks of the collector": """
# Not so often that a collection is due again before its own callbacks have ended.
gc.callbacks.append(lambda phase, info: phase == "start" and intruded())
gc.set_threshold(40)
while len(intrusions) < 200:
    hammer()
    leave_work_for_the_collector()
gc.callbacks.clear()
gc.disable()
""",
    "a trace function": """
depth = []
def trace(frame, event, arg):
    if not depth and len(intrusions) < 2000:
        depth.append(1)
        intruded()
        depth.pop()
    return trace
sys.setprofile(lambda *args: trace(*args) and None)
while len(intrusions) < 1000:
    hammer()
sys.setprofile(None)
""",
}

PROGRAM = """
import gc, sys, weakref, threading as std
from classes import CLASSES
from support.target import MODULES
from support.workers import start
row = CLASSES[sys.argv[2]]
kind = row.reentered[sys.argv[1]]
thing, added, intrusions = (kind.new or row.new)(MODULES), [0], []
def hammer():
    kind.hammer(thing)
def intruded():
    intrusions.append(1)
    # One step, as another intrusion may come in the middle of this one.
    count = kind.intrude(thing)
    added[0] += count or 0
def leave_work_for_the_collector():
    for _ in range(3):
        cycle = []
        cycle.append(cycle)
{others}
{way}
{end}
kind.check(thing, added[0])
print("checked")
"""


@ours_only
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", REENTERED)
def test_an_object_may_be_used_in_the_middle_of_its_own_operation_by(name, way):
    source = PROGRAM.format(others="", way=WAYS[way], end="")
    assert run(source, name, REENTERED[name][0]) == "checked\n"


OTHERS = """
stop = []
def other():
    while not stop:
        hammer()
others = [start(other) for _ in range(2)]
"""

END = """
stop.append(1)
for worker in others:
    worker.result()
print("ended")
sys.exit()
"""


@ours_only
@pytest.mark.parametrize("way", ["a signal handler", "destructors"])
@pytest.mark.parametrize("name", SHARED)
def test_an_object_may_be_intruded_on_while_other_threads_work_with_it(name, way):
    source = PROGRAM.format(others=OTHERS, way=WAYS[way], end=END)
    source = source.replace("len(intrusions) < 1000", "len(intrusions) < 300")
    assert run(source, name, REENTERED[name][0]) == "ended\n"


@ours_only
@pytest.mark.parametrize("cls", ["Queue", "LifoQueue", "PriorityQueue", "SimpleQueue"])
def test_an_item_may_use_the_queue_it_leaves_from_its_destructor(cls):
    run(
        """
import sys
class Item:
    def __init__(self, rank):
        self.rank = rank
    def __lt__(self, other):
        return self.rank < other.rank
    def __del__(self):
        if len(log) < 1000:
            log.append(q.qsize())
            q.put(0)
            q.get_nowait()
            if hasattr(q, "maxsize"):
                q.maxsize, q.full(), q.unfinished_tasks

log = []
q = getattr(queue, sys.argv[1])()
for rank in range(10):
    q.put(Item(rank))
    if sys.argv[1] == "PriorityQueue":
        q.get()
    elif rank % 2:
        q.get()
if sys.argv[1] != "SimpleQueue":
    while not q.empty():
        q.get()
    if sys.argv[1] != "PriorityQueue":
        for rank in range(10):
            q.put(Item(rank))
        q.shutdown(immediate=False)
assert log
log.extend([None] * 1000)
""",
        cls,
    )


@ours_only
def test_items_dropped_by_a_shutdown_may_use_the_queue_from_their_destructors():
    run(
        """
class Item:
    def __del__(self):
        try:
            q.put(1)
        except queue.ShutDown:
            log.append(q.qsize())
log, q = [], queue.Queue()
for _ in range(10):
    q.put(Item())
q.shutdown(immediate=True)
assert len(log) == 10
assert q.qsize() == 0
assert q.unfinished_tasks == 0
"""
    )


@ours_only
def test_a_handler_may_use_the_queue_in_whose_get_and_put_the_main_thread_waits():
    run(
        """
import signal, threading as std
from support.workers import start
q, back, count = queue.Queue(1), queue.SimpleQueue(), 300
seen = []
def handler(number, frame):
    seen.append(q.qsize())
    try:
        q.put_nowait("from the handler")
    except queue.Full:
        back.put(q.get_nowait())
        q.put_nowait("from the handler")
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
while len(seen) < count:
    q.get()
signal.setitimer(signal.ITIMER_REAL, 0)
assert q.qsize() <= 1
"""
    )


@ours_only
def test_release_and_set_from_destructors_wake_waiting_threads():
    run(
        """
import gc
from support.workers import blocked
semaphore, event, q = threading.Semaphore(0), threading.Event(), queue.Queue()
waiters = [blocked(call) for call in (semaphore.acquire, event.wait, q.get)]
class Trash:
    def __init__(self):
        self.me = self
    def __del__(self):
        semaphore.release()
        event.set()
        q.put("item")
Trash()
gc.collect()
assert [waiter.result() for waiter in waiters] == [True, True, "item"]
"""
    )


@ours_only
def test_a_queue_may_be_used_by_its_own_methods():
    run(
        """
class Echo(queue.Queue):
    def _put(self, item):
        super()._put(item)
        sizes.append(self._qsize())
        sizes.append(len(self.queue))
sizes = []
q = Echo()
q.put(1)
assert sizes == [1, 1]
"""
    )
