"""What more threads do together: operations a second of all threads, and processor time of one
operation, on objects of each thread's own, on one that all share, between pairs, and in pools.

With the interpreter lock one thread runs at a time, and the figure is how little more threads cost.
Without it, threads that share nothing should do as many times what one does as there are
processors.
"""

import gc
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from . import machine
from .contest import Effort, together
from .contestants import Contestant
from .statement import Loop
from .summary import quartiles

Objects = dict[str, Any]


@dataclass(frozen=True)
class Scaling:
    """One operation. `make` returns the objects of each thread for that number of threads, which
    runs the statements in turn, one in each thread.
    """

    operation: str
    needs: str
    make: Callable[[Contestant, int], list[Objects]]
    statements: tuple[str, ...]
    per_turn: float = 1
    """Operations that each thread does while it runs its statement once."""
    repeat: int = 50
    takes: Callable[[int], bool] = lambda threads: True
    """The numbers of threads that make sense."""


@dataclass(frozen=True)
class Scaled:
    """One operation by one contestant with that number of threads."""

    operation: str
    contestant: str
    threads: int
    per_second: Sequence[float]
    """Of all threads together, in each round."""
    processor: Sequence[float]
    """Seconds of processor time of one operation, in each round."""

    def as_json(self) -> dict[str, Any]:
        """Everything measured, each round included."""
        return {
            "operation": self.operation,
            "contestant": self.contestant,
            "threads": self.threads,
            "per_second": {
                "median": quartiles(self.per_second)[1],
                "rounds": list(self.per_second),
            },
            "processor": {
                "median": quartiles(self.processor)[1],
                "rounds": list(self.processor),
            },
        }


def default_threads() -> list[int]:
    """One thread, as many as there are processors, and twice as many."""
    count = machine.processors() or 1
    return sorted({1, count, 2 * count})


def _own(name: str, cls: str, *arguments: Any) -> Callable[..., list[Objects]]:
    return lambda contestant, threads: [
        {name: contestant.make(cls, *arguments)} for _ in range(threads)
    ]


def _shared(name: str, cls: str, *arguments: Any) -> Callable[..., list[Objects]]:
    return lambda contestant, threads: (
        [{name: contestant.make(cls, *arguments)}] * threads
    )


def _class(cls: str) -> Callable[..., list[Objects]]:
    return lambda contestant, threads: [{"cls": contestant.classes[cls]}] * threads


def _pairs(contestant: Contestant, threads: int) -> list[Objects]:
    queues = [contestant.make("Queue") for _ in range(threads // 2)]
    return [{"queue": queue} for queue in queues for _ in range(2)]


def _pools(contestant: Contestant, threads: int) -> list[Objects]:
    """One thread submits, and the pool has that many workers."""
    return [{"pool": contestant.make("ThreadPoolExecutor", threads)}]


_USES = (
    ("with lock", "Lock", (), "with own: pass"),
    ("Lock acquire, release", "Lock", (), "own.{acquire}(); own.{release}()"),
    ("with rlock", "RLock", (), "with own: pass"),
    ("with semaphore", "Semaphore", (1,), "with own: pass"),
    ("with condition", "Condition", (), "with own: pass"),
    ("Event set, is_set, clear", "Event", (), "own.set(); own.is_set(); own.clear()"),
    ("Queue put, get", "Queue", (), "own.{put}(1); own.{get}()"),
    ("SimpleQueue put, get", "SimpleQueue", (), "own.{put}(1); own.{get}()"),
)

SCALINGS = (
    *(
        Scaling(f"{use}, each its own", cls, _own("own", cls, *arguments), (body,))
        for use, cls, arguments, body in _USES
    ),
    *(
        Scaling(f"a new {cls}", cls, _class(cls), (f"cls({arguments})",))
        for cls, arguments in (
            ("Lock", ""),
            ("Event", ""),
            ("Semaphore", ""),
            ("Condition", ""),
            ("Queue", ""),
            ("SimpleQueue", ""),
        )
    ),
    Scaling(
        "a new Future, set and asked",
        "Future",
        _class("Future"),
        ("future = cls(); future.set_result(1); future.result()",),
    ),
    *(
        Scaling(f"{use}, one for all", cls, _shared("own", cls, *arguments), (body,))
        for use, cls, arguments, body in _USES
        if cls != "Event"
    ),
    Scaling(
        "Event is_set, one for all", "Event", _shared("own", "Event"), ("own.is_set()",)
    ),
    Scaling(
        "Queue between pairs",
        "Queue",
        _pairs,
        ("queue.{put}(1)", "queue.{get}()"),
        per_turn=1 / 2,
        takes=lambda threads: threads >= 2 and threads % 2 == 0,
    ),
    Scaling(
        "a pool of so many, map over 1,000",
        "ThreadPoolExecutor",
        _pools,
        ("for _ in pool.map(abs, range(1_000)): pass",),
        per_turn=1_000,
        repeat=1,
    ),
)


class _Entry:
    """One contestant in one operation with that number of threads."""

    def __init__(self, row: Scaling, contestant: Contestant, threads: int) -> None:
        self._row, self._contestant, self._threads = row, contestant, threads
        names = list(row.make(contestant, max(threads, 2))[0])
        self._loops = [
            Loop(contestant.spell(statement), names, row.repeat)
            for statement in row.statements
        ]
        self._turns = 1

    def calibrate(self, seconds: float) -> None:
        while (took := self._sample()[0]) < seconds / 2:
            grow = seconds / took if took > seconds / 100 else 10
            self._turns = max(self._turns + 1, int(self._turns * min(grow, 10)))

    def rates(self) -> tuple[float, float]:
        """Operations a second, and seconds of processor time of one operation."""
        elapsed, processor, operations = self._sample()
        return operations / elapsed, processor / operations

    def _sample(self) -> tuple[float, float, float]:
        objects = self._row.make(self._contestant, self._threads)
        loops = self._loops
        bodies = [
            partial(loops[n % len(loops)].run, self._turns, one)
            for n, one in enumerate(objects)
        ]
        gc.collect()
        gc.disable()
        try:
            before = time.process_time()
            elapsed = together(bodies)
            processor = time.process_time() - before
        finally:
            gc.enable()
            for one in objects:
                if "pool" in one:
                    one["pool"].shutdown()
        turns = self._turns * self._row.repeat * len(objects)
        return elapsed, processor, turns * self._row.per_turn


def measured(
    row: Scaling,
    contestants: Sequence[Contestant],
    threads: Sequence[int],
    effort: Effort,
    order: random.Random,
) -> list[Scaled]:
    """The row with each number of threads; in each round every contestant has its turn."""
    results = []
    for count in filter(row.takes, threads):
        entries = {
            one.name: _Entry(row, one, count)
            for one in contestants
            if row.needs in one.classes
        }
        for entry in entries.values():
            entry.calibrate(effort.threads)
        rates: dict[str, list[tuple[float, float]]] = {name: [] for name in entries}
        for _ in range(effort.rounds):
            for name in order.sample(list(entries), len(entries)):
                rates[name].append(entries[name].rates())
        results += [
            Scaled(row.operation, name, count, *zip(*taken, strict=True))
            for name, taken in rates.items()
        ]
    return results
