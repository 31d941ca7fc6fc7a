"""How many instructions of the processor an operation of one thread takes, in user space, as
valgrind's cachegrind counts them.

The count is the same whatever else the machine does, so two versions can be compared to a tenth of
a percent. It says nothing of what a single instruction costs: a miss of the cache, or a lock.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence

from . import contestants
from .rows import ROWS, Row
from .statement import Loop

_TURNS = 50, 250
"""The difference between two runs is the operation's alone."""


class NotCounted(Exception):
    """Why nothing can be counted."""


def chosen(only: str) -> list[Row]:
    """The rows whose operations run in one thread, which have ``only`` in their name."""
    alone = (row for row in ROWS if len(row.threads) == 1 and not row.in_place)
    # Further threads of such an operation are not the same in each run.
    kinds = "Thread", "ThreadPoolExecutor", "Timer", "Future"
    return [
        row
        for row in alone
        if row.needs not in kinds and only.lower() in row.operation.lower()
    ]


def counted(rows: Sequence[Row]) -> Iterator[tuple[str, float]]:
    """Each operation, and how many instructions one takes on weftline."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise NotCounted("valgrind is not installed, and it counts the instructions")
    for row in rows:
        fewer, more = (_run(valgrind, row, turns) for turns in _TURNS)
        operations = (_TURNS[1] - _TURNS[0]) * row.repeat * row.per_turn
        yield row.operation, (more - fewer) / operations


def _run(valgrind: str, row: Row, turns: int) -> int:
    program = (
        f"import sys; from {__name__} import main; main(sys.argv[1], int(sys.argv[2]))"
    )
    tool = ["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    # Hashes that differ would take other ways through dictionaries.
    command = [
        *("env", "PYTHONHASHSEED=0", valgrind, *tool),
        *(sys.executable, "-c", program, row.operation, str(turns)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"I\s*refs:\s+([\d,]+)", done.stderr)
    if done.returncode != 0 or found is None:
        raise NotCounted(f"valgrind did not count {row.operation!r}:\n{done.stderr}")
    return int(found[1].replace(",", ""))


def main(operation: str, turns: int) -> None:
    """The program whose instructions are counted."""
    import gc

    (row,) = (row for row in ROWS if row.operation == operation)
    ours = contestants.ours()
    loop = Loop(ours.spell(row.threads[0]), list(row.make(ours)), row.repeat)
    # The interpreter specialises bytecode that has run some times.
    loop.run(20, row.make(ours))
    objects = row.make(ours)
    gc.collect()
    gc.disable()
    loop.run(turns, objects)
