"""Threads that make calls, and report whether they are asleep in them.

A test that needs another thread to be blocked asks the operating system instead of sleeping for a
while: `Worker.blocks()` returns as soon as the worker is seen to sleep without any progress, and
fails if the call returns instead. The threads use the standard library alone, never the
implementation under test.
"""

import contextlib
import os
import queue
import threading
import time

LIMIT = 60.0
"""Seconds after which a test gives up on an event that should be immediate."""

_LOOK = 0.003
_STEADY_LOOKS = 3
_HAS_PROC = os.path.exists("/proc/self/task")


class Worker:
    """A daemon thread that makes one call at a time."""

    def __init__(self, name="worker"):
        self._calls = queue.SimpleQueue()
        self._begun, self._finished = threading.Event(), threading.Event()
        self._value = self._error = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self):
        while (call := self._calls.get()) is not None:
            function, args, kwargs = call
            del call
            self._begun.set()
            try:
                self._value = function(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - raised anew by result()
                self._error = error
            del function, args, kwargs
            self._finished.set()

    def call(self, function, *args, **kwargs):
        """Starts `function(*args, **kwargs)` in the worker's thread."""
        self._begun.clear()
        self._finished.clear()
        self._value = self._error = None
        self._calls.put((function, args, kwargs))
        return self

    def blocks(self):
        """Returns once the call is asleep; fails if the call ends."""
        assert self._begun.wait(LIMIT), "the call did not begin"
        asleep(self._thread, self._finished.is_set)
        return self

    def result(self):
        """The result of the call; its exception is raised here."""
        assert self._finished.wait(LIMIT), "the call did not return"
        if self._error is not None:
            raise self._error
        return self._value

    @property
    def finished(self):
        """Whether the call has returned or raised."""
        return self._finished.is_set()

    def close(self):
        """Ends the thread once its call has returned."""
        self._calls.put(None)


class EndedEarly(AssertionError):
    """A call that should wait has ended."""


def in_time(scenario):
    """Calls `scenario(timeout)`, doubling the timeout when a wait ends before the test sees it.

    On a busy machine a short timeout passes before the test continues. A wait that never happens
    fails with the longest timeout too.
    """
    timeout = 0.1
    while True:
        try:
            return scenario(timeout)
        except EndedEarly:
            if timeout > LIMIT / 8:
                raise
            timeout *= 2


def asleep(thread, over=lambda: False):
    """Returns once `thread` is asleep without progress; fails if `over()` becomes true first."""
    # After a fork the main thread's `native_id` may still be that of the parent's.
    is_main = thread is threading.main_thread()
    _rest(lambda: f"self/task/{os.getpid() if is_main else thread.native_id}", over)


def process_asleep(pid):
    """Returns once the main thread of another process is asleep."""
    _rest(lambda: pid)


def _rest(whose, over=lambda: False):
    deadline = time.monotonic() + LIMIT
    steady, before = 0, None
    while steady < _STEADY_LOOKS:
        if over():
            raise EndedEarly("the call ended instead of waiting")
        assert time.monotonic() < deadline, "the thread never fell asleep"
        now = _progress(whose())
        steady = steady + 1 if now == before else 0
        before = now
        time.sleep(_LOOK if _HAS_PROC else 5 * _LOOK)


def _progress(whose):
    """A value that stays equal only while the thread sleeps; a fresh object while it runs."""
    if not _HAS_PROC:
        return None
    try:
        status = _read(f"/proc/{whose}/status")
    except OSError:
        return object()
    fields = dict(line.split(":", 1) for line in status.splitlines())
    if not fields["State"].startswith("\tS"):
        return object()
    return fields["voluntary_ctxt_switches"], fields["nonvoluntary_ctxt_switches"]


def _read(path):
    """The text of a small file.

    It is read without a file object. CPython 3.13 without the interpreter lock yields the processor
    40 times in each of the nested calls that close one: on a busy machine, for a second in total.
    """
    file = os.open(path, os.O_RDONLY)
    try:
        return os.read(file, 16384).decode()
    finally:
        os.close(file)


def start(function, *args, **kwargs):
    """Starts one call in a thread of its own."""
    worker = Worker().call(function, *args, **kwargs)
    worker.close()
    return worker


def blocked(function, *args, **kwargs):
    """Starts one call in a thread of its own and returns once it is asleep in it."""
    return start(function, *args, **kwargs).blocks()


def run_all(*functions):
    """Runs the functions in parallel, each in a thread, and returns their values in order."""
    workers = [start(function) for function in functions]
    return [worker.result() for worker in workers]


def until(condition):
    """Returns as soon as `condition()` holds; fails when it does not within the limit."""
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.001)


@contextlib.contextmanager
def took(at_least=0.0, less_than=LIMIT / 2):
    """Asserts how long the body took, with a bound generous enough for a busy machine."""
    begin = time.monotonic()
    yield
    elapsed = time.monotonic() - begin
    assert elapsed >= at_least - 0.002, f"only {elapsed:.4f} s"
    assert elapsed < less_than, f"{elapsed:.4f} s"
