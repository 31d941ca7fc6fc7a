"""Bytes of one object, as the growth of a fresh process over many of them.

``tracemalloc`` sees only memory from Python's allocators, and a weftline object may hold memory
that Rust allocated elsewhere. The resident size of the process includes everything. So each figure
comes from a process of its own, which creates the objects twice: once to see the process grow, once
to ask ``tracemalloc``, whose figure is reported beside it.

Run as ``python -m weftline.bench.memory CONTESTANT CLASS COUNT`` this module is that process.
"""

import gc
import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from . import contestants as field
from .contestants import Contestant

TARGETS: dict[str, float | None] = {
    "Event": 5,
    "Condition": 5,
    "Semaphore": 5,
    "Queue": 8,
    "Future": 5,
    "Lock": None,
    "RLock": None,
}
"""The measured classes, with the least ratio of the standard library's bytes over weftline's (None:
only reported).
"""


@dataclass(frozen=True)
class Weight:
    """Bytes of one object: `process` of new ones, `used` of ones that have been used once, `traced`
    as tracemalloc sees it.
    """

    process: float
    used: float
    traced: float

    def as_json(self) -> dict[str, float]:
        """The three figures by name."""
        return asdict(self)


def weigh(contestant: Contestant, cls: str, count: int) -> Weight | None:
    """Measure ``count`` instances in a process of their own; None if the system does not report a
    process's size.
    """
    if not os.path.exists(_STATM):
        return None
    command = [sys.executable, "-m", __name__, contestant.name, cls, str(count)]
    child = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=True
    )
    return Weight(**json.loads(child.stdout))


_STATM = "/proc/self/statm"


def _resident() -> int:
    """The bytes of this process that are in memory."""
    gc.collect()
    with open(_STATM) as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _use(contestant: Contestant, cls: str) -> Callable[[Any], None]:
    """The least use that a program has for such an object."""
    source = {
        "Event": "one.set(); one.clear()",
        "Queue": "one.{put}(None); one.{get}()",
        "Future": "one.set_result(None); one.result()",
    }.get(cls, "\n    with one: pass")
    scope: dict[str, Any] = {}
    # The statement is this file's own, in the contestant's spelling.
    exec(f"def use(one): {contestant.spell(source)}", scope)  # noqa: S102
    return scope["use"]  # type: ignore[no-any-return]


def _weigh_here(contestant: Contestant, cls: str, count: int) -> Weight:
    use = _use(contestant, cls)
    use(contestant.make(cls))
    gc.disable()
    kept: list[Any] = [None] * count
    before = _resident()
    for index in range(count):
        kept[index] = contestant.make(cls)
    process = (_resident() - before) / count
    for one in kept:
        use(one)
    used = (_resident() - before) / count
    traced: list[Any] = [None] * (count // 10)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for index in range(len(traced)):
        traced[index] = contestant.make(cls)
    return Weight(
        process, used, (tracemalloc.get_traced_memory()[0] - before) / len(traced)
    )


def _main(arguments: Sequence[str]) -> None:
    name, cls, count = arguments
    known = {one.name: one for one in (field.standard(), field.ours(), *field.peers())}
    json.dump(_weigh_here(known[name], cls, int(count)).as_json(), sys.stdout)


if __name__ == "__main__":
    _main(sys.argv[1:])
