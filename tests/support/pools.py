"""Which executors the tests look at: weftline's, or the standard library's with `WEFTLINE_TEST_IMPL=std`.

Apart from `target`, because most tests are to run without `concurrent.futures` having been imported.
"""

import concurrent.futures as std_futures
import concurrent.futures.thread as std_thread

from support.target import STANDARD

if STANDARD:
    futures = std_futures
else:
    from weftline.concurrent import futures

__all__ = ["MODULES", "STATES", "futures", "in_state", "std_futures", "std_thread"]

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
