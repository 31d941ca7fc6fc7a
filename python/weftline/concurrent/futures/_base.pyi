# Every public name of the standard module.
from concurrent.futures import _base as _standard
from concurrent.futures._base import ALL_COMPLETED as ALL_COMPLETED
from concurrent.futures._base import CANCELLED as CANCELLED
from concurrent.futures._base import CANCELLED_AND_NOTIFIED as CANCELLED_AND_NOTIFIED
from concurrent.futures._base import FINISHED as FINISHED
from concurrent.futures._base import FIRST_COMPLETED as FIRST_COMPLETED
from concurrent.futures._base import FIRST_EXCEPTION as FIRST_EXCEPTION
from concurrent.futures._base import LOGGER as LOGGER
from concurrent.futures._base import PENDING as PENDING
from concurrent.futures._base import RUNNING as RUNNING
from concurrent.futures._base import BrokenExecutor as BrokenExecutor
from concurrent.futures._base import CancelledError as CancelledError
from concurrent.futures._base import DoneAndNotDoneFutures as DoneAndNotDoneFutures
from concurrent.futures._base import Error as Error
from concurrent.futures._base import Executor as Executor
from concurrent.futures._base import InvalidStateError as InvalidStateError
from concurrent.futures._base import TimeoutError as TimeoutError

from weftline import _weftline

Future = _weftline.Future
as_completed = _standard.as_completed
wait = _standard.wait
