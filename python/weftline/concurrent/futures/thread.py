"""`concurrent.futures.thread` of the running Python, with weftline's ThreadPoolExecutor."""

from concurrent.futures import thread as standard

from weftline import _mirror
from weftline._futures.pool import NAMES

_mirror.become(__name__, standard, NAMES)
