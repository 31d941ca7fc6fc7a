"""What a mutant is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """`before`, which is found once in `file` of the crate's sources, becomes `after`; then `model`
    fails under loom.
    """

    name: str
    file: str
    before: str
    after: str
    model: str
