"""A program on weftline ends as it does without: the same exit status, the same last output, in the
same order.
"""

import signal

import pytest
from support.beside import both

# Daemon threads that wait in every kind of object and never return; the program goes on once each
# has begun.
DAEMONS = """
import queue, threading
from classes import having, STANDARD_MODULES
entered = queue.SimpleQueue()
def enter(row, wait):
    thing = (wait.new or row.new)(STANDARD_MODULES)
    blocker = threading.Thread(target=wait.block, args=(thing,))
    blocker.start()
    blocker.join()
    entered.put(1)
    wait.call(thing)
waits = [(row, wait) for row in having("waits").values() for wait in row.waits.values()]
for wait in waits:
    threading.Thread(target=enter, args=wait, daemon=True).start()
for _ in waits:
    entered.get()
"""

# A thread that is no daemon and ends only after the main thread has begun to wait for it.
LAST = """
import threading
leaving = threading.Event()
threading._register_atexit(leaving.set)
def last():
    leaving.wait()
    print("the last thread", flush=True)
threading.Thread(target=last).start()
"""


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("", 0),
        ("import sys; sys.exit(7)", 7),
        ("raise SystemExit", 0),
        ("import os; os._exit(9)", 9),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
        ("import os; os.abort()", -signal.SIGABRT),
    ],
)
def test_daemons_that_wait_are_left_behind(tmp_path, end, code):
    err = None if code == -signal.SIGABRT else ""
    prelude = "faulthandler.disable()\n" if err is None else ""
    source = f"{prelude}{DAEMONS}\nprint('leaving', flush=True)\n{end}"
    assert both(tmp_path, source, code=code, err=err) == "leaving\n"


def test_an_exception_in_the_main_thread_is_printed_before_the_others_are_joined(
    tmp_path,
):
    output = both(
        tmp_path,
        LAST
        + """
import atexit
atexit.register(print, "at exit", flush=True)
raise LookupError("gone")
""",
        code=1,
        err=None,
    )
    assert output == "the last thread\nat exit\n"


def test_sys_exit_with_a_message_waits_for_the_others_too(tmp_path):
    output = both(
        tmp_path, LAST + "import sys\nsys.exit('a message')", code=1, err="a message\n"
    )
    assert output == "the last thread\n"


def test_os_exit_waits_for_no_thread(tmp_path):
    source = (
        LAST + "import os\nprint('leaving', end='')\nprint(flush=True)\nos._exit(4)"
    )
    assert both(tmp_path, source, code=4) == "leaving\n"


def test_what_is_registered_at_exit_runs_in_the_same_order(tmp_path):
    output = both(
        tmp_path,
        """
        import atexit, threading
        from concurrent.futures import ThreadPoolExecutor
        pool = ThreadPoolExecutor(1)
        going = threading.Event()
        threading._register_atexit(going.set)
        futures = [pool.submit(lambda n=n: (going.wait(), print("job", n))) for n in range(2)]
        for n in range(2):
            atexit.register(print, "atexit", n)
            threading._register_atexit(print, "threading", n)
        """,
    )
    assert output.splitlines() == [
        "threading 1",
        "threading 0",
        "job 0",
        "job 1",
        "atexit 1",
        "atexit 0",
    ]


def test_it_is_too_late_to_register_once_the_exit_has_begun(tmp_path):
    output = both(
        tmp_path,
        """
        import atexit, threading
        from concurrent.futures import ThreadPoolExecutor
        pool = ThreadPoolExecutor(1)
        def late():
            for what in (lambda: threading._register_atexit(print), lambda: pool.submit(print)):
                try:
                    what()
                except RuntimeError as error:
                    print(error)
        atexit.register(late)
        """,
    )
    assert len(output.splitlines()) == 2


def test_sys_exit_and_exceptions_in_a_thread_leave_the_status_alone(tmp_path):
    output = both(
        tmp_path,
        """
        import sys, threading
        def leave(how):
            with lock:
                print("leaving", how)
                if how == "by exit":
                    sys.exit(5)
                raise LookupError(how)
        lock = threading.Lock()
        for how in ("by exit", "by exception"):
            thread = threading.Thread(target=leave, args=(how,), name="leaver")
            thread.start()
            thread.join()
        """,
        err=None,
    )
    assert output == "leaving by exit\nleaving by exception\n"


@pytest.mark.parametrize(
    "wait",
    [
        "threading.Event().wait()",
        "queue.Queue().get()",
        "queue.SimpleQueue().get()",
        "lock.acquire()",
        "worker.join()",
    ],
)
def test_a_signal_to_end_ends_a_wait(tmp_path, wait):
    output = both(
        tmp_path,
        f"""
        import queue, sys, threading
        lock = threading.Lock()
        lock.acquire()
        worker = threading.Thread(target=threading.Event().wait, daemon=True)
        worker.start()
        print("ready", flush=True)
        {wait}
        """,
        code=-signal.SIGTERM,
        when_ready=lambda process: process.send_signal(signal.SIGTERM),
    )
    assert output == ""


def test_a_handler_may_leave_while_threads_wait(tmp_path):
    output = both(
        tmp_path,
        """
        import queue, signal, sys, threading
        jobs = queue.Queue()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
        def work():
            jobs.get()
            print("the worker was told", flush=True)
        threading.Thread(target=work).start()
        try:
            print("ready", flush=True)
            threading.Event().wait()
        finally:
            print("cleaned up", flush=True)
            jobs.put(None)
        """,
        code=3,
        when_ready=lambda process: process.send_signal(signal.SIGTERM),
    )
    assert output == "cleaned up\nthe worker was told\n"


def test_ctrl_c_while_the_exit_waits_for_a_thread_gives_up_waiting(tmp_path):
    """The signal comes when the main thread joins the others at exit. The main thread reports it,
    and ends without them.

    The thread does not print: a thread inside `print` would hold the lock of standard output,
    without which the interpreter aborts.
    """
    output = both(
        tmp_path,
        """
        import os, threading
        from support.workers import asleep
        def work():
            threading.main_thread().join()
            asleep(threading.main_thread())
            os.write(1, b"ready\\n")
            threading.Event().wait()
        threading.Thread(target=work).start()
        """,
        err=None,
        when_ready=lambda process: process.send_signal(signal.SIGINT),
    )
    assert output == ""


def test_ctrl_c_in_a_wait_of_the_main_thread_still_waits_for_the_others(tmp_path):
    output = both(
        tmp_path,
        """
        import signal, sys, threading
        def last():
            while True:
                try:
                    threading.main_thread().join()
                    break
                except RuntimeError:
                    pass
            print("the last thread", flush=True)
        threading.Thread(target=last).start()
        sys.excepthook = lambda kind, value, traceback: print(kind.__name__, flush=True)
        print("ready", flush=True)
        threading.Condition(threading.Lock()).acquire() and threading.Event().wait()
        """,
        code=-signal.SIGINT,
        when_ready=lambda process: process.send_signal(signal.SIGINT),
    )
    assert output == "KeyboardInterrupt\nthe last thread\n"
