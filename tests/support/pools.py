"""The executors under test: weftline's, or the standard library's with `WEFTLINE_TEST_IMPL=std`.

Separate from `target`, because most tests must run without an import of `concurrent.futures`.
"""

import concurrent.futures as std_futures
import concurrent.futures.thread as std_thread
import contextlib
import threading

from support.target import FREE_THREADED, INSTALLED, STANDARD
from support.workers import Worker, until

if STANDARD or INSTALLED:
    futures = std_futures
else:
    from weftline.concurrent import futures

__all__ = [
    "MODULES",
    "STATES",
    "busy",
    "futures",
    "in_state",
    "left_by_destructor",
    "std_futures",
    "std_thread",
]

MODULES = [std_futures, futures]


def _finish(future):
    future.set_running_or_notify_cancel()
    future.set_result(42)


def _fail(future):
    future.set_running_or_notify_cancel()
    future.set_exception(KeyError("key"))


def _notify(future):
    future.cancel()
    future.set_running_or_notify_cancel()


STATES = {
    "pending": lambda future: None,
    "running": lambda future: future.set_running_or_notify_cancel(),
    "cancelled": lambda future: future.cancel(),
    "notified": _notify,
    "finished": _finish,
    "failed": _fail,
}


def in_state(module, state):
    """A future of `module` in that state."""
    future = module.Future()
    STATES[state](future)
    return future


@contextlib.contextmanager
def busy(pool, count=1):
    """Keeps `count` workers of the pool in a call."""
    begun, go = threading.Semaphore(0), threading.Event()
    held = [pool.submit(lambda: (begun.release(), go.wait())) for _ in range(count)]
    for _ in held:
        begun.acquire()
    try:
        yield
    finally:
        go.set()
        futures.wait(held)


def left_by_destructor(served, pool, limit):
    """The next item of the queue, which a destructor puts there."""

    if FREE_THREADED:
        # This thread and the workers run Python code. Another thread submits the calls: a
        # destructor that ran inside `submit` would submit a call under the lock that it holds.
        submitting = Worker()

        def is_there():
            submitting.call(pool.submit, int).result()
            return not served.empty()

        until(is_there)
        submitting.close()
    return served.get(timeout=limit)
