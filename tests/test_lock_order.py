"""The order of locks: which acquisitions are inversions, and which are none."""

import re
import sys

import pytest
from support.lock_order import PRELUDE, error_of, told

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="its reports name processes as on Linux"
)

KINDS = {
    "Lock": "threading.Lock()",
    "RLock": "threading.RLock()",
    "Condition": "threading.Condition()",
    "Condition of a Lock": "threading.Condition(threading.Lock())",
    "allocate_lock": "__import__('_thread').allocate_lock()",
    "RWLock, write": "writing(weftline.RWLock())",
    "a queue's mutex": "__import__('queue').Queue().mutex",
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_two_orders_of_two_locks_are_told(kind):
    program = f"""
left = {kind}
right = {kind}
in_two_orders(left, right)
print(watch.inversions()[0])
"""
    text = "\n".join(told(program))
    assert "potential deadlock: 2 threads took 2 locks in different orders" in text
    made = re.findall(r'"(\w+)" held the lock of <string>:(\d+) in <module>', text)
    assert [name for name, _ in made] == ["second", "first"]
    assert int(made[0][1]) == int(made[1][1]) + 1
    assert " in nested\n" in text and " in in_two_orders" not in text


NONE = {
    "one order": "thread(nested, a, b, c); thread(nested, a, c); thread(nested, b, c)",
    "one thread": "nested(a, b); nested(b, a)",
    "a common outer lock": "thread(nested, a, b, c); thread(nested, a, c, b)",
    "a common outer condition": """
outer = threading.Condition()
thread(nested, outer, b, c); thread(nested, outer, c, b)
""",
    "a try": """
def tries():
    with b:
        assert a.acquire(blocking=False)
        a.release()
        assert a.acquire(timeout=10)
        a.release()
thread(nested, a, b); thread(tries)
""",
    "a signal": """
def waits(signal, lock):
    signal.acquire()
    threading.Timer(0.01, signal.release).start()
    signal.acquire()
    with lock:
        pass
    signal.release()
thread(waits, a, b); thread(nested, b, a)
""",
    "a lock that is gone while it is held": """
def drops():
    lost = [threading.Lock() for _ in range(3)]
    for lock in lost:
        lock.acquire()
    del lost, lock
def drops_and_takes():
    drops()
    nested(a)
def takes_and_drops():
    with a:
        drops()
thread(drops_and_takes); thread(takes_and_drops)
""",
    "a reentrant lock again": """
outer, inner = threading.RLock(), threading.RLock()
def again():
    with outer:
        with inner:
            with outer:
                pass
thread(again); thread(again)
""",
    "locks of one class in one order": """
forks = [threading.Lock() for _ in range(5)]
def eats(at):
    nested(*(forks[it] for it in sorted([at, (at + 1) % 5])))
for at in range(5):
    thread(eats, at)
""",
    "a condition's wait": """
condition = threading.Condition()
def waits():
    with a:
        with condition:
            condition.wait(0.01)
thread(waits); thread(waits)
""",
    "readers in two orders, without writers": """
one, other = weftline.RWLock(), weftline.RWLock()
in_two_orders(reading(one), reading(other))
""",
    "readers in two orders, and one of them writes": """
one, other = weftline.RWLock(), weftline.RWLock()
def reads_and_writes():
    nested(reading(one), reading(other))
    nested(writing(one))
    nested(writing(other))
thread(reads_and_writes); thread(nested, reading(other), reading(one))
""",
    "a reader that reads again under another lock": """
shared = weftline.RWLock()
def again():
    nested(reading(shared), a, reading(shared))
thread(again); thread(again); thread(nested, writing(shared))
""",
    "a writer that holds a common outer lock": """
shared = weftline.RWLock()
thread(nested, c, a, writing(shared)); thread(nested, c, reading(shared), a)
""",
    "a read with a timeout": """
shared = weftline.RWLock()
def tries():
    with a:
        assert shared.acquire_read(timeout=10)
        shared.release_read()
thread(nested, writing(shared), a); thread(tries)
""",
    "an RWLock that is gone while a thread reads it": """
def drops():
    lost = weftline.RWLock()
    lost.acquire_read()
def drops_and_takes():
    drops()
    nested(a)
    nested(b)
thread(drops_and_takes); thread(nested, b, a)
""",
    "what the library does inside": """
import concurrent.futures, queue
q = queue.Queue()
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    def task(n):
        with a:
            q.put(n)
        return q.get()
    list(pool.map(task, range(50)))
e = threading.Event()
threading.Timer(0.01, e.set).start()
with b:
    e.wait()
""",
}


@pytest.mark.parametrize("program", NONE.values(), ids=NONE.keys())
def test_what_is_no_inversion(program):
    locks = "a = threading.Lock()\nb = threading.Lock()\nc = threading.Lock()\n"
    assert told(f"{locks}{program}\nprint(*watch.inversions(), sep='')") == ["", ""]


SOME = {
    "three in a circle": """
thread(nested, a, b); thread(nested, b, c); thread(nested, c, a)
""",
    "philosophers": """
forks = [threading.Lock() for _ in range(5)]
for at in range(5):
    thread(nested, forks[at], forks[(at + 1) % 5])
""",
    "a try that holds": """
def tries():
    assert b.acquire(blocking=False)
    nested(a)
    b.release()
thread(nested, a, b); thread(tries)
""",
    "two objects of a class": """
class Account:
    def __init__(self):
        self.lock = threading.Lock()
in_two_orders(Account().lock, a)
""",
    "dataclasses": """
from dataclasses import dataclass, field
@dataclass
class Shelf:
    lock: object = field(default_factory=threading.RLock)
shelf = Shelf()
in_two_orders(shelf.lock, a)
""",
    "a condition whose wait takes it again under another lock": """
condition = threading.Condition()
def waits():
    with a:
        with condition:
            condition.wait(0.01)
thread(waits); thread(nested, condition, a)
""",
    "a lock of a pool's tasks": """
import concurrent.futures
with concurrent.futures.ThreadPoolExecutor(1) as pool:
    pool.submit(nested, a, b).result()
nested(b, a)
""",
    "a gate that only one takes": """
thread(nested, c, a, b); thread(nested, b, a)
""",
    "a reader and a writer": """
shared = weftline.RWLock()
thread(nested, reading(shared), a); thread(nested, a, writing(shared))
""",
    "readers in two orders, beside writers": """
one, other = weftline.RWLock(), weftline.RWLock()
thread(nested, writing(one)); thread(nested, writing(other))
in_two_orders(reading(one), reading(other))
""",
    "a common outer lock that both read": """
outer = weftline.RWLock()
thread(nested, reading(outer), a, b); thread(nested, reading(outer), b, a)
""",
    "a queue inside its mutex and outside": """
import queue
q = queue.Queue()
thread(nested, q.mutex, a)
def puts():
    with a:
        q.put(1)
thread(puts)
""",
    "an RWLock in the child of a fork": """
shared = weftline.RWLock()
with shared.read():
    thread(nested, reading(shared), a)
    if child := os.fork():
        os.waitpid(child, 0)
        os._exit(0)
thread(nested, a, writing(shared))
print(count())
sys.stdout.flush()
os._exit(0)
""",
    "in the child of a fork": """
thread(nested, a, b)
if child := os.fork():
    os.waitpid(child, 0)
    os._exit(0)
thread(nested, b, a)
print(count())
sys.stdout.flush()
os._exit(0)
""",
}


@pytest.mark.parametrize("program", SOME.values(), ids=SOME.keys())
def test_what_is_an_inversion(program):
    locks = "a = threading.Lock()\nb = threading.Lock()\nc = threading.Lock()\n"
    ending = "print(count())\nsys.stdout.flush()\n"
    assert told(locks + program + ending) == ["1", ""]


def test_the_child_of_a_fork_has_the_classes_and_suppressions():
    program = """
stop = False
def makes_and_takes():
    number = 0
    while not stop:
        number += 1
        locks = []
        exec("\\n" * number + "locks += [threading.Lock(), threading.RLock()]")
        nested(*locks)
busy = [threading.Thread(target=makes_and_takes) for _ in range(3)]
for it in busy:
    it.start()
left = watch.name(threading.Lock(), "left")
right = threading.Lock()
quiet = watch.name(threading.Lock(), "quiet")
watch.suppress_inversions("quiet")
for _ in range(60):
    if child := os.fork():
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        continue
    in_two_orders(quiet, right)
    in_two_orders(left, right)
    reports = [report for report in watch.inversions() if '"left"' in report]
    made = "the lock of <string>:%d in <module>" % right_line
    os._exit(0 if len(reports) == 1 and made in reports[0] and "quiet" not in reports[0] else 1)
stop = True
for it in busy:
    it.join()
print("done")
"""
    program = program.replace(
        "right = threading.Lock()\n",
        "right = threading.Lock(); right_line = sys._getframe().f_lineno\n",
    )
    assert told(program) == ["done", ""]


def test_hundreds_of_nested_locks_have_bounded_edges():
    program = """
def deep(left):
    with threading.Lock():
        if left:
            deep(left - 1)
thread(deep, 400)
thread(deep, 400)
assert count() == 0
"""
    error = error_of("-c", PRELUDE + program)
    assert error.count("the order of locks is full") == 1


def test_it_ends_when_it_is_switched_off():
    program = """
left = threading.Lock()
right = threading.Lock()
thread(nested, left, right)
watch.lock_order(False)
thread(nested, right, left)
print(count())
"""
    assert told(program) == ["0", ""]


def test_many_threads_and_many_short_lived_locks():
    program = """
import gc
class Node:
    def __init__(self):
        self.lock = threading.Lock()
def works(seed):
    outer = [Node() for _ in range(20)]
    for turn in range(300):
        nodes = [Node() for _ in range(3)]
        with outer[(turn * seed) % 20].lock:
            nested(*(node.lock for node in nodes))
started = [threading.Thread(target=works, args=(seed,)) for seed in range(1, 9)]
for it in started: it.start()
for it in started: it.join()
print(count())
"""
    assert told(program) == ["0", ""]
