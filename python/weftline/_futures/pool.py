"""`ThreadPoolExecutor`: the standard one, with a work queue that creates the futures and counts the
free workers.

The class is in Python, as are its workers' loop (`worker.py`) and the results of `map`
(`results.py`). Programs subclass the class, replace its parts and patch its methods, and no Rust
frame may lie under their code. While no part is replaced, `submit` is one call into the work queue.
Otherwise the standard class's methods run, over the parts that are there then.
"""

import contextvars  # noqa: F401 - imported before a fork can interrupt its first import
import functools
import itertools
import os
import sys
import threading
import time
import weakref
from collections import deque
from concurrent.futures import _base as standard_base
from concurrent.futures import thread as standard

from weftline import _on_import, _weftline
from weftline._futures import (
    results,
    waiting,  # noqa: F401 - keeps the standard classes before anything is patched
    worker,
)
from weftline._futures.worker import standard_names

_WorkQueue = _weftline._WorkQueue


# Kept, because `install()` replaces the module's.
_Standard = standard.ThreadPoolExecutor

# From 3.14 on a worker has a context, which begins and ends it. The context also runs objects that
# a program has put into the queue itself.
_HAS_CONTEXTS = hasattr(_Standard, "prepare_context")


def _has_own_workers(cls):
    """Whether the class defines its workers by a context, as pools of interpreters do in the
    versions that have them.
    """
    if not _HAS_CONTEXTS:
        return False
    return cls.prepare_context.__func__ is not _Standard.prepare_context.__func__


_MISSING = object()


def _queue_attribute(name, told):
    """An attribute of the instance whose changes are passed to the work queue."""

    def get(self):
        value = self.__dict__.get(name, _MISSING)
        if value is not _MISSING:
            return value
        # Not inside an `except`, whose exception would be the context of this one.
        raise AttributeError(
            f"{type(self).__name__!r} object has no attribute {name!r}"
        )

    def put(self, value):
        self.__dict__[name] = value
        tell(self)

    def delete(self):
        get(self)
        del self.__dict__[name]
        tell(self)

    def tell(self):
        queue = self.__dict__.get("_work_queue")
        if type(queue) is _WorkQueue:
            told(self, queue)

    return property(get, put, delete)


def _update_closed(executor, queue):
    # Any value but False, or a missing attribute, is left to `_submit_and_count`: testing an object
    # of the program's for its truth runs code of the program's.
    state = executor.__dict__
    is_open = state.get("_shutdown") is False and state.get("_broken") is False
    queue.set_closed(not is_open)


def _count_again(executor, queue):
    queue.set_full(False)


def _set_up(pool, initializer, initargs, context):
    """The end of `__init__`: the parts of ours."""
    if _has_own_workers(type(pool)):
        if context:
            raise TypeError("context is for calls that run in this interpreter")
        pool._work_queue = _WorkQueue(is_resolved=True)
    else:
        # Versions with worker contexts leave these to the contexts.
        pool._initializer, pool._initargs = initializer, initargs
        pool._work_queue = _WorkQueue(context)
    _executors[id(pool)] = pool


class ThreadPoolExecutor(_Standard):
    """Runs calls in a pool of threads.

    Goes beyond the standard class: `context=True` runs each call in a copy of the context that
    `submit` or `map` was called in; `map` takes a `buffersize` on every version; and a forked child
    can continue to use the pool, with workers of its own.
    """

    # With the parameters of the running version's, and `context`.
    if sys.version_info >= (3, 14):

        def __init__(
            self,
            max_workers=None,
            thread_name_prefix="",
            initializer=None,
            initargs=(),
            *,
            context=False,
            **ctxkwargs,
        ):
            _Standard.__init__(
                self,
                max_workers,
                thread_name_prefix,
                initializer,
                initargs,
                **ctxkwargs,
            )
            _set_up(self, initializer, initargs, context)
    else:

        def __init__(
            self,
            max_workers=None,
            thread_name_prefix="",
            initializer=None,
            initargs=(),
            *,
            context=False,
        ):
            _Standard.__init__(
                self, max_workers, thread_name_prefix, initializer, initargs
            )
            _set_up(self, initializer, initargs, context)

    __init__.__doc__ = """Start no thread yet.

        max_workers: the most threads that the pool has; None: a number that suits most programs.
        thread_name_prefix: the beginning of the threads' names.
        initializer: called with initargs by each thread before its first call. If it raises, the
            pool is broken.
        context: whether calls run in a copy of the context of their submission.
        """

    def __reduce_ex__(self, protocol):
        reduced = super().__reduce_ex__(protocol)
        if type(self) is ThreadPoolExecutor is not standard.ThreadPoolExecutor:
            # The state comes first, so that a pickler refuses the queue in it, not the name of the
            # class.
            return _weftline._rebuild, (reduced[2], type(self)), reduced[2]
        return reduced

    # The work queue needs these two states, whether the pool accepts calls and whether it may start
    # workers, to answer by itself.
    _shutdown = _queue_attribute("_shutdown", _update_closed)
    _broken = _queue_attribute("_broken", _update_closed)
    _max_workers = _queue_attribute("_max_workers", _count_again)

    def submit(self, fn, /, *args, **kwargs):
        queue = self._work_queue
        if type(queue) is _WorkQueue:
            future = queue.submit(fn, args, kwargs)
            if future is not None:
                return future
            return self._submit_and_count(queue, fn, args, kwargs)
        # Not `super()`, which creates a closure: tools that trace calls exchange the code of this
        # function.
        return _Standard.submit(self, fn, *args, **kwargs)

    submit.__doc__ = standard_base.Executor.submit.__doc__

    def _submit_and_count(self, queue, fn, args, kwargs):
        """Submits a call when another worker may be needed, or no more calls are accepted."""
        with self._shutdown_lock, standard._global_shutdown_lock:
            if self._broken:
                broken = self.BROKEN if _HAS_CONTEXTS else standard.BrokenThreadPool
                raise broken(self._broken)
            if self._shutdown:
                raise RuntimeError("cannot schedule new futures after shutdown")
            if standard_names["_shutdown"]:
                raise RuntimeError(
                    "cannot schedule new futures after interpreter shutdown"
                )
            if queue.is_resolved:
                task = self._resolve_work_item_task(fn, args, kwargs or {})
                future = queue.submit_resolved(task)
            else:
                future = queue.submit_anyway(fn, args, kwargs)
            try:
                self._adjust_thread_count()
            except BaseException:
                # No thread can be started. The existing workers will make the call; without any, it
                # must not stay in the queue.
                threads = self._threads
                has_workers = isinstance(threads, set) and threads
                if not has_workers and future.cancel():
                    raise
            return future

    def _adjust_thread_count(self):
        queue = self._work_queue
        if type(queue) is not _WorkQueue:
            return _Standard._adjust_thread_count(self)
        if not queue.wants_worker:
            return None
        count = len(self._threads)
        if count < self._max_workers:
            self._start_worker(queue, count)
            count += 1
        if count >= self._max_workers:
            queue.set_full(True)
        return None

    def _start_worker(self, queue, number):
        wake_when_lost = functools.partial(_wake, queue)
        if _HAS_CONTEXTS:
            context = self._create_worker_context()
            arguments = context.initialize, (), (context,)
        else:
            arguments = self._initializer, self._initargs
        thread = threading.Thread(
            name=f"{self._thread_name_prefix or self}_{number}",
            target=worker.work,
            args=(weakref.ref(self, wake_when_lost), queue, *arguments),
        )
        # Registered before it runs: the exit would not wait for a thread that could not be
        # registered.
        try:
            self._threads.add(thread)
            standard._threads_queues[thread] = queue
            thread.start()
        except BaseException:
            if not _has_begun(thread):
                self._threads.discard(thread)
                standard._threads_queues.pop(thread, None)
                raise
        queue.worker_is_free()

    def map(self, fn, *iterables, timeout=None, chunksize=1, buffersize=None):
        """As the built-in map(fn, *iterables), with the calls made by the pool and the results in
        order.

        timeout: the seconds from this call until the last result; TimeoutError is raised when they
        have passed. chunksize: for pools of processes; a pool of threads ignores it. buffersize:
        how many calls are submitted ahead of the requested result; None: all, immediately.
        """
        if buffersize is not None and not isinstance(buffersize, int):
            raise TypeError("buffersize must be an integer or None")
        if buffersize is not None and buffersize < 1:
            raise ValueError("buffersize must be None or > 0")
        end_time = None if timeout is None else timeout + time.monotonic()
        calls = zip(*iterables)
        submit = self._submitter(fn)
        futures = deque(map(submit, itertools.islice(calls, buffersize)))
        if buffersize is None:
            submit = calls = None
        # A generator of its own, so that the calls are submitted before the first result is
        # requested. It keeps the pool alive only while it submits.
        return results.in_order(futures, end_time, weakref.ref(self), fn, calls)

    def _submitter(self, fn):
        """Returns a function that submits a call of `fn` with the passed arguments. It bypasses
        `submit` if the program has not replaced that.
        """
        # Without one, as after `pickle`, `submit` raises, if there is a call to submit.
        queue = getattr(self, "_work_queue", None)
        if (
            type(queue) is not _WorkQueue
            or type(self).submit is not _submit
            or _submit.__code__ is not _submit_code
            or "submit" in self.__dict__
        ):
            return functools.partial(_submit_by_method, self, fn)
        # No function of its own: CPython 3.13.0 crashes when it has no memory to create one.
        return functools.partial(_submit_directly, self, queue, fn)

    def shutdown(self, wait=True, *, cancel_futures=False):
        if cancel_futures is not False:
            with self._shutdown_lock:
                self._shutdown = True
                # An object of the program's may raise here; the pool then is shut down already.
                cancel_futures = bool(cancel_futures)
        if cancel_futures:
            # No more calls are submitted. Without the lock, since callbacks may use the pool. One
            # by one, so that none is lost if memory is short for the next.
            for item in _drained(self._work_queue):
                # This also notifies the callers of wait() and as_completed(), which would wait for
                # ever.
                if item.future.cancel():
                    item.future.set_running_or_notify_cancel()
                item = None
        _Standard.shutdown(self, wait=wait)

    shutdown.__doc__ = standard_base.Executor.shutdown.__doc__


# Inherited in the standard class, and so named in error messages.
ThreadPoolExecutor.map.__qualname__ = standard_base.Executor.map.__qualname__

_submit = ThreadPoolExecutor.submit
_submit_code = _submit.__code__


def _submit_by_method(executor, fn, args):
    return executor.submit(fn, *args)


def _submit_directly(executor, queue, fn, args):
    future = queue.submit(fn, args, None)
    if future is not None:
        return future
    return executor._submit_and_count(queue, fn, args, None)


def _wake(queue, _):
    queue.put(None)


def _has_begun(thread):
    """Whether a thread was started although its `start` has raised, because memory was short while
    it waited for the thread.
    """
    return thread.is_alive() or thread in threading._limbo


def _drained(work_queue):
    """Yields the items of the queue, except those that only wake workers."""
    while True:
        try:
            item = work_queue.get_nowait()
        except standard.queue.Empty:
            return
        if item is not None:
            yield item


# The live pools, by their identity: a subclass need not be hashable.
_executors: "weakref.WeakValueDictionary[int, ThreadPoolExecutor]" = (
    weakref.WeakValueDictionary()
)


def _before_exit():
    """Closes the work queues, so that every `submit` checks whether the interpreter is shutting
    down. Runs just before the standard pools are told so.
    """
    for executor in list(_executors.values()):
        if type(executor._work_queue) is _WorkQueue:
            executor._work_queue.set_closed(True)


threading._register_atexit(_before_exit)


def _after_fork_in_child():
    """Makes the child's copies of the pools usable: earlier submissions are the parent's, and new
    workers are started.
    """
    for executor in list(_executors.values()):
        if type(executor._work_queue) is _WorkQueue:
            executor._threads = set()
            executor._shutdown_lock = threading.Lock()
            executor._work_queue.begin_anew()
    # The exit joins these threads. None of them exists here. If a worker has forked, it is the
    # exiting thread and would have to join itself.
    standard._threads_queues.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)

ThreadPoolExecutor.__module__ = standard.__name__

NAMES = {"ThreadPoolExecutor": ThreadPoolExecutor}

_on_import.again(standard.__name__)
