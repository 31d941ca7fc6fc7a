"""A call whose loop never ends, because the program has replaced a part of the object: between two
passes the thread runs signal handlers, meets an exception that another thread sends, and lets the
other threads run. No part is written in Python, so the interpreter does none of this by itself.
"""

import sys

import pytest
from support.programs import run
from support.target import STANDARD

PROGRAM = """
import ctypes, itertools, signal, types, threading as standard, time
from functools import partial
from support.pools import futures

class Sent(BaseException):
    pass

def raises(number, frame):
    raise Sent

def sends(main=standard.get_ident()):
    time.sleep(0.1)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(main), ctypes.py_object(Sent))

{prepare}
for interrupt in ("a signal", "another thread"):
    {call}
    if interrupt == "a signal":
        signal.signal(signal.SIGALRM, raises)
        signal.setitimer(signal.ITIMER_REAL, 0.1)
    else:
        # Kept: the end of a thread that nothing refers to may run Python code here, where the
        # exception would be met instead.
        sender = standard.Thread(target=sends)
        sender.start()
    try:
        endless()
    except Sent as raised:
        # The handler's frame is there, and none of weftline's own.
        names, trace = [], raised.__traceback__
        while trace is not None:
            names.append(trace.tb_frame.f_code.co_name)
            trace = trace.tb_next
        print(interrupt, "raises" in names, not {is_standard} and "<lambda>" in names)
"""

CASES = {
    "Queue.get": ("q = queue.Queue(); q.not_empty.wait = bool", "endless = q.get"),
    "Queue.put": (
        "q = queue.Queue(1); q.put(1); q.not_full.wait = bool",
        "endless = partial(q.put, 2)",
    ),
    "Queue.join": (
        "q = queue.Queue(); q.put(1); q.all_tasks_done.wait = bool",
        "endless = q.join",
    ),
    "Semaphore.acquire": (
        "s = threading.Semaphore(0); s._cond.wait = bool",
        "endless = s.acquire",
    ),
    "Condition.wait_for": (
        "c = threading.Condition(); c.acquire(); c.wait = bool",
        "endless = partial(c.wait_for, bool)",
    ),
    "Condition.notify": (
        """
class Endless(list):
    remove = list.count
c = threading.Condition(); c.acquire(); c._waiters = Endless([threading.Lock()])
""",
        "endless = c.notify",
    ),
    "Barrier.wait, before it enters": (
        "b = threading.Barrier(2); b._state = 1; b._cond.wait = bool",
        "endless = b.wait",
    ),
    "Barrier.wait, inside": (
        "b = threading.Barrier(3); b._cond.wait = bool",
        "endless = b.wait",
    ),
    "Future, its waiters": (
        "",
        """
    f = futures.Future(); f._waiters = itertools.repeat(types.SimpleNamespace(add_result=bool))
    endless = partial(f.set_result, 1)
""",
    ),
    "Future, its callbacks": (
        "",
        """
    f = futures.Future(); f._done_callbacks = itertools.repeat(bool)
    endless = partial(f.set_result, 1)
""",
    ),
}
if sys.version_info < (3, 12):
    CASES["Semaphore.release"] = (
        "s = threading.Semaphore(0); s._cond.notify = bool",
        "endless = partial(s.release, 2**62)",
    )
if not STANDARD or sys.version_info >= (3, 13):
    CASES["Queue.shutdown"] = (
        "",
        "q = queue.Queue(); q.put(1); q._get = q._qsize; endless = partial(q.shutdown, True)",
    )


@pytest.mark.parametrize("name", CASES)
def test_an_endless_loop_can_be_ended(name):
    prepare, call = CASES[name]
    source = PROGRAM.format(is_standard=STANDARD, prepare=prepare, call=call.strip())
    assert run(source).splitlines() == [
        "a signal True False",
        "another thread False False",
    ]
