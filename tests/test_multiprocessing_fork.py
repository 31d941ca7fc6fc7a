"""Children that multiprocessing forks while other threads use every object: none hangs, none misses
anything.
"""

import pytest
from support.beside import both, on_weftline
from support.target import ours_only

HAMMERING = """
import faulthandler, multiprocessing, os, signal, sys, threading, time
from support.hammers import KINDS

things = {name: kind.new() for name, kind in KINDS.items()}
stop, resting = [], []

def hammer(names):
    while not stop:
        for name in names:
            # Not beside a child at work: its threads may yield the processor before each wait.
            time.sleep(0.001) if resting else KINDS[name].hammer(things[name])

def child():
    # A child that hangs prints its stacks, and ends. (`dump_traceback_later` waits for its thread,
    # which is the parent's.)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    faulthandler.register(signal.SIGALRM, chain=True)
    signal.alarm(20)
    for name, kind in KINDS.items():
        kind.use(things[name])

def hammering():
    # Each pair has objects of its own. So at any fork some are owned, some have waiters, and some
    # are being handed off.
    names = list(KINDS)
    threads = [threading.Thread(target=hammer, args=(names[n % 3 :: 3],)) for n in range(6)]
    for thread in threads:
        thread.start()
    return threads

# So that the forking thread progresses beside six busy threads.
sys.setswitchinterval(0.0005)

context = multiprocessing.get_context("fork")

def fork(count, rests=False):
    for n in range(count):
        process = context.Process(target=child)
        process.start()
        if rests:
            resting.append(True)
        process.join()
        resting.clear()
        time.sleep(0.002 * rests)
        if process.exitcode:
            print(f"child {n} ended with {process.exitcode}", flush=True)
            os._exit(1)
"""


@ours_only
def test_two_hundred_children_use_every_object_that_threads_hammer(tmp_path):
    output = on_weftline(
        tmp_path,
        HAMMERING
        + """
threads = hammering()
fork(200, rests=True)
stop.append(True)
for thread in threads:
    thread.join()
# The parent's own objects are as sound as the children's.
child()
signal.alarm(0)
print("all")
""",
    )
    assert output == "all\n"


@ours_only
def test_children_are_forked_by_several_threads_at_once(tmp_path):
    output = on_weftline(
        tmp_path,
        HAMMERING
        + """
threads = hammering()
forkers = [threading.Thread(target=fork, args=(20,)) for _ in range(3)]
for forker in forkers:
    forker.start()
for forker in forkers:
    forker.join()
stop.append(True)
for thread in threads:
    thread.join()
print("all")
""",
    )
    assert output == "all\n"


def test_every_item_arrives_that_threads_put_into_a_queue_while_children_are_forked(
    tmp_path,
):
    """In each process a feeder thread writes the items that were put. A child has a feeder of its
    own, and none of its parent's items.
    """
    output = both(
        tmp_path,
        """
        import collections, multiprocessing, threading
        context = multiprocessing.get_context("fork")
        shared, stop, counts = context.Queue(), [], []
        def put(name, count=None):
            n = 0
            while n != count and not (count is None and stop):
                shared.put((name, n))
                n += 1
            counts.append((name, n))
        def child(name):
            putters = [threading.Thread(target=put, args=((name, k), 20)) for k in range(2)]
            for putter in putters:
                putter.start()
            for putter in putters:
                putter.join()
        got = collections.defaultdict(list)
        def take():
            while (item := shared.get()) is not None:
                name, n = item
                got[name].append(n)
        taker = threading.Thread(target=take)
        taker.start()
        def paced(name):
            # About as fast as items are taken: the queue must not grow without bound.
            n = 0
            while not stop:
                shared.put((name, n))
                n += 1
                while n - len(got[name]) > 50 and not stop:
                    stopped.wait(0.0005)
            counts.append((name, n))
        stopped = threading.Event()
        putters = [threading.Thread(target=paced, args=(("parent", k),)) for k in range(4)]
        for putter in putters:
            putter.start()
        codes = set()
        for n in range(60):
            process = context.Process(target=child, args=(("child", n),))
            process.start()
            process.join()
            codes.add(process.exitcode)
        stop.append(True)
        stopped.set()
        for putter in putters:
            putter.join()
        shared.put(None)
        taker.join()
        print(codes)
        for name, count in counts:
            assert got.pop(name) == list(range(count)), name
        print(len(got), "putters in children:", all(n == list(range(20)) for n in got.values()))
        """,
    )
    assert output == "{0}\n120 putters in children: True\n"


def test_a_child_gets_from_a_queue_that_threads_of_the_parent_get_from(tmp_path):
    """The processes share the locks of both ends. A thread of the parent that holds one releases
    it.
    """
    output = both(
        tmp_path,
        """
        import multiprocessing, threading
        context = multiprocessing.get_context("fork")
        questions, answers = context.JoinableQueue(8), context.Queue()
        def answer():
            while (n := questions.get()) is not None:
                answers.put(n * n)
                questions.task_done()
            questions.task_done()
        threads = [threading.Thread(target=answer) for _ in range(2)]
        for thread in threads:
            thread.start()
        asker = threading.Thread(target=lambda: [questions.put(n) for n in range(600)])
        asker.start()
        children = []
        for _ in range(6):
            children.append(context.Process(target=answer))
            children[-1].start()
        told = sorted(answers.get() for _ in range(600))
        asker.join()
        for _ in range(8):
            questions.put(None)
        questions.join()
        for one in threads + children:
            one.join()
        print(told == [n * n for n in range(600)], {child.exitcode for child in children})
        """,
    )
    assert output == "True {0}\n"


@pytest.mark.parametrize("kind", ["Lock", "RLock", "Semaphore", "Condition", "Event"])
def test_locks_of_multiprocessings_own_work_between_threads_and_processes(
    tmp_path, kind
):
    output = both(
        tmp_path,
        """
        import multiprocessing, sys, threading
        kind = sys.argv[1]
        context = multiprocessing.get_context("fork")
        shared = getattr(context, kind)()
        count = context.RawValue("i", 0)
        ready = context.Semaphore(0)
        def add():
            for _ in range(50):
                if kind == "Event":
                    shared.wait()
                else:
                    with shared:
                        count.value += 1
                        if kind == "Condition":
                            shared.notify()
                            shared.wait(0.0005)
            ready.release()
        def child():
            thread = threading.Thread(target=add)
            thread.start()
            add()
            thread.join()
        threads = [threading.Thread(target=add) for _ in range(2)]
        for thread in threads:
            thread.start()
        children = [context.Process(target=child) for _ in range(2)]
        for one in children:
            one.start()
        if kind == "Event":
            shared.set()
        for one in threads + children:
            one.join()
        print(count.value, [child.exitcode for child in children], all(ready.acquire(timeout=0) for _ in range(6)))
        """,
        kind,
    )
    assert output == f"{0 if kind == 'Event' else 300} [0, 0] True\n"
