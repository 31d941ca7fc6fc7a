"""The meaning of the measured times: medians, and ratios of times that were taken next to each
other.

A ratio is formed within each round, from two times taken within a fraction of a second. The median
of these ratios is the figure; the quartiles are its spread. A machine that slows down in the middle
of a run changes the times, not the ratios.
"""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Ratio:
    """The other's time over weftline's: above 1 weftline is faster. `lower` and `upper` are the
    quartiles over the rounds.
    """

    median: float
    lower: float
    upper: float

    def reaches(self, target: float) -> bool:
        """Whether the median is at least ``target``."""
        return self.median >= target

    def as_json(self) -> dict[str, float]:
        """The three figures by name."""
        return asdict(self)


def ratio(theirs: Sequence[float], ours: Sequence[float]) -> Ratio:
    """The ratio of two contestants' times, paired by round.

    Raises `ValueError` if the rounds do not pair or there are none.
    """
    if not ours or len(theirs) != len(ours):
        raise ValueError("a ratio needs the same rounds of both")
    each = [their / our for their, our in zip(theirs, ours, strict=True)]
    lower, middle, upper = quartiles(each)
    return Ratio(middle, lower, upper)


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """The first quartile, the median and the third; one value is all three."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    lower, middle, upper = statistics.quantiles(values, n=4, method="inclusive")
    return lower, middle, upper


def without_loop(times: Sequence[float], empty: Sequence[float]) -> list[float]:
    """Subtract the empty loop's time of the same round from each time.

    The result is never less than a tenth of the measured time. An operation without cost is an
    error of the measurement, and must not turn into an endless ratio.
    """
    return [
        max(time - nothing, time / 10)
        for time, nothing in zip(times, empty, strict=True)
    ]
