"""The command line: ``python -m weftline bench [--quick] [--json FILE] [--only WORD]``, and with
``--instructions`` or ``--threads``.
"""

import argparse
import contextlib
import faulthandler
import json
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import TypeVar

from . import (
    contest,
    contestants,
    crowd,
    idle,
    instructions,
    machine,
    memory,
    scaling,
    sight,
    watched,
)
from .report import render
from .results import Crowd, Idle, Memory, Results, Sight, Speed
from .rows import QUICK_ROWS, ROWS

_GIVE_UP = 1800
"""Seconds after which a stuck run prints the stack of each thread, and ends."""

_NO_MORE_THREADS = "can't start new thread"
"""The interpreter's message when the system refuses a thread; the error has no class of its own."""

_TOO_FEW_THREADS = (
    "the system starts no more threads, and the full run has 10,000 at once: "
    "raise the limit (ulimit -u, a container's limit of processes), or use --quick"
)


def main(argv: Sequence[str]) -> int:
    """Run the benchmark and print its report. Returns 0 when it could measure, whatever the result;
    1 when it could not.
    """
    options = _parser().parse_args(argv)
    if options.instructions:
        return _count_instructions(options.only)
    faulthandler.dump_traceback_later(_GIVE_UP, exit=True)
    try:
        with contestants.unpatched():
            results = (
                measure(quick=options.quick, only=options.only, seed=options.seed)
                if options.threads is None
                else measure_scaling(
                    options.threads or scaling.default_threads(),
                    quick=options.quick,
                    only=options.only,
                    seed=options.seed,
                )
            )
    except contestants.NotTheStandardLibrary as refusal:
        print(f"weftline bench: {refusal}", file=sys.stderr)
        return 1
    except RuntimeError as failure:
        if str(failure) != _NO_MORE_THREADS:
            raise
        print(f"weftline bench: {_TOO_FEW_THREADS}", file=sys.stderr)
        return 1
    finally:
        faulthandler.cancel_dump_traceback_later()
    print(render(results))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(results.as_json(), file, indent=2)
            file.write("\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="weftline bench",
        description="Measure weftline beside the standard library.",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="few rounds and fewer threads: seconds instead of minutes",
    )
    parser.add_argument(
        "--json", metavar="FILE", help="write everything that was measured to FILE"
    )
    parser.add_argument(
        "--only",
        metavar="WORD",
        default="",
        help="only what has WORD in its name: 'queue', 'bytes', 'waiting', 'waking', 'dump', 'watched'",
    )
    parser.add_argument(
        "--threads",
        type=_numbers,
        nargs="?",
        const=[],
        metavar="LIST",
        help="instead, what so many threads do together: 1,2,4, say; without a list one, as many as there are processors, and twice as many",
    )
    parser.add_argument(
        "--instructions",
        action="store_true",
        help="instead of times, the instructions of each operation of one thread, which valgrind counts: they are the same on a busy machine",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        help="of the order within the rounds (default: %(default)s)",
    )
    return parser


def _numbers(text: str) -> list[int]:
    numbers = [int(number) for number in text.split(",")]
    if min(numbers) < 1:
        raise ValueError("there is at least one thread")
    return numbers


def _count_instructions(only: str) -> int:
    try:
        for operation, count in instructions.counted(instructions.chosen(only)):
            print(f"{operation:<45}{count:>12,.1f} instructions", flush=True)
    except instructions.NotCounted as why:
        print(f"weftline bench: {why}", file=sys.stderr)
        return 1
    return 0


def measure(*, quick: bool, only: str = "", seed: int = 0) -> Results:
    """Measure everything whose name contains ``only``.

    The memory rows are named "bytes of Queue" and so on, the idle ones "waiting on Queue", those of
    many wake-ups "waking by Event.set", those of reports "dump --json of 1000 threads", and
    those of watched programs "watched: submit and result".
    """
    effort = contest.QUICK if quick else contest.FULL
    objects, threads, seconds = (10_000, 50, 0.05) if quick else (50_000, 1000, 1.0)
    crowds = {10: 3, 30: 2} if quick else {10: 45, 300: 15, 3_000: 7, 10_000: 3}
    sights = {20: 2} if quick else {1_000: 7, 10_000: 7}
    watched_rounds, watched_part = (1, 0.01) if quick else (15, 1.0)
    settings = {
        "quick": quick,
        "seed": seed,
        **asdict(effort),
        "objects": objects,
        "threads": threads,
        "idle_seconds": seconds,
        "crowds": crowds,
        "sight": sights,
        "watched_rounds": watched_rounds,
    }
    pair = [contestants.standard(), contestants.ours()]
    all_contestants = pair + contestants.peers()
    results = Results(machine.describe(all_contestants), settings)
    rows = QUICK_ROWS if quick else ROWS
    order = random.Random(seed)
    with _progress() as tell:
        for row in _chosen({row.operation: row for row in rows}, only, tell):
            results.speed.append(
                Speed(row, contest.contest(row, all_contestants, effort, order))
            )
        for cls in _chosen(
            {f"bytes of {cls}": cls for cls in memory.TARGETS}, only, tell
        ):
            weights = {
                one.name: memory.weigh(one, cls, objects)
                for one in all_contestants
                if cls in one.classes
            }
            known = {
                name: weight for name, weight in weights.items() if weight is not None
            }
            if known:
                results.memory.append(Memory(cls, memory.TARGETS[cls], known))
        for wait in _chosen(
            {f"waiting on {wait.cls}": wait for wait in idle.WAITS}, only, tell
        ):
            costs = {one.name: idle.idle(one, wait, threads, seconds) for one in pair}
            results.idle.append(Idle(wait.cls, costs))
        for one in _chosen(
            {f"waking by {one.call}": one for one in crowd.CROWDS}, only, tell
        ):
            if not all(crowd.can_take_part(each, one) for each in pair):
                continue
            results.crowds += [
                Crowd(one.call, count, crowd.rounds(pair, one, count, number, order))
                for count, number in crowds.items()
            ]
        asked = {
            f"dump {form} of {count} threads": (form, count, number)
            for count, number in sights.items()
            for form in sight.FORMS
            if sight.is_there()
        }
        for form, count, number in _chosen(asked, only, tell):
            results.sight.append(Sight(form, count, sight.dumps(form, count, number)))
        operations = watched.OPERATIONS if watched.is_there() else ()
        for operation in _chosen(
            {f"watched: {it}": it for it in operations}, only, tell
        ):
            results.watched += watched.ratios(operation, watched_rounds, watched_part)
    return results


def measure_scaling(
    threads: Sequence[int], *, quick: bool, only: str = "", seed: int = 0
) -> Results:
    """Measure what ``threads`` threads do together, for each of these numbers, in each operation
    whose name contains ``only``.
    """
    effort = contest.QUICK if quick else contest.SCALING
    contenders = [
        contestants.standard(),
        contestants.ours(),
        *contestants.peers(),
    ]
    settings = {
        "quick": quick,
        "seed": seed,
        **asdict(effort),
        "scaling_threads": list(threads),
    }
    results = Results(machine.describe(contenders), settings)
    order = random.Random(seed)
    rows = {row.operation: row for row in scaling.SCALINGS}
    with _progress() as tell:
        for row in _chosen(rows, only, tell):
            results.scaling += scaling.measured(row, contenders, threads, effort, order)
    return results


Item = TypeVar("Item")


def _chosen(
    named: dict[str, Item], only: str, tell: Callable[[str], None]
) -> Iterator[Item]:
    """The items whose name contains ``only``; calls ``tell`` with the name of each in its turn."""
    for name, item in named.items():
        if only.lower() in name.lower():
            tell(name)
            yield item


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """A line on a terminal with the name of the present measurement; erased afterwards."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    try:
        yield lambda name: print(
            f"\r\x1b[K{name} ...", end="", file=sys.stderr, flush=True
        )
    finally:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
