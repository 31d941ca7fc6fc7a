"""The results as tables for a reader."""

from collections.abc import Iterator, Sequence

from . import crowd, watched
from .contestants import OURS, PEERS, STANDARD
from .idle import LIMIT
from .results import Crowd, Idle, Memory, Results, Sight, Speed
from .scaling import Scaled
from .summary import quartiles

Table = list[Sequence[str]]


def render(results: Results) -> str:
    """The whole report as text."""
    parts = [_heading(results)]
    if results.speed:
        parts.append(
            "Speed: the other's time over ours, median of the rounds' ratios (first and third quartile)."
        )
        parts.append(_columns(_speed(results.speed)))
    if results.memory:
        parts.append(
            "Memory: bytes of one object, by the growth of the process; 'traced' is what tracemalloc sees of it."
        )
        parts.append(_columns(_memory(results.memory)))
    if results.idle:
        cost = results.idle[0].costs[OURS]
        parts.append(
            f"Waiting: part of one core that {cost.threads:,} blocked threads use; at most {LIMIT:.0%}."
        )
        parts.append(_columns(_idle(results.idle)))
    if results.crowds:
        parts.append(
            "Waking many threads by one call: standard and weftline, and the other's time over ours, medians; at least 1."
        )
        parts.append(_columns(_crowds(results.crowds)))
    if results.sight:
        parts.append(
            "Reports, each by a command of its own, medians (largest): its time and memory, and for how long a thread"
            " of the process stood still meanwhile, and in as long a time beside."
        )
        parts.append(_columns(_sight(results.sight)))
    if results.watched:
        parts.append(
            "Watched: the time over that of the same program without a watcher, median of the rounds' ratios (first and"
            " third quartile)."
        )
        parts.append(_columns(_watched(results.watched)))
    if results.scaling:
        parts.append(
            "Threads together: operations a second of all of them, that over one thread's, and processor time of one"
            " operation, medians."
        )
        parts.append(_columns(_scaling(results.scaling)))
        return "\n\n".join(parts)
    missed = results.missed()
    parts.append(
        "Every target is met."
        if not missed
        else "Missed:\n" + "\n".join(f"  {line}" for line in missed)
    )
    return "\n\n".join(parts)


def _heading(results: Results) -> str:
    python, machine, versions = (
        results.where[key] for key in ("python", "machine", "versions")
    )
    lock = (
        "with the interpreter lock" if python["gil"] else "without the interpreter lock"
    )
    what = (
        f"weftline {versions[OURS]} on {python['implementation']} {python['version']}"
    )
    where = f"{machine['processors']} processors ({machine['processor']})"
    lines = [
        f"{what} {lock}, {where}, {results.where['date']}",
        "Targets are for CPython 3.13 with the interpreter lock.",
    ]
    if absent := [name for name in PEERS if not versions[name]]:
        lines.append(f"Not installed, so not beside: {', '.join(absent)}.")
    if results.settings["quick"]:
        lines.append(
            "Quick: few rounds of short samples; for figures to quote, run it whole on a quiet machine."
        )
    return "\n".join(lines)


def _speed(rows: Sequence[Speed]) -> Table:
    table: Table = [
        ("operation", STANDARD, OURS, "ratio", "quartiles", "target", "", "peers")
    ]
    for one in rows:
        ratio, target = one.ratio, one.row.target
        beside = [f"{name} {peer.median:.2f}" for name, peer in one.peers().items()]
        table.append(
            (
                one.row.operation,
                duration(one.median(STANDARD)) if ratio else "-",
                duration(one.median(OURS)),
                f"{ratio.median:.2f}" if ratio else "-",
                f"{ratio.lower:.2f} - {ratio.upper:.2f}" if ratio else "-",
                "-" if target is None else f"{target:g}",
                _verdict(one.met),
                ", ".join(beside) or "-",
            )
        )
    return table


def _memory(rows: Sequence[Memory]) -> Table:
    peers = [name for name in PEERS if any(name in one.weights for one in rows)]
    table: Table = [
        ("class", STANDARD, OURS, "ratio", "target", "", "used once", "traced", *peers)
    ]
    for one in rows:
        theirs, ours = one.weights[STANDARD], one.weights[OURS]
        target = "-" if one.target is None else f"{one.target:g}"
        used, traced = (
            f"{theirs.used:.0f} / {ours.used:.0f}",
            f"{theirs.traced:.0f} / {ours.traced:.0f}",
        )
        beside = [
            f"{one.weights[name].process:.0f}" if name in one.weights else "-"
            for name in peers
        ]
        table.append(
            (
                one.cls,
                f"{theirs.process:.0f}",
                f"{ours.process:.0f}",
                f"{one.ratio:.1f}",
                target,
                _verdict(one.met),
                used,
                traced,
            )
            + tuple(beside)
        )
    return table


def _idle(rows: Sequence[Idle]) -> Table:
    table: Table = [("class", STANDARD, OURS, "")]
    for one in rows:
        table.append(
            (
                one.cls,
                f"{one.costs[STANDARD].share:.3%}",
                f"{one.costs[OURS].share:.3%}",
                _verdict(one.met),
            )
        )
    return table


def _crowds(rows: Sequence[Crowd]) -> Table:
    table: Table = [("call", "threads", *crowd.FIGURES, "")]
    for one in rows:
        figures = [
            f"{duration(quartiles(one.seconds(STANDARD, figure))[1])} / "
            f"{duration(quartiles(one.seconds(OURS, figure))[1])}  {one.ratio(figure).median:.2f}"
            for figure in range(len(crowd.FIGURES))
        ]
        table.append((one.call, f"{one.threads:,}", *figures, _verdict(one.met)))
    return table


def _watched(rows: Sequence[watched.Watched]) -> Table:
    table: Table = [("operation", *watched.WAYS)]
    operations = dict.fromkeys(one.operation for one in rows)
    for operation in operations:
        figures = {
            one.way: quartiles(one.ratios) for one in rows if one.operation == operation
        }
        cells = (figures[way] for way in watched.WAYS)
        table.append(
            (
                operation,
                *(f"{mid:.3f} ({low:.3f}-{high:.3f})" for low, mid, high in cells),
            )
        )
    return table


def _scaling(rows: Sequence[Scaled]) -> Table:
    names = list(dict.fromkeys(one.contestant for one in rows))
    table: Table = [("operation", "threads", *names)]
    found = {(one.operation, one.threads, one.contestant): one for one in rows}
    for operation, threads in dict.fromkeys((o, count) for o, count, _ in found):
        cells = []
        for name in names:
            one = found.get((operation, threads, name))
            if one is None:
                cells.append("-")
                continue
            rate = quartiles(one.per_second)[1]
            alone = found.get((operation, 1, name))
            times = f" ×{rate / quartiles(alone.per_second)[1]:.2f}" if alone else ""
            processor = duration(quartiles(one.processor)[1])
            cells.append(f"{rate / 1e6:.2f} M/s{times} {processor}")
        table.append((operation, str(threads), *cells))
    return table


def _sight(rows: Sequence[Sight]) -> Table:
    table: Table = [
        ("form", "threads", "time", "memory", "stacks", "stood still", "beside")
    ]
    for one in rows:
        times = [
            f"{duration(one.median(figure))} ({duration(one.largest(figure))})"
            for figure in ("seconds", "stood", "beside")
        ]
        with_stacks = sum(dump.has_stacks for dump in one.dumps)
        table.append(
            (
                one.form,
                f"{one.threads:,}",
                times[0],
                f"{one.median('memory') / 2**20:.0f} MiB",
                f"{with_stacks} of {len(one.dumps)}",
                *times[1:],
            )
        )
    return table


def _verdict(met: bool | None) -> str:
    return {True: "met", False: "MISSED", None: ""}[met]


def duration(seconds: float) -> str:
    """Three figures and the fitting unit: ``41.5 ns``."""
    for unit, size in (("ns", 1e-9), ("µs", 1e-6), ("ms", 1e-3)):
        if seconds < 1000 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def _columns(table: Table) -> str:
    """The first column to the left, the others to the right."""
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]

    def lines() -> Iterator[str]:
        for index, row in enumerate(table):
            cells = [
                row[0].ljust(widths[0]),
                *(
                    cell.rjust(width)
                    for cell, width in zip(row[1:], widths[1:], strict=True)
                ),
            ]
            yield "  ".join(cells).rstrip()
            if index == 0:
                yield "  ".join("-" * width for width in widths)

    return "\n".join(lines())
