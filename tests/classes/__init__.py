"""The table of weftline's classes: a row for each, with all that the tests and documents list.

| from a row come | by |
|---|---|
| the tests of signals, forks, exits, timeouts and sent exceptions | `waits`, `hammer`, `use` |
| the tests of destructors and handlers, of memory, of collection and of deep chains | `reentered`, `no_memory`, `links` |
| the tests of introspection, copies, pickles, mocks and replaced parts | `parts` and the columns after it |
| the rows of the documents, the aliases of the stub, the names of the crate | `name` to `in_python`, by `make classes` |

`tests/lint/table.py` checks the files that get lines from it, and `tests/test_classes.py` that
each suite knows each class. A row imports neither weftline nor pytest, as the lint runs before a
build.
"""

import importlib
import pkgutil

from classes.row import Class, Modules

__all__ = ["CLASSES", "STANDARD_MODULES", "Modules", "having", "standard"]

_ORDER = [
    "Lock",
    "RLock",
    "Condition",
    "Event",
    "Semaphore",
    "BoundedSemaphore",
    "Barrier",
    "Queue",
    "LifoQueue",
    "PriorityQueue",
    "SimpleQueue",
    "Timer",
    "Future",
    "ThreadPoolExecutor",
]
"""The first rows of the documents. Others follow by name."""


def _rows():
    """The rows of all files of this folder."""
    for file in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{file.name}")
        yield from (row for row in vars(module).values() if isinstance(row, Class))


CLASSES = {
    row.name: row
    for row in sorted(
        _rows(),
        key=lambda row: (
            _ORDER.index(row.name) if row.name in _ORDER else len(_ORDER),
            row.name,
        ),
    )
}
"""All rows, by name, in the sequence of the documents."""

STANDARD_MODULES = Modules()


def having(*columns):
    """The rows in which none of these columns is None, by name."""
    return {
        name: row
        for name, row in CLASSES.items()
        if all(getattr(row, column) is not None for column in columns)
    }


def standard(*columns):
    """The same of the classes that the standard library has too, for tests that compare with it."""
    return {name: row for name, row in having(*columns).items() if row.is_standard}
