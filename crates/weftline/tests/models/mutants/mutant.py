"""The definition of a mutant."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """A broken core: with `after` in place of `before` in `file`, `model` fails under loom.

    `file` is in the crate's sources and contains `before` exactly once.
    """

    name: str
    file: str
    before: str
    after: str
    model: str
