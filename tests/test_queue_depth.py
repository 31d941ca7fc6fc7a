"""How full queues are, in reports: of those that have a name, and of all that are made or waited at
while a process is watched.
"""

import gc
import io
import queue
import re
import sys
import threading

import pytest
import weftline.queue
from support.programs import run
from weftline import watch
from weftline.concurrent.futures import ThreadPoolExecutor

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="processes answer on Linux"
)

KINDS = ["Queue", "LifoQueue", "PriorityQueue", "SimpleQueue"]


def told():
    """The lines of a report that tell of queues."""
    report = io.StringIO()
    watch.dump(file=report)
    return re.findall(r"^queue .*", report.getvalue(), re.MULTILINE)


@pytest.fixture
def watched():
    watch.start()
    yield
    watch.stop()


@pytest.mark.parametrize("kind", KINDS)
def test_a_queue_with_a_name_is_told_without_waiters(kind):
    jobs = watch.name(getattr(weftline.queue, kind)(), f"{kind} of jobs")
    assert f'queue "{kind} of jobs": 0 items' in told()
    for item in range(3):
        jobs.put(item)
    jobs.get()
    assert f'queue "{kind} of jobs": 2 items' in told()
    del jobs
    gc.collect()
    assert not any(kind in line for line in told())


def test_the_bound_is_told():
    jobs = watch.name(weftline.queue.Queue(maxsize=7), "bounded jobs")
    jobs.put(1)
    assert 'queue "bounded jobs": 1 of 7 items' in told()


def test_the_number_of_an_inflated_queue_is_not_known():
    jobs = watch.name(weftline.queue.Queue(), "inflated jobs")
    jobs.put(1)
    assert jobs.mutex
    assert 'queue "inflated jobs": an unknown number of items' in told()


@pytest.mark.parametrize("kind", KINDS[:3])
def test_queues_that_are_made_while_waits_are_measured_are_told(watched, kind):
    before = len(told())
    made = getattr(weftline.queue, kind)()
    made.put("item")
    assert len(told()) == before + 1
    del made
    gc.collect()
    assert len(told()) == before


def test_a_queue_at_which_a_thread_has_waited_while_waits_are_measured_is_told(watched):
    before = len(told())
    made = weftline.queue.SimpleQueue()
    assert len(told()) == before
    with pytest.raises(queue.Empty):
        made.get(timeout=0.01)
    assert len(told()) == before + 1


def test_the_queue_of_a_pool_is_told_as_a_pool(watched):
    before = len(told())
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(abs, range(-5, 0))) == [5, 4, 3, 2, 1]
        watch.name(pool._work_queue, "of the pool")
        assert len(told()) == before


def test_a_program_that_is_not_watched_follows_no_queue():
    program = """
import io, weftline
weftline.install()
import queue, threading
from weftline import watch
made = queue.Queue()
waits = threading.Thread(target=made.get)
waits.start()
made.put(1)
waits.join()
report = io.StringIO()
watch.dump(file=report)
print(sum(line.startswith("queue ") for line in report.getvalue().split("\\n")))
"""
    assert run(program) == "0\n"


def test_the_child_of_a_fork_has_its_own():
    program = """
import io, os, warnings, weftline.queue
from weftline import watch
warnings.simplefilter("ignore", DeprecationWarning)
jobs = watch.name(weftline.queue.Queue(), "jobs")
jobs.put(1)
child = os.fork()
if child:
    os.waitpid(child, 0)
else:
    jobs.put(2)
report = io.StringIO()
watch.dump(file=report)
print(*(line for line in report.getvalue().split("\\n") if line.startswith("queue ")), flush=True)
os._exit(0)
"""
    assert run(program) == 'queue "jobs": 2 items\nqueue "jobs": 1 item\n'


def test_queues_come_and_go_while_they_are_told(watched):
    until = threading.Event()

    def makes():
        while not until.is_set():
            some = [weftline.queue.Queue() for _ in range(50)]
            some[7].put(some)
            del some
            gc.collect(0)

    threads = [threading.Thread(target=makes) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        counts = [len(told()) for _ in range(200)]
    finally:
        until.set()
        for thread in threads:
            thread.join()
    assert max(counts) <= 1024
