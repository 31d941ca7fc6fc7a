"""Objects that several threads keep busy, on the implementation under test, from the table of
classes.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

from classes import having

from support.target import MODULES
from support.workers import start


@dataclasses.dataclass(frozen=True)
class Hammered:
    """One kind of object.

    Many threads may call `hammer` concurrently. `use` is for the child of a fork: it starts from
    any state in which the object was copied. It makes its calls with a second thread, which
    `second` starts, so that a thread really waits and is woken.
    """

    new: Callable[[], Any]
    hammer: Callable[[Any], Any]
    _use: Callable[[Any, Callable], Any]

    def use(self, thing, second=start):
        """Uses the object in this process."""
        self._use(thing, second)


KINDS = {
    name: Hammered(functools.partial(new, MODULES), row.hammer, row.use)
    for row in having("hammered").values()
    for name, new in row.hammered.items()
}
