"""The running Python's `concurrent.futures._base`, with weftline's Future and functions."""

from concurrent.futures import _base as standard

from weftline import _mirror
from weftline._futures.waiting import NAMES

_mirror.become(__name__, standard, NAMES)
