"""Runs the contestants of a row against each other: each once in every round, in an order shuffled
anew.
"""

import _thread
import dataclasses
import functools
import gc
import queue
import random
import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from .contestants import Contestant
from .rows import Row
from .statement import Loop
from .summary import without_loop

Body = Callable[[], tuple[float, float]]


@dataclass(frozen=True)
class Effort:
    """How much is measured: the rounds of a row, and the seconds that one sample should take."""

    rounds: int
    one_thread: float
    threads: float


FULL = Effort(rounds=25, one_thread=0.02, threads=0.08)
SCALING = Effort(rounds=9, one_thread=0.02, threads=0.08)
QUICK = Effort(rounds=3, one_thread=0.002, threads=0.01)


class Entry:
    """One contestant in one row."""

    def __init__(self, row: Row, contestant: Contestant) -> None:
        self._row = row
        self._contestant = contestant
        names = list(row.make(contestant))
        self._loops = [
            Loop(contestant.spell(statement), names, row.repeat)
            for statement in row.threads
        ]
        self._turns = 1

    def calibrate(self, seconds: float) -> None:
        """Find the number of turns that takes about ``seconds``. This also warms the interpreter's
        caches.
        """
        while (took := self._elapsed()) < seconds / 2:
            grow = seconds / took if took > seconds / 100 else 10
            self._turns = max(self._turns + 1, int(self._turns * min(grow, 10)))

    def sample(self) -> float:
        """Seconds of one operation, on objects created for this sample."""
        return self._elapsed() / (self._turns * self._row.repeat * self._row.per_turn)

    def _elapsed(self) -> float:
        in_place = self._contestant.in_place if self._row.in_place else nullcontext
        with in_place():
            return self._elapsed_in_place()

    def _elapsed_in_place(self) -> float:
        objects = self._row.make(self._contestant)
        gc.collect()
        gc.disable()
        try:
            if len(self._loops) == 1:
                begin, end = self._loops[0].run(self._turns, objects)
                return end - begin
            return together(
                [
                    functools.partial(loop.run, self._turns, objects)
                    for loop in self._loops
                ]
            )
        finally:
            gc.enable()


def contest(
    row: Row, contestants: Sequence[Contestant], effort: Effort, order: random.Random
) -> dict[str, list[float]]:
    """Seconds of one operation of ``row`` in each round, by contestant, without the contestants
    that lack the class.
    """
    entries = {
        one.name: Entry(row, one) for one in contestants if row.needs in one.classes
    }
    seconds = effort.one_thread if len(row.threads) == 1 else effort.threads
    for entry in entries.values():
        entry.calibrate(seconds)
    takes_part = next(one for one in contestants if one.name in entries)
    nothing = Entry(_nothing(row), takes_part)
    nothing.calibrate(effort.one_thread / 10)
    empty: list[float] = []
    times: dict[str, list[float]] = {name: [] for name in entries}
    for _ in range(effort.rounds):
        empty.append(nothing.sample())
        for name in order.sample(list(entries), len(entries)):
            times[name].append(entries[name].sample())
    return {name: without_loop(taken, empty) for name, taken in times.items()}


def _nothing(row: Row) -> Row:
    """The row with its operation left out."""
    operations_each = max(row.per_turn // len(row.threads), 1)
    return dataclasses.replace(row, threads=(row.empty,), per_turn=operations_each)


def together(bodies: Sequence[Body]) -> float:
    """Run ``bodies`` in a thread each, all released at the same moment. Returns the seconds from
    the first begin to the last end.

    Gates and results are the interpreter's own, whatever is being measured. A body that fails ends
    the measurement. The others may then wait for it for ever, in daemon threads that hold up no
    exit.
    """
    results: queue.SimpleQueue[tuple[float, float] | BaseException] = (
        queue.SimpleQueue()
    )
    gates = [_thread.allocate_lock() for _ in bodies]

    def run(gate: _thread.LockType, body: Body) -> None:
        try:
            with gate:
                results.put(body())
        except BaseException as failure:  # noqa: BLE001  (raised again in the measuring thread)
            results.put(failure)

    for gate in gates:
        gate.acquire()
    for pair in zip(gates, bodies, strict=True):
        threading.Thread(target=run, args=pair, daemon=True).start()
    for gate in gates:
        gate.release()
    times = []
    for _ in bodies:
        result = results.get()
        if isinstance(result, BaseException):
            raise result
        times.append(result)
    return max(end for _, end in times) - min(begin for begin, _ in times)
