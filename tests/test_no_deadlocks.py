"""Waits that end by themselves: none of them is told as a deadlock."""

import sys

import pytest
from support.deadlocks import PRELUDE
from support.programs import run

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="owners are read on Linux only"
)

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
