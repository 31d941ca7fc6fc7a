"""The names that debuggers, profilers and monitors reach into exist under `weftline run` as they do
without it.
"""

from support.beside import both

# Threads that wait until they are released, and are asleep before the program inspects them.
THREADS = """
import sys, threading, time
let_go = threading.Event()
ready = threading.Barrier(3)
def wait():
    ready.wait()
    let_go.wait()
threads = [threading.Thread(target=wait, name=f"waiter-{n}") for n in range(2)]
for thread in threads:
    thread.start()
ready.wait()
def end():
    let_go.set()
    for thread in threads:
        thread.join()
"""


def test_samplers_find_threads_and_names_in_the_dict_of_the_active_ones(tmp_path):
    """py-spy and its like walk `threading._active` from outside, through the memory of dicts."""
    output = both(
        tmp_path,
        THREADS
        + """
print(type(threading._active) is dict, type(threading._limbo) is dict)
for ident, thread in sorted(threading._active.items(), key=lambda item: item[1].name):
    print(ident == thread.ident, type(thread.__dict__) is dict, thread.__dict__["_name"], ident in sys._current_frames())
end()
print([thread.name for thread in threading._active.values()])
""",
    )
    assert output.splitlines() == [
        "True True",
        "True True MainThread True",
        "True True waiter-0 True",
        "True True waiter-1 True",
        "['MainThread']",
    ]


def test_the_active_threads_do_not_change_while_their_lock_is_held(tmp_path):
    output = both(
        tmp_path,
        """
        import threading
        started = []
        def start():
            thread = threading.Thread(target=started.append, args=("ran",))
            thread.start()
            thread.join()
        starter = threading.Thread(target=start)
        with threading._active_limbo_lock:
            starter._started.clear()
            print(len(threading._active), len(threading._limbo))
        starter.start()
        starter.join()
        print(started, len(threading._active), len(threading._limbo))
        """,
    )
    assert output == "1 0\n['ran'] 1 0\n"


def test_leak_checks_find_dangling_threads(tmp_path):
    output = both(
        tmp_path,
        THREADS
        + """
import gc, weakref
print(type(threading._dangling) is weakref.WeakSet, sorted(t.name for t in threading._dangling))
end()
del threads[:], thread
gc.collect()
print([t.name for t in threading._dangling])
""",
    )
    assert output.splitlines() == [
        "True ['MainThread', 'waiter-0', 'waiter-1']",
        "['MainThread']",
    ]


def test_a_replaced_shutdown_is_called_at_exit(tmp_path):
    output = both(
        tmp_path,
        """
        import threading
        shutdown = threading._shutdown
        def replaced():
            print("before")
            shutdown()
            print("after")
        threading._shutdown = replaced
        gate = threading.Event()
        threading._register_atexit(gate.set)
        threading.Thread(target=lambda: (gate.wait(), print("joined"))).start()
        """,
    )
    assert output == "before\njoined\nafter\n"


def test_threads_that_other_code_started_are_dummies_and_the_first_is_the_main_one(
    tmp_path,
):
    output = both(
        tmp_path,
        """
        import _thread, queue, threading
        told, done = queue.SimpleQueue(), _thread.allocate_lock()
        done.acquire()
        def look():
            me = threading.current_thread()
            told.put((type(me) is threading._DummyThread, me.daemon, me.is_alive(), me.ident in threading._active))
            done.acquire()
        _thread.start_new_thread(look, ())
        print(told.get())
        print(type(threading.main_thread()) is threading._MainThread, threading._main_thread is threading.main_thread())
        print(sorted(type(t).__name__ for t in threading.enumerate()))
        done.release()
        """,
    )
    assert output.splitlines() == [
        "(True, True, True, True)",
        "True True",
        "['_DummyThread', '_MainThread']",
    ]


def test_what_a_thread_keeps_about_itself_is_there(tmp_path):
    output = both(
        tmp_path,
        """
        import sys, threading
        gate = threading.Event()
        def work(*args, **kwargs):
            gate.wait()
        def stopped():
            if sys.version_info >= (3, 14):
                return thread._os_thread_handle.is_done()
            return thread._handle.is_done() if sys.version_info >= (3, 13) else thread._is_stopped
        thread = threading.Thread(target=work, args=(1, 2), kwargs={"three": 3}, name="worker")
        print(thread._target is work, thread._args, thread._kwargs, thread._name, thread._daemonic)
        print(thread._ident, thread._started.is_set(), stopped(), thread._initialized)
        print(type(thread._started) is threading.Event)
        thread.start()
        print(thread._ident == thread.ident, thread._started.is_set(), stopped(), thread._native_id == thread.native_id)
        gate.set()
        thread.join()
        print(thread._started.is_set(), stopped(), hasattr(thread, "_target"), hasattr(thread, "_args"))
        """,
    )
    assert output.splitlines() == [
        "True (1, 2) {'three': 3} worker False",
        "None False False True",
        "True",
        "True True False True",
        "True True False False",
    ]


def test_the_steps_of_a_threads_start_can_be_wrapped(tmp_path):
    output = both(
        tmp_path,
        """
        import functools, threading
        steps = []
        for name in ("_bootstrap", "_bootstrap_inner", "_set_native_id", "_set_ident", "run"):
            def wrap(method):
                @functools.wraps(method)
                def wrapped(self):
                    steps.append(method.__name__)
                    return method(self)
                return wrapped
            setattr(threading.Thread, name, wrap(getattr(threading.Thread, name)))
        thread = threading.Thread(target=steps.append, args=("target",))
        thread.start()
        thread.join()
        print(*steps)
        """,
    )
    assert (
        output == "_bootstrap _bootstrap_inner _set_ident _set_native_id run target\n"
    )


def test_start_can_be_replaced_and_run_wrapped_on_the_instance(tmp_path):
    """sentry_sdk wraps `start` and replaces the instance's `run` by its own function, to report the
    exceptions of `run`.
    """
    output = both(
        tmp_path,
        """
        import functools, sys, threading
        from concurrent.futures import ThreadPoolExecutor
        reported = []
        start = threading.Thread.start
        @functools.wraps(start)
        def replaced(self, *args, **kwargs):
            run = getattr(self.run, "__func__", self.run)
            @functools.wraps(run)
            def wrapped(*a, **kw):
                try:
                    return run(threading.current_thread(), *a[1:], **kw)
                except Exception as error:
                    reported.append((threading.current_thread().name, repr(error)))
            self.run = wrapped
            return start(self, *args, **kwargs)
        threading.Thread.start = replaced
        class Fails(threading.Thread):
            def run(self):
                raise LookupError(self.name)
        for thread in (Fails(name="failing"), threading.Thread(target=int, args=("x",), name="counting")):
            thread.start()
            thread.join()
        timer = threading.Timer(0.001, reported.append, ["timer"])
        timer.start()
        timer.join()
        with ThreadPoolExecutor(1) as pool:
            print(pool.submit(pow, 2, 5).result())
        for one in reported:
            print(one)
        """,
    )
    assert output.splitlines() == [
        "32",
        "('failing', \"LookupError('failing')\")",
        "('counting', 'ValueError(\"invalid literal for int() with base 10: \\'x\\'\")')",
        "timer",
    ]


def test_wrappers_carry_a_context_from_start_to_run(tmp_path):
    """OpenTelemetry puts wrappers (descriptors, as wrapt makes them) over start, run and join, and
    over submit.
    """
    output = both(
        tmp_path,
        """
        import contextvars, threading
        from concurrent.futures import ThreadPoolExecutor
        class Wrapper:
            def __init__(self, wrapped, wrapper):
                self.__wrapped__, self.wrapper = wrapped, wrapper
            def __getattr__(self, name):
                return getattr(self.__wrapped__, name)
            def __get__(self, instance, owner):
                bound = self.__wrapped__.__get__(instance, owner)
                return lambda *args, **kwargs: self.wrapper(bound, instance, args, kwargs)
        def wrap(owner, name, wrapper):
            setattr(owner, name, Wrapper(vars(owner)[name], wrapper))
        span, joined = contextvars.ContextVar("span", default="none"), []
        def on_start(start, instance, args, kwargs):
            instance._span = span.get()
            return start(*args, **kwargs)
        def on_run(run, instance, args, kwargs):
            token = span.set(instance._span)
            try:
                return run(*args, **kwargs)
            finally:
                span.reset(token)
        def on_join(join, instance, args, kwargs):
            joined.append(instance.name)
            return join(*args, **kwargs)
        def on_submit(submit, instance, args, kwargs):
            now, function = span.get(), args[0]
            def with_span(*a, **kw):
                token = span.set(now)
                try:
                    return function(*a, **kw)
                finally:
                    span.reset(token)
            return submit(with_span, *args[1:], **kwargs)
        wrap(threading.Thread, "start", on_start)
        wrap(threading.Thread, "run", on_run)
        wrap(threading.Thread, "join", on_join)
        wrap(threading.Timer, "run", on_run)
        wrap(ThreadPoolExecutor, "submit", on_submit)
        seen = []
        span.set("request")
        for thread in (threading.Thread(target=lambda: seen.append(span.get()), name="plain"),
                       threading.Timer(0.001, lambda: seen.append(span.get()))):
            thread.name = type(thread).__name__
            thread.start()
            thread.join()
        with ThreadPoolExecutor(1) as pool:
            seen.append(pool.submit(lambda: span.get()).result())
        print(seen, joined[:2], span.get())
        """,
    )
    assert output == "['request', 'request', 'request'] ['Thread', 'Timer'] request\n"


def test_the_code_of_submit_can_be_exchanged(tmp_path):
    """ddtrace exchanges the bytecode of `submit`, so an earlier reference to the method runs
    ddtrace's code too.
    """
    output = both(
        tmp_path,
        """
        from concurrent.futures import ThreadPoolExecutor
        submit, seen = ThreadPoolExecutor.submit, []
        def copy(function):
            made = type(function)(function.__code__, function.__globals__, function.__name__)
            made.__defaults__, made.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
            return made
        submit.__globals__["_original_submit"], submit.__globals__["_seen"] = copy(submit), seen
        def traced(self, fn, /, *args, **kwargs):
            _seen.append(fn.__name__)
            return _original_submit(self, fn, *args, **kwargs)
        submit.__code__ = traced.__code__
        with ThreadPoolExecutor(2) as pool:
            print(submit(pool, pow, 2, 3).result(), list(pool.map(abs, [-1, -2])), seen)
        """,
    )
    assert output == "8 [1, 2] ['pow', 'abs', 'abs']\n"


def test_debuggers_find_the_thread_in_the_frame_that_started_it(tmp_path):
    """debugpy looks for `_bootstrap_inner` in a file called `threading.py`, and for its `self`."""
    output = both(
        tmp_path,
        THREADS
        + """
import os
for thread in threads:
    frame, names = sys._current_frames()[thread.ident], []
    while frame is not None:
        names.append((os.path.basename(frame.f_code.co_filename), frame.f_code.co_name))
        if frame.f_code.co_name == "_bootstrap_inner":
            print(frame.f_locals["self"] is thread, frame.f_globals["__name__"])
        frame = frame.f_back
    print(names[-3:])
end()
""",
    )
    frames = "[('threading.py', 'run'), ('threading.py', '_bootstrap_inner'), ('threading.py', '_bootstrap')]"
    assert output.splitlines() == ["True threading", frames] * 2


def test_a_profiler_sees_a_wait_in_the_programs_own_line(tmp_path):
    output = both(
        tmp_path,
        THREADS
        + """
print([any(frame.f_code is wait.__code__ for frame in stack(sys._current_frames()[t.ident])) for t in threads])
end()
""".replace(
            "stack(sys",
            "(lambda f: iter(lambda box=[f]: box.append(box[-1].f_back) or box[-2], None))(sys",
        ),
    )
    assert output == "[True, True]\n"
