"""Times an operation without the loop around it.

A statement is repeated many times, `REPEAT` mostly, inside one compiled loop, like an unrolled
``timeit``. So the cost of the loop is spread over the copies. The remaining cost is measured with
an empty statement, and the caller subtracts it.
"""

import textwrap
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

REPEAT = 50
"""Copies of a statement in one turn of the loop, unless its row overrides it."""


class Loop:
    """A statement compiled for one contestant.

    Each has its own code object, so that the interpreter specialises each statement for the one
    class it meets.
    """

    def __init__(
        self, statement: str, names: Iterable[str], repeat: int = REPEAT
    ) -> None:
        """Compile ``repeat`` copies of ``statement``, whose local variables are ``names``."""
        body = textwrap.indent("\n".join([statement] * repeat), " " * 8)
        self._names = tuple(names)
        parameters = ", ".join(("turns", "clock", *self._names))
        source = f"def loop({parameters}):\n    begin = clock()\n    for _ in range(turns):\n{body}\n    return begin, clock()\n"
        scope: dict[str, Callable[..., tuple[float, float]]] = {}
        exec(compile(source, "<benchmark>", "exec"), scope)  # noqa: S102  (the rows' own statements)
        self._loop = scope["loop"]

    def run(self, turns: int, objects: Mapping[str, Any]) -> tuple[float, float]:
        """The clock before and after ``turns`` turns, each of which runs the loop's copies once."""
        return self._loop(
            turns, time.perf_counter, *(objects[name] for name in self._names)
        )
