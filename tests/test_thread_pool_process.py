"""Pools across events of the process: its exit, `os.fork()`, `weftline.install()`."""

import subprocess
import sys

import pytest
from support.programs import run
from support.target import ours_only

PROGRAM = """
import atexit, os, sys, threading as std, time, weakref
import concurrent.futures as std_futures
from support.forking import expect_success, in_child
from support.pools import futures
from support.workers import asleep, blocked, start, until
"""

EXITS = {
    "calls that wait are made": """
pool = ThreadPoolExecutor(2)
for n in range(6):
    pool.submit(lambda n=n: (time.sleep(0.01), lines.append(n)))
report = lambda: print(sorted(lines))
""",
    "a call submits another": """
pool = ThreadPoolExecutor(2)
def call():
    time.sleep(0.1)
    try:
        pool.submit(lines.append, "another")
    except RuntimeError as error:
        lines.append(str(error))
pool.submit(call)
report = lambda: print(lines)
""",
    "an exit handler submits": """
pool = ThreadPoolExecutor(2)
pool.submit(lines.append, 1)
def report():
    try:
        pool.submit(lines.append, 2)
    except RuntimeError as error:
        print(lines, error)
""",
    "a new pool in an exit handler": """
def report():
    pool = ThreadPoolExecutor(2)
    try:
        pool.submit(lines.append, 2)
    except RuntimeError as error:
        print(lines, error)
""",
    "a pool that was shut down without waiting": """
pool = ThreadPoolExecutor(2)
for n in range(4):
    pool.submit(lambda n=n: (time.sleep(0.01), lines.append(n)))
pool.shutdown(wait=False)
report = lambda: print(sorted(lines))
""",
    "a lost pool": """
pool = ThreadPoolExecutor(2)
for n in range(4):
    pool.submit(lambda n=n: (time.sleep(0.01), lines.append(n)))
del pool
report = lambda: print(sorted(lines))
""",
    "callbacks": """
pool = ThreadPoolExecutor(1)
pool.submit(time.sleep, 0.05).add_done_callback(lambda f: lines.append(f.done()))
report = lambda: print(lines)
""",
    "main ends by an exception": """
pool = ThreadPoolExecutor(1)
pool.submit(lambda: (time.sleep(0.05), lines.append(1)))
report = lambda: print(lines)
atexit.register(report)
sys.exit(3)
""",
    "a call that waits for a daemon thread": """
pool = ThreadPoolExecutor(1)
event = threading.Event()
def daemon():
    time.sleep(0.05)
    event.set()
threading.Thread(target=daemon, daemon=True).start()
pool.submit(lambda: lines.append(event.wait(10)))
report = lambda: print(lines)
""",
    "the pools' exit function, called by the program": """
import concurrent.futures.thread
pool = ThreadPoolExecutor(2)
pool.submit(lines.append, 1).result()
unused = ThreadPoolExecutor(2)
concurrent.futures.thread._python_exit()
def report():
    for one in (pool, unused):
        try:
            one.submit(lines.append, 2)
        except RuntimeError as error:
            print(lines, error)
""",
    "the pools' exit function, unregistered": """
import concurrent.futures.thread
atexit.unregister(concurrent.futures.thread._python_exit)
concurrent.futures.thread._threads_queues.clear()
pool = ThreadPoolExecutor(1)
pool.submit(lambda: (time.sleep(0.05), lines.append(1)))
report = lambda: print(lines)
""",
    "wait in an exit handler": """
from concurrent.futures import wait
pool = ThreadPoolExecutor(2)
some = [pool.submit(time.sleep, 0.01) for _ in range(4)]
report = lambda: print(len(wait(some).done))
""",
}


@pytest.mark.parametrize("name", EXITS)
def test_the_exit_with_a_busy_pool_is_that_of_the_plain_interpreter(name):
    program = (
        "import atexit, sys, threading, time\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "lines = []\n" + EXITS[name] + "atexit.register(lambda: report())\n"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", before + program],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        for before in ("", "import weftline; weftline.install()\n")
    ]
    standard, ours = [(one.stdout, one.stderr, one.returncode) for one in told]
    assert standard[0] and not standard[1]
    assert ours == standard


@ours_only
def test_the_exit_does_not_wait_for_workers_that_a_program_has_made_daemons():
    run(
        PROGRAM
        + """
from concurrent.futures.thread import _worker
class Daemons(futures.ThreadPoolExecutor):
    def _adjust_thread_count(self):
        if hasattr(self, "_create_worker_context"):
            rest = self._create_worker_context(), self._work_queue
        else:
            rest = self._work_queue, None, ()
        thread = std.Thread(target=_worker, args=(weakref.ref(self), *rest), daemon=True)
        thread.start()
        self._threads.add(thread)
pool = Daemons(1)
begun = std.Event()
pool.submit(lambda: (begun.set(), std.Event().wait()))
begun.wait()
"""
    )


@ours_only
def test_a_forked_child_uses_the_pool_and_makes_none_of_the_calls_of_its_parent():
    output = run(
        PROGRAM
        + """
pool, gate = futures.ThreadPoolExecutor(2), std.Event()
busy = [pool.submit(gate.wait) for _ in range(2)]
until(lambda: all(f.running() for f in busy))
left = [pool.submit(os.write, 1, b"made by %d\\n" % os.getpid()) for _ in range(3)]

def child():
    assert all(f.cancelled() for f in left)
    assert pool.submit(abs, -1).result(5) == 1
    assert list(pool.map(abs, range(0, -50, -1))) == list(range(50))
    hold = std.Event()
    some = [pool.submit(hold.wait) for _ in range(2)]
    until(lambda: all(f.running() for f in some))
    assert len(pool._threads) == 2
    hold.set()
    pool.shutdown()

for _ in range(5):
    expect_success(in_child(child))
gate.set()
pool.shutdown()
assert all(f.result() > 0 for f in left)
print(os.getpid())
""",
        within=40,
    )
    lines = output.split("\n")
    me = lines[-2]
    assert lines == [f"made by {me}"] * 3 + [me, ""]


@ours_only
def test_a_child_may_be_forked_while_threads_submit_at_full_speed():
    run(
        PROGRAM
        + """
pool, stop = futures.ThreadPoolExecutor(3), std.Event()

def submit():
    while not stop.is_set():
        for f in [pool.submit(abs, -1) for _ in range(20)]:
            assert f.result() == 1

def child():
    assert pool.submit(abs, -2).result(8) == 2
    assert [f.result(8) for f in [pool.submit(abs, n) for n in range(30)]] == list(range(30))
    pool.shutdown()

workers = [start(submit) for _ in range(3)]
for _ in range(20):
    expect_success(in_child(child))
stop.set()
for worker in workers:
    worker.result()
pool.shutdown()
""",
        within=60,
    )


@ours_only
def test_a_call_of_a_pool_may_fork_and_the_child_may_use_the_pool_there():
    run(
        PROGRAM
        + """
pool = futures.ThreadPoolExecutor(2)
def child():
    assert pool.submit(abs, -2).result(8) == 2
def call():
    expect_success(in_child(child))
    return "forked"
for _ in range(5):
    assert pool.submit(call).result(20) == "forked"
pool.shutdown()
"""
    )


@ours_only
def test_a_future_with_waiters_may_be_used_in_a_forked_child():
    run(
        PROGRAM
        + """
future = futures.Future()
waiters = [blocked(future.result), blocked(futures.wait, [future]), blocked(std_futures.wait, [future])]
def child():
    waiter = start(future.result)
    future.set_result("in the child")
    assert waiter.result() == "in the child"
    assert futures.wait([future], 5).done == {future}
expect_success(in_child(child))
for waiter in waiters:
    waiter.blocks()
future.set_result("in the parent")
assert waiters[0].result() == "in the parent"
assert [w.result().done for w in waiters[1:]] == [{future}] * 2
"""
    )


ORDERS = {
    "imported before": ["import concurrent.futures.thread as t", "install"],
    "imported after": ["install", "import concurrent.futures.thread as t"],
    "package before": [
        "import concurrent.futures",
        "install",
        "concurrent.futures.wait",
    ],
    "asked for lazily": [
        "import concurrent.futures",
        "install",
        "concurrent.futures.ThreadPoolExecutor",
    ],
    "half before": ["import concurrent.futures._base", "install"],
    "ours before": ["import weftline.concurrent.futures", "install"],
    "ours after": ["install", "import weftline.concurrent.futures"],
    "ours after the standard one": [
        "import concurrent.futures",
        "import weftline.concurrent.futures",
        "install",
    ],
    "twice": [
        "install",
        "uninstall",
        "import concurrent.futures.thread as t",
        "install",
    ],
    "by name": ["install", "from concurrent.futures import ThreadPoolExecutor, wait"],
    "with *": ["install", "from concurrent.futures import *"],
    "asyncio before": ["import asyncio", "install"],
}


@ours_only
@pytest.mark.parametrize("order", ORDERS)
def test_install_and_uninstall_in_any_order_with_imports(order):
    steps = "\n".join(
        f"weftline.{step}()" if step in ("install", "uninstall") else step
        for step in ORDERS[order]
    )
    program = f"""
import sys, weftline
{steps}
import concurrent.futures, concurrent.futures.thread, concurrent.futures._base
names = ["Future", "ThreadPoolExecutor", "wait", "as_completed"]
modules = [concurrent.futures, concurrent.futures.thread, concurrent.futures._base]
def owners():
    found = [getattr(m, n) for m in modules for n in names if hasattr(m, n)]
    assert len(found) >= 8, found
    return {{ours(f) for f in found}}
def ours(thing):
    return any(thing is mine for mine in vars(weftline.concurrent.futures).values())
import weftline.concurrent.futures
assert owners() == {{True}}, "not installed"
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    assert type(pool.submit(abs, 1)) is concurrent.futures.Future is weftline._weftline.Future
    assert list(pool.map(abs, [-1])) == [1]
    kept = pool.submit(abs, -5)
weftline.uninstall()
assert owners() == {{False}}, "not uninstalled"
assert concurrent.futures.Future.__init__.__code__.co_filename.endswith("_base.py")
assert isinstance(kept, concurrent.futures.Future)
assert concurrent.futures.wait([kept]).done == {{kept}}
with concurrent.futures.ThreadPoolExecutor(1) as pool:
    future = pool.submit(abs, -1)
    assert type(future) is not weftline._weftline.Future and future.result() == 1
weftline.install()
assert owners() == {{True}}, "not installed again"
weftline.uninstall()
assert owners() == {{False}}
print("as it was")
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("as it was\n", "")


@ours_only
def test_a_pool_made_before_install_and_one_made_by_it_work_on_side_by_side():
    run(
        """
import weftline
from concurrent.futures import ThreadPoolExecutor as Standard, wait, as_completed
before = Standard(2)
first = before.submit(abs, -1)
weftline.install()
from concurrent.futures import ThreadPoolExecutor as Ours, wait as our_wait
assert Ours is not Standard
after = Ours(2)
some = [first, before.submit(abs, -2), after.submit(abs, -3)]
for waiting in (wait, our_wait):
    assert waiting(some).done == set(some)
assert sorted(f.result() for f in as_completed(some)) == [1, 2, 3]
weftline.uninstall()
some += [before.submit(abs, -4), after.submit(abs, -5)]
assert sorted(f.result() for f in as_completed(some)) == [1, 2, 3, 4, 5]
before.shutdown()
after.shutdown()
"""
    )
