"""The outcome of a run: one record for each row of each of the measurements, and its form in
the JSON file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import crowd, sight
from .contestants import OURS, PEERS, STANDARD
from .idle import LIMIT, Cost
from .memory import Weight
from .rows import Row
from .scaling import Scaled
from .summary import Ratio, quartiles, ratio
from .watched import Watched


@dataclass(frozen=True)
class Speed:
    """One operation: seconds of each round by contestant."""

    row: Row
    times: Mapping[str, Sequence[float]]

    @property
    def ratio(self) -> Ratio | None:
        """The standard library's time over weftline's; None if it lacks the class."""
        if STANDARD not in self.times:
            return None
        return ratio(self.times[STANDARD], self.times[OURS])

    @property
    def met(self) -> bool | None:
        """Whether the row's target is reached; None where there is none."""
        if self.ratio is None or self.row.target is None:
            return None
        return self.ratio.reaches(self.row.target)

    def median(self, name: str) -> float:
        """The median of one contestant's seconds."""
        return quartiles(self.times[name])[1]

    def peers(self) -> dict[str, Ratio]:
        """The time of each peer that took part over weftline's."""
        return {
            name: ratio(self.times[name], self.times[OURS])
            for name in PEERS
            if name in self.times
        }

    def as_json(self) -> dict[str, Any]:
        """Everything measured, each round included."""
        return {
            "operation": self.row.operation,
            "target": self.row.target,
            "met": self.met,
            "ratio": self.ratio and self.ratio.as_json(),
            "seconds": {
                name: {"median": self.median(name), "rounds": list(taken)}
                for name, taken in self.times.items()
            },
            "peers": {
                name: one.as_json() | {"faster": one.median > 1}
                for name, one in self.peers().items()
            },
        }


@dataclass(frozen=True)
class Memory:
    """The bytes of one class's objects, by contestant."""

    cls: str
    target: float | None
    weights: Mapping[str, Weight]

    @property
    def ratio(self) -> float:
        """The standard library's bytes over weftline's, of new objects."""
        return self.weights[STANDARD].process / self.weights[OURS].process

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None where there is none."""
        return None if self.target is None else self.ratio >= self.target

    def as_json(self) -> dict[str, Any]:
        """Bytes by contestant and the verdict."""
        return {
            "class": self.cls,
            "target": self.target,
            "met": self.met,
            "ratio": self.ratio,
            "bytes": {name: weight.as_json() for name, weight in self.weights.items()},
        }


@dataclass(frozen=True)
class Idle:
    """The cost of threads that wait on one class, by contestant."""

    cls: str
    costs: Mapping[str, Cost]

    @property
    def met(self) -> bool:
        """Whether weftline's stays under the limit."""
        return self.costs[OURS].share < LIMIT

    def as_json(self) -> dict[str, Any]:
        """The costs by contestant and the verdict."""
        return {
            "class": self.cls,
            "limit": LIMIT,
            "met": self.met,
            "costs": {name: cost.as_json() for name, cost in self.costs.items()},
        }


@dataclass(frozen=True)
class Crowd:
    """One call that wakes many threads: the costs of each round by contestant."""

    call: str
    threads: int
    costs: Mapping[str, Sequence[crowd.Cost]]

    def seconds(self, name: str, figure: int) -> list[float]:
        """One contestant's seconds of a figure, by round."""
        return [cost[figure] for cost in self.costs[name]]

    def ratio(self, figure: int) -> Ratio:
        """The standard library's seconds over weftline's."""
        return ratio(self.seconds(STANDARD, figure), self.seconds(OURS, figure))

    @property
    def met(self) -> bool:
        """Whether weftline's is not the slower one in any figure."""
        return all(
            self.ratio(figure).reaches(1) for figure in range(len(crowd.FIGURES))
        )

    def as_json(self) -> dict[str, Any]:
        """Everything measured, each round included, and the verdict."""
        return {
            "call": self.call,
            "threads": self.threads,
            "met": self.met,
            "figures": {
                name: {
                    "ratio": self.ratio(figure).as_json(),
                    "seconds": {one: self.seconds(one, figure) for one in self.costs},
                }
                for figure, name in enumerate(crowd.FIGURES)
            },
        }


@dataclass(frozen=True)
class Sight:
    """The reports of one process of so many threads, in one form."""

    form: str
    threads: int
    dumps: Sequence[sight.Dump]

    def median(self, figure: str) -> float:
        """The median of a figure of `Dump`."""
        return quartiles([getattr(dump, figure) for dump in self.dumps])[1]

    def largest(self, figure: str) -> float:
        """The largest of it."""
        return float(max(getattr(dump, figure) for dump in self.dumps))

    def as_json(self) -> dict[str, Any]:
        """Everything measured, each report included."""
        return {
            "form": self.form,
            "threads": self.threads,
            "dumps": [dump.as_json() for dump in self.dumps],
        }


@dataclass
class Results:
    """A whole run."""

    where: Mapping[str, Any]
    settings: Mapping[str, Any]
    speed: list[Speed] = field(default_factory=list)
    memory: list[Memory] = field(default_factory=list)
    idle: list[Idle] = field(default_factory=list)
    crowds: list[Crowd] = field(default_factory=list)
    sight: list[Sight] = field(default_factory=list)
    watched: list[Watched] = field(default_factory=list)
    scaling: list[Scaled] = field(default_factory=list)

    def missed(self) -> list[str]:
        """The rows that do not reach their target, in words."""
        rows = [
            f"{one.row.operation}: {one.ratio.median:.2f}, meant {one.row.target:g}"
            for one in self.speed
            if one.ratio and one.met is False
        ]
        rows += [
            f"bytes of {one.cls}: {one.ratio:.1f}, meant {one.target:g}"
            for one in self.memory
            if one.met is False
        ]
        rows += [
            f"waking {one.threads:,} by {one.call}: {name} {one.ratio(figure).median:.2f}, meant 1"
            for one in self.crowds
            for figure, name in enumerate(crowd.FIGURES)
            if not one.ratio(figure).reaches(1)
        ]
        return rows + [
            f"waiting on {one.cls}: {one.costs[OURS].share:.2%} of a core"
            for one in self.idle
            if not one.met
        ]

    def as_json(self) -> dict[str, Any]:
        """The content of the JSON file."""
        return {
            **self.where,
            "settings": dict(self.settings),
            "speed": [one.as_json() for one in self.speed],
            "memory": [one.as_json() for one in self.memory],
            "idle": [one.as_json() for one in self.idle],
            "crowds": [one.as_json() for one in self.crowds],
            "sight": [one.as_json() for one in self.sight],
            "watched": [one.as_json() for one in self.watched],
            "scaling": [one.as_json() for one in self.scaling],
            "missed": self.missed(),
        }
