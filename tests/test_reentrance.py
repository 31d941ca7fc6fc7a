"""Objects used again in the middle of their own operations: by signal handlers, destructors,
callbacks.

The standard library promises this for `SimpleQueue.put` alone. Each program intrudes on an object
while the main thread hammers it, and at the end accounts for every item and permit.
"""

import pytest
from support.programs import run
from support.target import ours_only

OBJECTS = {
    "Event": """
event = threading.Event()
def hammer():
    event.set()
    event.wait(0.001)
    event.clear()
    event.is_set()
    event.wait(0)
def intrude():
    event.set()
    event.is_set()
    event.wait(0)
def check():
    event.set()
    assert event.wait()
""",
    "Semaphore": """
semaphore, balance = threading.Semaphore(0), [0]
def hammer():
    semaphore.release(2)
    semaphore.acquire()
    semaphore.acquire(timeout=1)
def intrude():
    semaphore.release()
    balance[0] += 1
    if semaphore.acquire(False):
        balance[0] -= 1
def check():
    assert semaphore._value == balance[0], (semaphore._value, balance)
""",
    "BoundedSemaphore": """
semaphore = threading.BoundedSemaphore(3)
def hammer():
    with semaphore:
        semaphore.acquire(False) and semaphore.release()
def intrude():
    if semaphore.acquire(False):
        semaphore.release()
def check():
    assert semaphore._value == 3, semaphore._value
""",
    "Lock": """
lock = threading.Lock()
def hammer():
    if lock.acquire(False):
        lock.release()
    lock.locked()
def intrude():
    if lock.acquire(False):
        lock.release()
def check():
    assert not lock.locked()
""",
    "RLock": """
lock = threading.RLock()
def hammer():
    with lock:
        with lock:
            pass
def intrude():
    with lock:
        lock._is_owned()
def check():
    assert not lock._is_owned()
    assert lock.acquire(False)
""",
    "Condition": """
condition = threading.Condition()
def hammer():
    with condition:
        condition.notify()
        condition.wait(0.0002)
        condition.wait_for(lambda: True)
        condition.notify_all()
def intrude():
    with condition:
        condition.notify()
        condition.notify_all()
def check():
    with condition:
        assert condition.wait(0) is False
    assert len(condition._waiters) == 0
""",
    "Barrier": """
barrier = threading.Barrier(1)
def hammer():
    barrier.wait()
    barrier.n_waiting, barrier.broken
def intrude():
    barrier.wait()
    barrier.n_waiting, barrier.broken
def check():
    assert barrier.wait() == 0
""",
    **{
        name: f"""
q, balance = {made}, [0]
def hammer():
    q.put(1)
    q.put(2)
    q.qsize()
    q.get()
    q.get(timeout=1)
def intrude():
    q.put(3)
    balance[0] += 1
    q.qsize()
    q.empty()
    if balance[0] % 3 == 0:
        try:
            q.get_nowait()
            balance[0] -= 1
        except queue.Empty:
            pass
def check():
    assert q.qsize() == balance[0], (q.qsize(), balance)
    while not q.empty():
        q.get()
"""
        for name, made in {
            "Queue": "queue.Queue()",
            "Queue, bounded": "queue.Queue(100_000)",
            "LifoQueue": "queue.LifoQueue()",
            "PriorityQueue": "queue.PriorityQueue()",
            "SimpleQueue": "queue.SimpleQueue()",
        }.items()
    },
    "PriorityQueue with a comparison in Python": """
class Item:
    def __init__(self, rank):
        self.rank = rank
    def __lt__(self, other):
        [rank for rank in (self.rank, other.rank)]
        return self.rank < other.rank
q, balance = queue.PriorityQueue(), [0]
def hammer():
    for rank in (3, 1, 2):
        q.put(Item(rank))
    for _ in range(3):
        q.get()
def intrude():
    q.put(Item(5))
    balance[0] += 1
def check():
    assert q.qsize() == balance[0], (q.qsize(), balance)
    ranks = [q.get().rank for _ in range(q.qsize())]
    assert ranks == sorted(ranks)
""",
}

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
from support.workers import start
intrusions = []
def intruded():
    intrusions.append(1)
    intrude()
def leave_work_for_the_collector():
    for _ in range(3):
        cycle = []
        cycle.append(cycle)
{object}
{way}
check()
"""


@ours_only
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_may_be_used_in_the_middle_of_its_own_operation_by(name, way):
    run(PROGRAM.format(object=OBJECTS[name], way=WAYS[way]))


@ours_only
@pytest.mark.parametrize("way", ["a signal handler", "destructors"])
@pytest.mark.parametrize(
    "name", ["Queue", "PriorityQueue", "Semaphore", "Event", "SimpleQueue"]
)
def test_an_object_may_be_intruded_on_while_other_threads_work_with_it(name, way):
    others = """
stop = []
def other():
    while not stop:
        hammer()
others = [start(other) for _ in range(2)]
"""
    told = run(
        PROGRAM.format(object=OBJECTS[name] + others, way=WAYS[way])
        .replace("len(intrusions) < 1000", "len(intrusions) < 300")
        .replace(
            "check()\n",
            "stop.append(1)\nfor worker in others:\n    worker.result()\nprint('ended')\n",
        )
    )
    assert told == "ended\n"


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
