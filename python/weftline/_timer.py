"""`threading.Timer` that costs a thread only when it fires.

Until then it is *pending*: one thread, in Rust, waits for all timers. To its user it is started in
every respect; `_PendingTimer` has its state. When its time comes, a thread is started for it as
`Thread.start` would do, so tools that list threads see the expected one.

A timer that overrides `run`, or that finds a part of `Thread` patched, is a thread from the start,
as in the standard library: the program relies on that thread.

The exit waits for pending timers that are no daemons, as it waits for threads
(`_wait_for_pending`). In the child of a fork the parent's pending timers are over, as its threads
are.
"""

import contextvars
import sys
import threading
from threading import TIMEOUT_MAX, Thread, get_ident
from time import monotonic

from weftline._weftline import Event, _call_on_new_thread, _PendingTimer

# From 3.13 on a thread has a handle, under another name from 3.14 on.
_HAS_HANDLES = sys.version_info >= (3, 13)
_HANDLE = "_os_thread_handle" if sys.version_info >= (3, 14) else "_handle"
_HAS_CONTEXT = hasattr(sys.flags, "thread_inherit_context")
_STARTER = "_start_joinable_thread" if _HAS_HANDLES else "_start_new_thread"

if _HAS_HANDLES:
    # The handle of an ended thread, shared by all timers that end without a thread. This handle can
    # be marked as ended.
    _ENDED = threading._make_thread_handle(get_ident())
    _ENDED._set_done()

_is_exiting = False


class _Finished(Event):
    """`Timer.finished`: setting it, in any way, ends the timer if that is pending."""

    _timer = None

    def set(self):
        """Raise the flag and wake all threads that wait for it. A pending timer will not fire."""
        Event.set(self)
        timer = self._timer
        if timer is not None:
            # Forgotten afterwards: if memory is short now, a second call ends the timer.
            timer._withdraw()
            self._timer = None


# To all other code it is an event.
_Finished.__name__ = _Finished.__qualname__ = "Event"
_Finished.__module__ = "threading"


class Timer(Thread):
    """Call a function after a specified number of seconds:

        t = Timer(30.0, f, args=None, kwargs=None)
        t.start()
        t.cancel()     # stop the timer's action if it's still waiting

    Goes beyond the standard class in that a timer gets its thread, and its ident, only when it
    fires: any number can be pending.
    """

    _pending = None
    _retries = 0

    def __init__(self, interval, function, args=None, kwargs=None):
        if self._pending is not None:
            self._withdraw()
        Thread.__init__(self)
        self.interval = interval
        self.function = function
        self.args = args if args is not None else []
        self.kwargs = kwargs if kwargs is not None else {}
        self.finished = _Finished()

    def cancel(self):
        """Stop the timer if it hasn't finished yet."""
        self.finished.set()

    def start(self):
        """Start the timer. It calls its function in a thread of its own, which is started when the
        interval has passed.

        It must be called at most once per timer; RuntimeError is raised otherwise.
        """
        if not isinstance(self, Timer):
            # The method was read before the object's class was replaced; so below.
            Thread.start(self)
            return
        if not _can_be_pending(self):
            super().start()
            return
        if self._started.is_set():
            raise RuntimeError("threads can only be started once")
        if self._pending is not None:
            # The program has replaced the `_started` that was set.
            if _HAS_HANDLES:
                raise RuntimeError("thread already started")
            super().start()
            return
        try:
            if _HAS_CONTEXT:
                _take_context(self)
            pending = self._pending = _PendingTimer()
            self.finished._timer = self
            self._started.set()
            with threading._active_limbo_lock:
                threading._limbo[self] = self
            # Checked again, now that the wait at exit would find this timer.
            is_late = _is_exiting
            if not is_late:
                pending.start(self, self.interval)
        except BaseException:
            # No thread can be started, or a signal handler has raised: the timer is not started.
            self._undo_start()
            raise
        if is_late:
            self._undo_start()
            super().start()
            return
        if self.finished.is_set():
            # Cancelled meanwhile, by a signal handler or another thread, before the timer was
            # complete.
            pending.cancel()
            if pending.is_alive() is False:
                self._end()

    def run(self):
        """Call the function, when the interval has passed and unless the timer has been
        cancelled.
        """
        finished = self.finished
        pending = getattr(self, "_pending", None)
        if pending is not None and pending.is_firing():
            self._forget_pending()
            pending.has_begun()
        else:
            finished.wait(self.interval)
        if not self.finished.is_set():
            self.function(*self.args, **self.kwargs)
        self.finished.set()

    def is_alive(self):
        """Return whether the timer has been started, and has neither been cancelled nor has its
        function returned.
        """
        if not isinstance(self, Timer):
            return Thread.is_alive(self)
        pending = self._pending
        if pending is not None and self._started.is_set():
            alive = pending.is_alive()
            if alive is not None:
                return alive
        return super().is_alive()

    def join(self, timeout=None):
        """Wait until the function has returned or the timer is cancelled, for at most `timeout`
        seconds.
        """
        if not isinstance(self, Timer):
            Thread.join(self, timeout)
            return
        pending = self._pending
        if pending is not None and self._started.is_set():
            if timeout is not None:
                timeout = max(timeout, 0)
            began = monotonic()
            if not pending.wait(timeout) or pending.is_alive() is False:
                return
            if timeout is not None:
                timeout -= monotonic() - began
        super().join(timeout)

    def _undo_start(self):
        pending = self._pending
        if pending is not None and not pending.cancel() and pending.is_alive():
            # It has fired already: its thread is being started.
            return
        self._forget_pending()
        with threading._active_limbo_lock:
            threading._limbo.pop(self, None)
        self._started.clear()

    def _withdraw(self):
        """End the timer if it is still waiting."""
        pending = self._pending
        if pending is not None and (pending.cancel() or pending.is_alive() is False):
            self._end()

    def _end(self):
        """Take the state of an ended thread, without having had one."""
        _mark_ended(self)
        with threading._active_limbo_lock:
            threading._limbo.pop(self, None)
        self._forget_pending()

    def _forget_pending(self):
        # A program may have deleted it.
        finished = getattr(self, "finished", None)
        if type(finished) is _Finished:
            finished._timer = None
        self._pending = None

    def _fire(self):
        """Start the timer's thread; called on the timer thread.

        If the thread cannot be started, `threading.excepthook` is called, once, and the timer
        retries until one can be.
        """
        try:
            self._start_thread()
        except (RuntimeError, MemoryError):
            self._try_again_later()
            if self._retries == 1:
                self._invoke_excepthook(self)
        except BaseException:  # noqa: BLE001 - any exception ends the timer
            self._give_up()
            self._invoke_excepthook(self)

    def _try_again_later(self):
        pending = self._pending
        if pending is None:
            return
        if _HAS_HANDLES:
            # A handle whose thread has failed to start reports that it has ended.
            setattr(self, _HANDLE, threading._ThreadHandle())
        delay = min(_FIRST_RETRY * 2**self._retries, _LAST_RETRY)
        self._retries += 1
        pending.retry(self, delay)
        if self.finished.is_set() and pending.cancel():
            # Cancelled while its thread was being started.
            self._end()

    def _start_thread(self):
        if _HAS_HANDLES:
            threading._start_joinable_thread(
                self._begin, handle=getattr(self, _HANDLE), daemon=self.daemon
            )
            return
        try:
            threading._start_new_thread(self._begin, ())
        except RuntimeError:
            # 3.12.0 and 3.12.1 start no thread once the exit has begun, though they wait for
            # existing ones.
            if not _is_exiting:
                raise
            if self.daemon:
                self._give_up()
            else:
                _call_on_new_thread(self._begin)

    def _begin(self):
        try:
            self._bootstrap()
        finally:
            # Still set if a trace function has failed before `run`.
            pending = self._pending
            if pending is not None:
                self._forget_pending()
                pending.has_begun()

    def _give_up(self):
        pending = self._pending
        if pending is not None:
            self._end()
            pending.give_up()

    # In the child of a fork, where the standard library marks each thread as ended.

    if sys.version_info >= (3, 13):

        def _after_fork(self, new_ident=None):
            super()._after_fork(new_ident)
            if new_ident is None:
                self._lose()
    else:

        def _reset_internal_locks(self, is_alive):
            super()._reset_internal_locks(is_alive)
            if not is_alive:
                self._lose()

    def _lose(self):
        pending = self._pending
        if pending is not None:
            _mark_ended(self)
            self._forget_pending()
            pending.give_up()


Timer.__module__ = "threading"

_NUMBERS = (float, int)

# Seconds until the first retry of a thread that could not be started, and the longest pause between
# retries.
_FIRST_RETRY, _LAST_RETRY = 0.01, 1.0

# Parts that a program may have patched since.
_RUN, _BOOTSTRAP, _BOOTSTRAP_INNER = (
    Timer.run,
    Thread._bootstrap,
    Thread._bootstrap_inner,
)
_THREAD_START, _THREAD_RUN = Thread.start, Thread.run
_START_NEW = getattr(threading, _STARTER)


def _can_be_pending(timer):
    """Whether no code can tell the timer from a thread that waits."""
    if _is_exiting or not timer._initialized or "run" in timer.__dict__:
        return False
    cls = type(timer)
    if (
        cls.run is not _RUN
        or cls._bootstrap is not _BOOTSTRAP
        or cls._bootstrap_inner is not _BOOTSTRAP_INNER
        or Thread.start is not _THREAD_START
        or Thread.run is not _THREAD_RUN
        or getattr(threading, _STARTER) is not _START_NEW
    ):
        return False
    try:
        finished, interval = timer.finished, timer.interval
        if _HAS_HANDLES and getattr(timer, _HANDLE).ident:
            # It has had its thread; the handle raises when it is started again.
            return False
    except AttributeError:
        return False
    if type(finished) is not _Finished or finished.is_set():
        return False
    # The wait in the thread accepts or refuses any other value, in its own words.
    return interval is None or (type(interval) in _NUMBERS and interval <= TIMEOUT_MAX)


def _mark_ended(timer):
    if _HAS_HANDLES:
        setattr(timer, _HANDLE, _ENDED)
    else:
        timer._is_stopped = True
        timer._tstate_lock = None


def _take_context(timer):
    """Sets the context of the timer's thread, which from 3.14 on is taken at the start."""
    if getattr(timer, "_context", timer) is not None:
        return
    timer._context = (
        contextvars.copy_context()
        if sys.flags.thread_inherit_context
        else contextvars.Context()
    )


def _wait_for_pending():
    """Waits at exit, before the interpreter waits for threads, for pending timers that are no
    daemons, and for those that these start.
    """
    global _is_exiting
    _is_exiting = True
    while True:
        with threading._active_limbo_lock:
            timers = [t for t in threading._limbo if isinstance(t, Timer)]
        waiting = [
            pending
            for timer in timers
            if not timer.daemon
            and (pending := timer._pending) is not None
            and pending.is_alive()
        ]
        if not waiting:
            return
        for pending in waiting:
            pending.wait(None)


# These functions run from the last to the first. This one runs after all others, which may cancel
# or start timers.
threading._threading_atexits.insert(0, _wait_for_pending)
