# Every public name of the standard module.
import sys
from concurrent.futures import ALL_COMPLETED as ALL_COMPLETED
from concurrent.futures import FIRST_COMPLETED as FIRST_COMPLETED
from concurrent.futures import FIRST_EXCEPTION as FIRST_EXCEPTION
from concurrent.futures import BrokenExecutor as BrokenExecutor
from concurrent.futures import CancelledError as CancelledError
from concurrent.futures import Executor as Executor
from concurrent.futures import ProcessPoolExecutor as ProcessPoolExecutor
from concurrent.futures import TimeoutError as TimeoutError
from concurrent.futures import __all__ as __all__
from concurrent.futures._base import InvalidStateError as InvalidStateError

from weftline.concurrent.futures import _base as _base
from weftline.concurrent.futures import thread as thread

if sys.version_info >= (3, 14):
    from concurrent.futures import InterpreterPoolExecutor as InterpreterPoolExecutor

Future = _base.Future
ThreadPoolExecutor = thread.ThreadPoolExecutor
as_completed = _base.as_completed
wait = _base.wait
