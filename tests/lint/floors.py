"""Finds modules of the crate that use a floor above their own, or reach one through `lib.rs`.

The floors stand in `docs/architecture.md`. A name that has an owner on a floor is imported from
there: an import through `lib.rs` hides the arrow. Run by `make lint`.
"""

import re
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "crates/weftline/src"

FLOORS = {
    "error": 0,
    "memory": 0,
    "park": 1,
    "sync": 2,
    "queue": 3,
    # Beside the queues: neither uses the other.
    "thread": 3,
    "executor": 4,
    "process": 5,
    "watch": 6,
    # Over all floors.
    "lib": 7,
    "run": 7,
    "unwind": 7,
}


TESTS = re.compile(
    r"^#\[cfg\((?:all\()?test\b[^\]]*\]\s*(?:#\[[^\]]*\]\s*)*mod \w+ \{", re.MULTILINE
)


def code_of(text):
    """The text without comments and without the tests at its end, at the same lines."""
    return TESTS.split(re.sub(r"//[^\n]*", "", text))[0]


def imports(code):
    """The first part of each path that begins at the crate, with its line."""
    for found in re.finditer(r"\bcrate::(\w+|\{(?:[^{};]|\{[^{}]*\})*\})", code):
        line = code.count("\n", 0, found.start()) + 1
        if found[1].startswith("{"):
            # Of a nested list only the outermost names.
            outer = re.sub(r"\{[^{}]*\}", "", found[1][1:-1])
            for name in re.findall(r"(?:^|,)\s*(\w+)", outer):
                yield line, name
        else:
            yield line, found[1]


def faults(path, source):
    """The arrows of a file that run upwards, sideways or through `lib.rs`."""
    relative = path.relative_to(source)
    own = relative.parts[0].removesuffix(".rs")
    if own not in FLOORS:
        yield f"{relative}: no floor of {Path(__file__).name} has `{own}`: give it one"
        return
    text = path.read_text(encoding="utf-8")
    # Macros have no module: they are the crate's own.
    macros = re.findall(r"pub use crate::(__\w+)", text)
    for line, name in imports(code_of(text)):
        where = f"{relative}:{line}"
        if name == own or name in macros or FLOORS[own] == FLOORS["lib"]:
            continue
        if name not in FLOORS:
            yield f"{where}: `crate::{name}` goes through lib.rs: name the module that has it"
        elif FLOORS[name] >= max(FLOORS[own], 1):
            yield f"{where}: `{own}` uses `{name}`, which is not below it"


def main(source):
    found = [
        fault for path in sorted(source.rglob("*.rs")) for fault in faults(path, source)
    ]
    print(*found, sep="\n", end="\n" if found else "")
    return f"{len(found)} arrows that do not run down" if found else None


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve() if sys.argv[1:] else SOURCE))
