"""`install()` puts weftline in the place of the standard classes in this process; `uninstall()`
undoes it exactly.
"""

import subprocess
import sys

import pytest
from support import programs

# Every module that install() may touch, and the objects in it.
SNAPSHOT = """
import importlib, multiprocessing.dummy.connection, sys
import _queue, _thread, functools, multiprocessing.dummy, queue as std_queue, threading as std_threading
import weftline
MODULES = [_thread, _queue, std_threading, std_queue, functools, multiprocessing.dummy, multiprocessing.dummy.connection]
def snapshot():
    return {(m.__name__, name): thing for m in MODULES for name, thing in vars(m).items()}
def same(one, other):
    return one.keys() == other.keys() and all(one[key] is other[key] for key in one)
"""


PATCH_BY_GEVENT = "import gevent.monkey; gevent.monkey.patch_all()"
# eventlet's import warns that its development has ended.
PATCH_BY_EVENTLET = "import warnings; warnings.simplefilter('ignore'); import eventlet; eventlet.monkey_patch()"
needs_both_libraries = pytest.mark.skipif(
    sys.version_info < (3, 14) and "t" in sys.abiflags,
    reason="neither library can be built for a free-threaded CPython 3.13",
)


def run(source, **keywords):
    """The output of `source`, a program that starts with weftline imported and not installed."""
    return programs.run(SNAPSHOT + "\n" + programs.textwrap.dedent(source), **keywords)


def test_the_standard_names_become_ours():
    out = run("""
        assert not weftline.installed()
        weftline.install()
        assert weftline.installed()
        import concurrent.futures
        from classes import CLASSES, Modules, STANDARD_MODULES
        for name, row in CLASSES.items():
            # RLock is a function, which stays; it makes weftline's lock.
            if row.is_standard and name != "RLock":
                assert row.get(STANDARD_MODULES) is row.get(Modules("weftline.")), name
        assert std_queue.ShutDown is queue.ShutDown
        for name in ["LifoQueue", "PriorityQueue", "Queue", "ShutDown", "SimpleQueue"]:
            assert name in std_queue.__all__, name
        assert _queue.SimpleQueue is queue.SimpleQueue
        assert type(std_threading.RLock()) is type(threading.RLock()) is _thread.RLock is functools.RLock
        assert type(_thread.allocate_lock()) is type(threading.Lock()) is _thread.LockType
        assert multiprocessing.dummy.Queue is multiprocessing.dummy.connection.Queue is queue.Queue
        assert multiprocessing.dummy.Event is threading.Event
        print("ours")
    """)
    assert out == "ours\n"


def test_uninstall_puts_back_the_very_objects_that_were_there():
    out = run("""
        import concurrent.futures, concurrent.futures.process as processes, concurrent.futures.thread
        MODULES += [concurrent.futures, concurrent.futures._base, concurrent.futures.thread, processes, processes._SafeQueue]
        before = snapshot()
        names = list(std_queue.__all__)
        for _ in range(3):
            weftline.install()
            changed = [key for key, thing in snapshot().items() if before.get(key) is not thing]
            assert len(changed) > 20, changed
            weftline.uninstall()
            assert same(before, snapshot())
            assert std_queue.__all__ == names
        assert not weftline.installed()
        print("undone")
    """)
    assert out == "undone\n"


def test_installing_twice_is_installing_once():
    out = run("""
        before = snapshot()
        weftline.install()
        during = snapshot()
        weftline.install()
        assert same(during, snapshot())
        weftline.uninstall()
        assert same(before, snapshot())
        weftline.uninstall()
        assert same(before, snapshot())
        print("once")
    """)
    assert out == "once\n"


def test_many_threads_may_install_and_uninstall_at_once():
    out = run("""
        before = snapshot()
        gate = std_threading.Barrier(8)
        def change(number):
            gate.wait()
            for _ in range(200):
                weftline.install()
                if number % 2:
                    weftline.uninstall()
        workers = [std_threading.Thread(target=change, args=(n,)) for n in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        weftline.install()
        assert std_threading.Event is threading.Event and std_queue.Queue is queue.Queue
        weftline.uninstall()
        assert same(before, snapshot())
        print("agreed")
    """)
    assert out == "agreed\n"


def test_a_reference_to_the_rlock_function_from_before_makes_our_rlock():
    out = run("""
        from threading import RLock
        assert type(RLock()) is not type(threading.RLock())
        weftline.install()
        assert type(RLock()) is type(threading.RLock())
        print("ours")
    """)
    assert out == "ours\n"


def test_a_name_taken_afterwards_is_ours():
    out = run("""
        weftline.install()
        from queue import Queue
        from threading import Event
        import concurrent.futures.thread as pools
        assert Queue is queue.Queue and Event is threading.Event
        with pools.ThreadPoolExecutor(2) as pool:
            assert isinstance(pool._work_queue, queue.SimpleQueue)
            assert type(pool._idle_semaphore) is threading.Semaphore
            print(*pool.map(str.upper, "abc"))
    """)
    assert out == "A B C\n"


def test_objects_of_the_standard_library_made_before_go_on_working():
    out = run("""
        q, event, condition = std_queue.Queue(1), std_threading.Event(), std_threading.Condition()
        worker = std_threading.Thread(target=lambda: (event.wait(), q.put(1), q.put(2)))
        worker.start()
        weftline.install()
        event.set()
        print(q.get(), q.get())
        worker.join()
        with condition:
            print(condition.wait(0.01))
    """)
    assert out == "1 2\nFalse\n"


def test_our_objects_go_on_working_after_uninstall():
    out = run("""
        weftline.install()
        q, event = std_queue.Queue(1), std_threading.Event()
        worker = std_threading.Thread(target=lambda: (event.wait(), q.put(1), q.put(2)))
        worker.start()
        weftline.uninstall()
        event.set()
        print(q.get(), q.get())
        worker.join()
    """)
    assert out == "1 2\n"


def test_what_was_patched_before_comes_back():
    out = run("""
        class Traced(std_threading.Event):
            pass
        std_threading.Event = Traced
        weftline.install()
        assert std_threading.Event is threading.Event
        weftline.uninstall()
        assert std_threading.Event is Traced
        print("back")
    """)
    assert out == "back\n"


def test_a_patch_made_in_the_meantime_is_left_alone():
    out = run("""
        weftline.install()
        class Traced(std_threading.Event):
            pass
        std_threading.Event = Traced
        weftline.uninstall()
        assert std_threading.Event is Traced
        assert std_threading.Condition is not threading.Condition
        print("left")
    """)
    assert out == "left\n"


def test_threads_timers_and_pools_work_on_ours():
    out = run("""
        weftline.install()
        from multiprocessing.pool import ThreadPool
        fired = std_threading.Event()
        timer = std_threading.Timer(0.01, fired.set)
        assert isinstance(timer.finished, threading.Event)
        timer.start()
        assert fired.wait(20)
        timer.join()
        with ThreadPool(2) as pool:
            print(pool.map(abs, [-1, -2]))
        import logging, asyncio
        logging.getLogger().addHandler(logging.NullHandler())
        print(asyncio.run(asyncio.to_thread(abs, -3)))
    """)
    assert out == "[1, 2]\n3\n"


def test_a_forked_child_has_it_installed():
    out = run("""
        import os, warnings
        warnings.simplefilter("ignore", DeprecationWarning)
        weftline.install()
        child = os.fork()
        if not child:
            assert weftline.installed() and std_threading.Event is threading.Event
            worker = std_threading.Thread(target=print, args=("a thread in the child",))
            worker.start()
            worker.join()
            weftline.uninstall()
            assert std_threading.Event is not threading.Event
            sys.stdout.flush()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert weftline.installed()
    """)
    assert out == "a thread in the child\n"


def test_a_child_forked_while_another_thread_installs_has_all_of_it_or_nothing():
    out = run(
        """
        import os, warnings
        warnings.simplefilter("ignore", DeprecationWarning)
        before = snapshot()
        weftline.install()
        during = snapshot()
        stop = std_threading.Event()
        def flip():
            while not stop.is_set():
                weftline.uninstall()
                weftline.install()
        worker = std_threading.Thread(target=flip)
        worker.start()
        seen = set()
        for _ in range(60):
            child = os.fork()
            if not child:
                now = snapshot()
                del now["threading", "_main_thread"], now["threading", "_active_limbo_lock"]
                whole = during if weftline.installed() else before
                torn = [k for k, thing in now.items() if k[1] in INTERESTING and thing is not whole[k]]
                weftline.install()
                weftline.uninstall()
                os._exit(1 if torn else 0)
            assert os.waitpid(child, 0)[1] == 0
        stop.set()
        worker.join()
        print("never torn")
    """.replace("INTERESTING", '{"Event", "Queue", "allocate_lock", "SimpleQueue"}')
    )
    assert out == "never torn\n"


def refusal(patching):
    """The error of install() in a process that has run `patching`, after a check that it has
    changed nothing.
    """
    return run(
        patching
        + """
before = snapshot()
try:
    weftline.install()
except RuntimeError as error:
    print(error)
assert not weftline.installed()
assert same(before, snapshot())
q = queue.Queue()
q.put(1)
assert q.get() == 1
"""
    )


@needs_both_libraries
def test_install_refuses_when_gevent_has_patched_threading():
    output = refusal(PATCH_BY_GEVENT)
    assert output.startswith(
        "weftline cannot be installed: gevent has monkey-patched threading in this process"
    )
    assert (
        "weftline.threading and weftline.queue can still be imported by name" in output
    )


@needs_both_libraries
def test_install_refuses_when_eventlet_has_patched_threading():
    output = refusal(PATCH_BY_EVENTLET)
    assert output.startswith(
        "weftline cannot be installed: eventlet has monkey-patched threading in this process"
    )


@needs_both_libraries
@pytest.mark.parametrize("patching", [PATCH_BY_GEVENT, PATCH_BY_EVENTLET])
def test_install_refuses_too_when_weftline_is_imported_after_the_patching(patching):
    program = f"""
{patching}
import weftline
try:
    weftline.install()
except RuntimeError as error:
    print(error)
with weftline.threading.RLock():
    print(weftline.installed())
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "has monkey-patched threading in this process" in done.stdout
    assert done.stdout.endswith("\nFalse\n") and done.stderr == ""


@needs_both_libraries
def test_gevent_without_its_patches_of_threads_and_queues_is_no_obstacle():
    out = run("""
        import gevent.monkey
        gevent.monkey.patch_all(thread=False, queue=False)
        weftline.install()
        print(weftline.installed())
    """)
    assert out == "True\n"


@needs_both_libraries
def test_eventlet_without_its_patch_of_threads_is_no_obstacle():
    out = run("""
        import warnings
        warnings.simplefilter("ignore")
        import eventlet
        eventlet.monkey_patch(thread=False)
        weftline.install()
        print(weftline.installed())
    """)
    assert out == "True\n"
