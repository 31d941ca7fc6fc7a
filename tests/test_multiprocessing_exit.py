"""Programs with processes end on weftline as they do without: the exit joins or ends the same
processes, and Ctrl-C has the same effect.
"""

import os
import signal

import pytest
from support.beside import both

METHODS = ["fork", "spawn", "forkserver"]
by_each_method = pytest.mark.parametrize("method", METHODS)

BASE = """
import multiprocessing, os, signal, sys, threading, time
from support.workers import asleep, process_asleep
context = multiprocessing.get_context(sys.argv[1])

def say(*words):
    # One write, so that lines of several processes do not mix.
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())
"""

# In a process group of its own, as a shell starts a program; the interrupted processes print in any
# order. No process is interrupted before it waits: the interpreter prints and drops an interrupt
# that comes in one of its callbacks.
GROUP = """
if __name__ == "__main__":
    os.setpgid(0, 0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
"""


def ctrl_c(process):
    """Sends the signal that a terminal sends at Ctrl-C."""
    os.killpg(process.pid, signal.SIGINT)


@by_each_method
def test_children_are_waited_for_at_exit_and_daemons_ended(tmp_path, method):
    output = both(
        tmp_path,
        BASE
        + """
def last(receiver):
    receiver.recv()
    say("the last child")

def daemon(sender):
    sender.send("here")
    threading.Event().wait()

def close(sender, child):
    # Once the exit waits for processes, after threads and pools.
    say("at exit, the daemon lives:", child.is_alive())
    sender.send("go")

if __name__ == "__main__":
    receiver, sender = context.Pipe(duplex=False)
    context.Process(target=last, args=(receiver,)).start()
    here, told = context.Pipe(duplex=False)
    child = context.Process(target=daemon, args=(told,), daemon=True)
    child.start()
    here.recv()
    import atexit
    atexit.register(close, sender, child)
    say("leaving")
""",
        method,
    )
    assert output == "leaving\nat exit, the daemon lives: True\nthe last child\n"


@by_each_method
def test_a_child_writes_all_that_its_threads_have_put_before_it_ends(tmp_path, method):
    output = both(
        tmp_path,
        BASE
        + """
def child(results):
    def work():
        for n in range(200):
            results.put("x" * 1000)
    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put("end")

if __name__ == "__main__":
    results = context.Queue()
    process = context.Process(target=child, args=(results,))
    process.start()
    count = 0
    while results.get() != "end":
        count += 1
    process.join()
    say(count, process.exitcode)
""",
        method,
    )
    assert output == "600 0\n"


@by_each_method
@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("sys.exit(7)", 7),
        ("os._exit(9)", 9),
        ("sys.exit('gone')", 1),
        ("raise LookupError", 1),
        ("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
    ],
)
def test_a_child_ends_with_its_own_code_though_daemon_threads_wait(
    tmp_path, method, end, code
):
    output = both(
        tmp_path,
        BASE
        + f"""
import queue
def child():
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    begun = queue.SimpleQueue()
    for wait in (threading.Event().wait, queue.Queue().get, threading.Semaphore(0).acquire):
        threading.Thread(target=lambda wait=wait: (begun.put(1), wait()), daemon=True).start()
        begun.get()
    {end}

if __name__ == "__main__":
    process = context.Process(target=child)
    process.start()
    process.join()
    say(process.exitcode)
""",
        method,
    )
    assert output == f"{code}\n"


@by_each_method
def test_a_program_may_end_with_a_pool_that_was_not_closed(tmp_path, method):
    output = both(
        tmp_path,
        BASE
        + """
from concurrent.futures import ProcessPoolExecutor
if __name__ == "__main__":
    # The pool of multiprocessing is ended; the executor finishes its tasks.
    pool = context.Pool(2)
    say(pool.map(abs, [-1, 2]))
    pool.apply_async(time.sleep, (600,))
    executor = ProcessPoolExecutor(2, mp_context=context)
    future = executor.submit(abs, -3)
    future.add_done_callback(lambda future: say(future.result()))
""",
        method,
    )
    assert output == "[1, 2]\n3\n"


@by_each_method
def test_ctrl_c_during_a_map_of_a_pool_ends_all(tmp_path, method):
    output = both(
        tmp_path,
        BASE
        + GROUP
        + """
def work(begun):
    begun.release()
    time.sleep(600)

def watch():
    for _ in range(2):
        begun.acquire()
    for child in multiprocessing.active_children():
        process_asleep(child.pid)
    asleep(threading.main_thread())
    say("ready")

def begin(semaphore):
    global begun
    begun = semaphore

def call(_):
    work(begun)

if __name__ == "__main__":
    begun = context.Semaphore(0)
    with context.Pool(2, begin, (begun,)) as pool:
        try:
            threading.Thread(target=watch).start()
            pool.map(call, range(2))
        except KeyboardInterrupt:
            say("interrupted")
    say(len(multiprocessing.active_children()))
""",
        method,
        when_ready=ctrl_c,
    )
    assert output == "interrupted\n0\n"


@by_each_method
@pytest.mark.parametrize(
    "wait",
    [
        "process.join()",
        "results.get()",
        "lock.acquire()",
        "threading.Event().wait()",
    ],
)
def test_ctrl_c_while_the_program_waits_for_a_process(tmp_path, method, wait):
    output = both(
        tmp_path,
        BASE
        + GROUP
        + f"""
def child(lock, sender):
    lock.acquire()
    try:
        sender.send("here")
        threading.Event().wait()
    except KeyboardInterrupt:
        say("the child was interrupted")

if __name__ == "__main__":
    lock, results = context.Lock(), context.Queue()
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=child, args=(lock, sender))
    process.start()
    receiver.recv()
    process_asleep(process.pid)
    try:
        say("ready")
        {wait}
    except KeyboardInterrupt:
        process.join()
        # None if the interrupt came after the system had given `join` the exit code, and before
        # `join` stored it.
        say("the program was interrupted", process.exitcode in (0, None))
        sys.exit(5)
""",
        method,
        code=5,
        when_ready=ctrl_c,
    )
    assert output == "the child was interrupted\nthe program was interrupted True\n"


@by_each_method
def test_an_uncaught_ctrl_c_ends_the_program_and_its_children(tmp_path, method):
    output = both(
        tmp_path,
        BASE
        + GROUP
        + """
def child(sender):
    sender.send("here")
    threading.Event().wait()

if __name__ == "__main__":
    receiver, sender = context.Pipe(duplex=False)
    for daemon in (False, True):
        process = context.Process(target=child, args=(sender,), daemon=daemon)
        process.start()
        receiver.recv()
        process_asleep(process.pid)
    say("ready")
    threading.Event().wait()
""",
        method,
        code=-signal.SIGINT,
        when_ready=ctrl_c,
    )
    assert output == ""


@by_each_method
def test_terminate_and_kill_end_a_child_whose_threads_wait(tmp_path, method):
    output = both(
        tmp_path,
        BASE
        + """
def child(sender):
    def wait():
        sender.send("here")
        threading.Event().wait()
    threading.Thread(target=wait).start()
    threading.Condition().acquire()
    threading.Event().wait()

if __name__ == "__main__":
    receiver, sender = context.Pipe(duplex=False)
    for end in ("terminate", "kill"):
        process = context.Process(target=child, args=(sender,))
        process.start()
        receiver.recv()
        getattr(process, end)()
        process.join()
        say(process.exitcode)
""",
        method,
    )
    assert output == f"{-signal.SIGTERM}\n{-signal.SIGKILL}\n"
