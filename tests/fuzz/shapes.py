"""Concurrent programs whose outcome no schedule changes.

Each is a function of some small numbers, whose return value must be equal on both sides.

A wait's limit is `crew.LONG`, which only a lost wakeup reaches.
"""

import dataclasses
import inspect
from collections.abc import Callable

from fuzz import (
    shapes_barriers,
    shapes_locks,
    shapes_pools,
    shapes_queues,
    shapes_raised,
)

_MODULES = (shapes_locks, shapes_barriers, shapes_queues, shapes_pools, shapes_raised)


@dataclasses.dataclass(frozen=True)
class Shape:
    """One function, and the numbers from which each of its arguments is taken."""

    run: Callable
    numbers: dict

    @property
    def throws(self):
        """Whether it throws exceptions into its threads."""
        return self.run is shapes_raised.throwing


def _shapes():
    for module in _MODULES:
        for name, function in vars(module).items():
            own = getattr(function, "__module__", None) == module.__name__
            if inspect.isfunction(function) and own and not name.startswith("_"):
                arguments = inspect.signature(function).parameters
                numbers = {
                    name: argument.default for name, argument in arguments.items()
                }
                yield name, Shape(function, numbers)


SHAPES = dict(_shapes())
