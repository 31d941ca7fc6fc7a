"""Deadlocks that threads find by themselves: what is told, raised or done, and what never is."""

import sys

import pytest
from support.programs import run

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="owners are read on Linux only"
)

PRELUDE = """
import sys
import time
import weftline
from weftline import watch

weftline.install()
from concurrent.futures import ThreadPoolExecutor

FOUND = []
watch.on_deadlock(lambda verdict, text: FOUND.append((verdict, text)))


def start(name, target, *args):
    thread = threading.Thread(target=target, args=args, name=name, daemon=True)
    thread.start()
    return thread


def found(within=30.0):
    end = time.monotonic() + within
    while not FOUND and time.monotonic() < end:
        time.sleep(0.01)
    return FOUND


class Turn:
    "Lets threads go on when so many have come."

    def __init__(self, parties):
        self.barrier = threading.Barrier(parties)

    def __call__(self):
        self.barrier.wait()


def circle(names, locks):
    all_hold = Turn(len(locks))

    def take_both(own, other):
        with own:
            all_hold()
            with other:
                pass

    for index, name in enumerate(names):
        start(name, take_both, locks[index], locks[(index + 1) % len(locks)])


"""

# The program, the verdict, and what the report says.
TOLD = {
    "two locks": (
        "circle(['left', 'right'], [threading.Lock(), threading.Lock()])",
        "likely",
        ["2 threads wait for each other", '"left" waits for a Lock', 'held by "right"'],
    ),
    "two re-entrant locks": (
        "circle(['left', 'right'], [threading.RLock(), threading.RLock()])",
        "certain",
        ["none of them can go on", "take_both"],
    ),
    "three locks": (
        "circle('abc', [threading.RLock() for _ in 'abc'])",
        "certain",
        ["3 threads wait for each other"],
    ),
    "four philosophers": (
        "circle(['Plato', 'Kant', 'Mill', 'Hume'], [threading.Lock() for _ in range(4)])",
        "likely",
        ["4 threads wait for each other", '"Hume"'],
    ),
    "two conditions": (
        "circle(['left', 'right'], [threading.Condition(), threading.Condition()])",
        "certain",
        ["2 threads wait for each other"],
    ),
    "threads that join each other": (
        """
both = []
come = Turn(2)

def join_other(index):
    come()
    both[1 - index].join()

both += [threading.Thread(target=join_other, args=(i,), name=f"j{i}", daemon=True) for i in (0, 1)]
for thread in both:
    thread.start()
""",
        "certain",
        ['the end of a thread, "j1"', 'the end of a thread, "j0"'],
    ),
    "a thread that joins itself through another": (
        """
first = []

def joins_first():
    first[0].join()

def goes_round():
    first.append(threading.current_thread())
    start("helper", joins_first).join()

start("itself", goes_round)
""",
        "certain",
        ['"itself" waits for the end of a thread, "helper"'],
    ),
    "a thread that joins the one that wants its lock": (
        """
lock = threading.RLock()

def wants():
    with lock:
        pass

def joins():
    with lock:
        start("wants", wants).join()

start("joins", joins)
""",
        "certain",
        ['held by "joins"', 'the end of a thread, "wants"'],
    ),
    "a lock whose thread has ended": (
        """
lock = threading.RLock()
thread = start("ends", lock.acquire)
thread.join()
start("waits", lock.acquire)
""",
        "abandoned",
        ["has ended", "= help: release it"],
    ),
    "a writer and readers": (
        """
locks = [weftline.RWLock(), weftline.RWLock()]
come = Turn(2)

def read_then_write(own, other):
    with own.read():
        come()
        with other.write():
            pass

start("one", read_then_write, *locks)
start("two", read_then_write, *reversed(locks))
""",
        "certain",
        ["an RWLock, to write"],
    ),
    "a pool": (
        """
pool = ThreadPoolExecutor(2, thread_name_prefix="io")
come = Turn(2)

def outer():
    come()
    return pool.submit(int).result()

futures = [pool.submit(outer) for _ in range(2)]
""",
        "pool-starved",
        ["all workers of a pool", '"io_0"', '"io_1"', "no worker has begun with"],
    ),
    "two pools": (
        """
left = ThreadPoolExecutor(1, thread_name_prefix="left")
right = ThreadPoolExecutor(1, thread_name_prefix="right")
left.submit(lambda: right.submit(lambda: left.submit(int).result()).result())
""",
        "pool-starved",
        ['"left_0"', '"right_0"'],
    ),
}


@pytest.mark.parametrize("name", TOLD)
def test_it_is_told_as_what_it_is_within_three_seconds(name):
    program, verdict, says = TOLD[name]
    output = run(
        PRELUDE
        + program
        + """
begun = time.monotonic()
for verdict, text in found():
    print(verdict)
    print(text)
print("took", time.monotonic() - begun, file=sys.stdout)
import os
sys.stdout.flush()
os._exit(0)
"""
    )
    lines = output.splitlines()
    assert lines[0] == verdict, output
    for part in says:
        assert part in output
    # The bound is for a machine with other work; alone it takes one second, or two.
    assert float(lines[-1].split()[1]) < 20
    assert output.count(lines[1]) == 1, "it is told once"


# The main thread of each waits, too.
STANDSTILLS = {
    "a queue that nothing fills": 'start("reader", queue.Queue().get).join()',
    "the main thread alone": "queue.Queue().get()",
    "semaphores of one": """
locks = [threading.Semaphore(1), threading.Semaphore(1)]
circle(["left", "right"], locks)
threading.Event().wait()
""",
    "a condition inside another lock": """
outer, condition = threading.Lock(), threading.Condition()
waits = threading.Event()

def waits_inside():
    with outer, condition:
        waits.set()
        condition.wait()

def notifies_inside():
    waits.wait()
    with outer, condition:
        condition.notify()

start("waits", waits_inside)
start("notifies", notifies_inside).join()
""",
}


@pytest.mark.parametrize("name", STANDSTILLS)
def test_a_process_whose_threads_all_wait_is_told(name):
    output = run(
        PRELUDE
        + """
import os

def tell(verdict, text):
    print(verdict, text, flush=True)
    os._exit(0)

watch.on_deadlock(tell)
# The limit of the test is a thread, which could do anything.
faulthandler.cancel_dump_traceback_later()
"""
        + STANDSTILLS[name]
    )
    assert output.startswith("all-blocked "), output
    assert "every thread waits, and none of the waits times out" in output


NEVER = {
    "a lock handed from thread to thread": """
locks = [threading.Lock(), threading.Lock()]
for lock in locks:
    lock.acquire()

def play(mine, other):
    for _ in range(30):
        mine.acquire()
        time.sleep(0.05)
        other.release()

threads = [start("ping", play, *locks), start("pong", play, *reversed(locks))]
locks[0].release()
""",
    "a long critical section": """
lock = threading.RLock()

def hold():
    with lock:
        time.sleep(2.5)

threads = [start("long", hold)]
time.sleep(0.1)
threads.append(start("next", hold))
""",
    "a slow consumer": """
items = queue.Queue(1)

def consume():
    for _ in range(3):
        time.sleep(1.2)
        items.get()

threads = [start("consumer", consume), start("producer", lambda: [items.put(i) for i in range(4)])]
threads.pop()
""",
    "a wait that times out": """
locks = [threading.RLock(), threading.RLock()]
come = Turn(2)

def patient():
    with locks[0]:
        come()
        with locks[1]:
            pass

def impatient():
    with locks[1]:
        come()
        locks[0].acquire(timeout=2.5)

threads = [start("patient", patient), start("impatient", impatient)]
""",
    "a signal handler that may wake it": """
import signal

event = threading.Event()
signal.signal(signal.SIGALRM, lambda *_: event.set())
faulthandler.cancel_dump_traceback_later()
signal.setitimer(signal.ITIMER_REAL, 2.5)
event.wait()
threads = []
""",
    "a timer that will wake it": """
faulthandler.cancel_dump_traceback_later()
event = threading.Event()
threading.Timer(2.5, event.set).start()
event.wait()
threads = []
""",
    "a pool with a worker to spare": """
pool = ThreadPoolExecutor(2)
assert pool.submit(lambda: pool.submit(time.sleep, 2.5).result()).result() is None
threads = []
""",
}


@pytest.mark.parametrize("name", NEVER)
def test_what_goes_on_by_itself_is_never_told(name):
    output = run(
        PRELUDE
        + NEVER[name]
        + """
for thread in threads:
    thread.join(50)
    assert not thread.is_alive()
print(FOUND)
"""
    )
    assert output == "[]\n"


CIRCLE = PRELUDE + "circle(['left', 'right'], [threading.RLock(), threading.RLock()])\n"


def test_the_default_is_a_report_on_standard_error():
    from subprocess import PIPE, Popen

    program = f"""
import threading, os
faulthandler = None
{PRELUDE}
watch.on_deadlock('report')
circle(['left', 'right'], [threading.RLock(), threading.RLock()])
time.sleep(3)
os._exit(0)
"""
    with Popen([sys.executable, "-c", program], stderr=PIPE, text=True) as process:
        told = process.stderr.read()
    assert told.startswith(f"weftline: process {process.pid}: deadlock: 2 threads")
    assert told.count("deadlock:") == 1


def test_raise_ends_one_wait_and_leaves_the_locks_sound():
    output = run(
        PRELUDE
        + """
watch.on_deadlock("raise")
locks = [threading.RLock(), threading.RLock()]
come = Turn(2)
ended = []

def take_both(own, other):
    try:
        with own:
            come()
            with other:
                ended.append("got both")
    except weftline.DeadlockError as error:
        ended.append(str(error).partition(":")[2].partition(":")[2].split(",")[0].strip().split("\\n")[0])

threads = [start("left", take_both, *locks), start("right", take_both, *reversed(locks))]
for thread in threads:
    thread.join(50)
print(sorted(ended))
for lock in locks:
    assert lock.acquire(timeout=10)
    lock.release()
assert issubclass(weftline.DeadlockError, RuntimeError)
"""
    )
    assert output == "['deadlock: 2 threads wait for each other', 'got both']\n"


def test_a_join_can_be_ended_too():
    output = run(
        PRELUDE
        + """
watch.on_deadlock("raise")
both, ended = [], []
come = Turn(2)

def join_other(index):
    come()
    try:
        both[1 - index].join()
        ended.append("joined")
    except weftline.DeadlockError:
        ended.append("raised")

both += [threading.Thread(target=join_other, args=(i,), daemon=True) for i in (0, 1)]
for thread in both:
    thread.start()
for thread in both:
    thread.join(50)
print(sorted(ended))
"""
    )
    assert output == "['joined', 'raised']\n"


def test_abort_ends_the_process_with_status_70():
    run(
        CIRCLE + "watch.on_deadlock('abort')\ntime.sleep(50)",
        code=70,
        stderr=None,
    )


def test_a_callable_that_raises_is_told_and_nothing_else_happens():
    output = run(
        PRELUDE
        + """
def fail(verdict, text):
    FOUND.append(verdict)
    raise KeyError("mine")

watch.on_deadlock(fail)
told = []
sys.unraisablehook = lambda args: told.append(args.exc_type)
circle(['left', 'right'], [threading.RLock(), threading.RLock()])
print(found())
end = time.monotonic() + 30
while not told and time.monotonic() < end:
    time.sleep(0.01)
print(told)
"""
    )
    assert output == "['certain']\n[<class 'KeyError'>]\n"


@pytest.mark.parametrize("action", ["", "loud", None, 1])
def test_another_action_is_refused(action):
    from weftline import watch

    with pytest.raises(ValueError, match="'report', 'raise', 'abort', 'off'"):
        watch.on_deadlock(action)


def test_off_tells_nothing():
    assert (
        run(
            CIRCLE
            + "watch.on_deadlock('off')\ntime.sleep(3)\nimport os\nprint(FOUND, flush=True)\nos._exit(0)"
        )
        == "[]\n"
    )
