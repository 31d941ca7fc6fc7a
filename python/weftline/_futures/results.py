"""The results of `ThreadPoolExecutor.map`, in order."""

import time
from concurrent.futures import _base as standard_base

from weftline import _weftline


def in_order(futures, end_time, executor_reference, fn, calls):
    try:
        while futures:
            if calls is not None:
                executor = executor_reference()
                if executor is None or (args := next(calls, None)) is None:
                    calls = None
                else:
                    futures.append(executor.submit(fn, *args))
                executor = args = None
            if end_time is None:
                yield _result_or_cancel(futures.popleft())
            else:
                yield _result_or_cancel(futures.popleft(), end_time - time.monotonic())
    finally:
        for future in futures:
            future.cancel()


# Programs see the generator's name.
in_order.__name__ = "result_iterator"
in_order.__qualname__ = "Executor.map.<locals>.result_iterator"


def _result_or_cancel(future, timeout=None):
    try:
        if type(future) is _weftline.Future:
            return _weftline._result_or_cancel(future, timeout)
        return standard_base._result_or_cancel(future, timeout)
    finally:
        # The exception refers to this frame, which must not refer to the exception.
        del future
