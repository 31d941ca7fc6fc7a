"""The same on the standard library's classes and on weftline's."""

from classes import CLASSES

from support.differ import outcome
from support.target import SIDES

__all__ = ["SIDES", "alike", "classes", "objects", "public"]


def alike(act):
    """Asserts that `act` has the same outcome on weftline's modules as on the standard ones;
    returns it.
    """
    theirs, mine = (outcome(act, *side) for side in SIDES)
    assert mine == theirs
    return mine[0]


def classes(name):
    """The standard class of that name, and weftline's."""
    return [CLASSES[name].get(side) for side in SIDES]


def objects(name):
    """An object of the standard class of that name, and one of weftline's."""
    return [CLASSES[name].new(side) for side in SIDES]


def public(names):
    """The names but those of the language."""
    return {n for n in names if not (n.startswith("__") and n.endswith("__"))}
