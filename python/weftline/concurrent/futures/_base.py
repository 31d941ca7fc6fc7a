"""`concurrent.futures._base` of the running Python, with our Future, wait and as_completed."""

from concurrent.futures import _base as standard

from weftline import _mirror
from weftline._futures.waiting import NAMES

_mirror.become(__name__, standard, NAMES)
