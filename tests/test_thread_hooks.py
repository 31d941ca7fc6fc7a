"""Forks, hooks and limits of threads are the same under `weftline run` as without it."""

import sys

import pytest
from support.beside import both


def test_after_a_fork_the_child_knows_itself_alone(tmp_path):
    output = both(
        tmp_path,
        """
import os, threading, warnings
let_go = threading.Event()
threads = [threading.Thread(target=let_go.wait) for _ in range(2)]
for thread in threads:
    thread.start()
warnings.simplefilter("ignore", DeprecationWarning)
child = os.fork()
if not child:
    main = threading.main_thread()
    assert list(threading._active) == [threading.get_ident()] and threading._active[main.ident] is main
    assert not threading._limbo and [t.is_alive() for t in threads] == [False, False]
    thread = threading.Thread(target=print, args=("a thread in the child",), kwargs={"flush": True})
    thread.start()
    thread.join()
    threading._after_fork()
    assert threading.enumerate() == [main]
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), len(threading.enumerate()), callable(threading._after_fork))
let_go.set()
""",
    )
    assert output == "a thread in the child\n0 3 True\n"


def test_logging_works_in_a_child_forked_while_another_thread_held_its_locks(tmp_path):
    output = both(
        tmp_path,
        """
        import logging, os, sys, threading, warnings
        warnings.simplefilter("ignore", DeprecationWarning)
        handler = logging.StreamHandler(sys.stdout)
        logging.getLogger().addHandler(handler)
        held, let_go = threading.Event(), threading.Event()
        def hold():
            with handler.lock, logging._lock:
                held.set()
                let_go.wait()
        holder = threading.Thread(target=hold)
        holder.start()
        held.wait()
        threading.Timer(0.05, let_go.set).start()
        child = os.fork()
        if not child:
            logging.warning("in the child")
            sys.stdout.flush()
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        let_go.set()
        holder.join()
        """,
    )
    assert output == "in the child\n0\n"


def test_objects_can_be_made_new_in_a_forked_child(tmp_path):
    """multiprocessing, logging and the thread pools renew their locks this way."""
    output = both(
        tmp_path,
        """
        import multiprocessing.util, os, sys, threading, warnings
        from concurrent.futures import thread as pools
        warnings.simplefilter("ignore", DeprecationWarning)
        aware = multiprocessing.util.ForkAwareThreadLock()
        lock, rlock, condition = threading.Lock(), threading.RLock(), threading.Condition()
        aware.acquire()
        for one in (lock, rlock, condition):
            one.acquire()
        child = os.fork()
        if not child:
            for one in (lock, rlock, condition._lock):
                one._at_fork_reinit()
            multiprocessing.util._run_after_forkers()
            taken = [one.acquire(False) for one in (lock, rlock, condition, aware, pools._global_shutdown_lock)]
            print(taken, flush=True)
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        """,
    )
    assert output == "[True, True, True, True, True]\n0\n"


def test_trace_and_profile_functions_see_what_a_thread_runs(tmp_path):
    output = both(
        tmp_path,
        """
        import sys, threading
        seen = []
        def hook(kind):
            def look(frame, event, arg):
                if frame.f_code.co_name == "work" and event in ("call", "return"):
                    seen.append((kind, event, threading.current_thread().name))
                return look
            return look
        def work():
            with lock:
                queue.put(1)
        import queue as queues
        lock, queue = threading.Lock(), queues.Queue()
        trace, profile = hook("trace"), hook("profile")
        threading.settrace(trace)
        threading.setprofile(profile)
        print(threading.gettrace() is trace, threading.getprofile() is profile)
        thread = threading.Thread(target=work, name="worker")
        thread.start()
        thread.join()
        threading.settrace(None)
        threading.setprofile(None)
        thread = threading.Thread(target=work, name="unseen")
        thread.start()
        thread.join()
        print(sorted(seen))
        """,
    )
    assert output == (
        "True True\n"
        "[('profile', 'call', 'worker'), ('profile', 'return', 'worker'), "
        "('trace', 'call', 'worker'), ('trace', 'return', 'worker')]\n"
    )


if sys.version_info >= (3, 12):

    @pytest.mark.parametrize("kind", ["trace", "profile"])
    def test_threads_that_run_already_can_be_traced_too(tmp_path, kind):
        output = both(
            tmp_path,
            """
            import sys, threading
            kind, seen = sys.argv[1], set()
            begun, seen_it = threading.Event(), threading.Event()
            def work():
                begun.set()
                while not seen_it.is_set():
                    step()
            def step():
                pass
            def look(frame, event, arg):
                if frame.f_code.co_name == "step":
                    seen.add(threading.current_thread().name)
                    seen_it.set()
                return look
            thread = threading.Thread(target=work, name="running")
            thread.start()
            begun.wait()
            set_all = getattr(threading, f"set{kind}_all_threads")
            set_all(look)
            seen_it.wait()
            set_all(None)
            thread.join()
            print(seen)
            """,
            kind,
        )
        assert output == "{'running'}\n"


def test_the_hook_for_exceptions_is_asked_and_has_its_original(tmp_path):
    output = both(
        tmp_path,
        """
        import sys, threading
        print(threading.excepthook is threading.__excepthook__)
        def hook(args):
            print(type(args) is threading.ExceptHookArgs, args.exc_type.__name__, args.exc_value, args.thread.name,
                  args.exc_traceback is args.exc_value.__traceback__)
        threading.excepthook = hook
        def fail():
            raise LookupError("lost")
        def run():
            thread = threading.Thread(target=fail, name="failing")
            thread.start()
            thread.join()
        run()
        import io
        threading.excepthook, sys.stderr = threading.__excepthook__, io.StringIO()
        run()
        lines = sys.stderr.getvalue().splitlines()
        print(lines[0], lines[-1])
        threading.excepthook = lambda args: 1 / 0
        sys.stderr = io.StringIO()
        sys.excepthook = lambda kind, value, traceback: print("the last resort", kind.__name__)
        run()
        args = threading.ExceptHookArgs((KeyError, None, None, None))
        print(args.exc_type.__name__, args.thread, len(args))
        """,
    )
    assert output.splitlines() == [
        "True",
        "True LookupError lost failing True",
        "Exception in thread failing: LookupError: lost",
        "the last resort ZeroDivisionError",
        "KeyError None 4",
    ]


def test_stack_sizes_native_ids_and_limits_are_the_interpreters(tmp_path):
    output = both(
        tmp_path,
        """
        import os, sys, threading
        print(threading.TIMEOUT_MAX, threading.stack_size(1 << 20), threading.stack_size(0))
        ids = []
        thread = threading.Thread(target=lambda: ids.append((threading.get_native_id(), threading.get_ident())))
        print(thread.native_id, thread.ident)
        thread.start()
        thread.join()
        print(ids == [(thread.native_id, thread.ident)], threading.main_thread().native_id == os.getpid())
        for wrong in (-1, 1):
            try:
                threading.stack_size(wrong)
            except ValueError as error:
                print(error)
        try:
            threading.Lock().acquire(timeout=threading.TIMEOUT_MAX + 1)
        except OverflowError as error:
            print(error)
        """,
    )
    assert output.splitlines()[0] == "9223372036.0 0 1048576"
    assert output.splitlines()[2] == "True True"
