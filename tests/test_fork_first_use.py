"""A fork while another thread uses a part of weftline for the first time in its process: the child
can use it, too.
"""

from support.programs import run
from support.target import ours_only


@ours_only
def test_what_another_thread_asks_for_the_first_time_is_there_in_a_child():
    # A process has one first use, so each trial has its own process. At the fork, the thread is in
    # that use, or waits for the interpreter lock.
    run(
        """
import os, signal, sys, threading as std, warnings
from support.target import queue, threading
warnings.simplefilter("ignore")
sys.setswitchinterval(0.0005)

def look():
    condition, q = threading.Condition(), queue.Queue()
    condition.acquire, condition.release, q.queue, q.mutex, q.not_empty

def trial():
    thread = std.Thread(target=look)
    thread.start()
    grandchild = os.fork()
    if grandchild == 0:
        signal.alarm(5)
        look()
        os._exit(0)
    status = os.waitpid(grandchild, 0)[1]
    thread.join()
    return status

for number in range(100):
    child = os.fork()
    if child == 0:
        os._exit(trial() != 0)
    status = os.waitpid(child, 0)[1]
    assert status == 0, (number, status)
""",
        within=60,
    )
