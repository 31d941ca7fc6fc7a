"""A rule for each difference that the page docs/compatibility.md names under "What differs".

A rule looks at the first step that differs and at the steps before it. Later steps may differ too.
"""

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs/compatibility.md"


@dataclasses.dataclass(frozen=True)
class Rule:
    """A difference that is meant."""

    entry: str
    """How its entry on the page begins."""
    holds: Callable
    """Tells from the step, the steps up to it and both outcomes whether the entry explains them."""


def entries():
    """The entries of "What differs", as single lines."""
    text = PAGE.read_text(encoding="utf-8")
    section = text.split("\n## What differs\n", 1)[1].split("\n## ", 1)[0]
    return [" ".join(entry.split()) for entry in section.split("\n- ")[1:]]


def allowed(difference):
    """The entry that explains the difference, or None."""
    if difference.program.shape:
        return None
    steps = difference.program.steps[: difference.step + 1]
    plain, ours = difference.said
    for rule in RULES:
        if rule.holds(difference.source, "\n".join(steps), plain, ours):
            return rule.entry
    return None


def _without_init(step, before, plain, ours):
    """An `__init__` that does not call the standard one, or an object made by `__new__` alone."""
    bare = re.search(
        r"def __(?:init|new)__\(self, \*a, \*\*k\): (?!.*super\(\)\.__init__)", before
    )
    return "has no attribute" in plain and (bool(bare) or "__new__(" in before)


def _parties(step, before, plain, ours):
    return "parties must be" in ours


def _release_save(step, before, plain, ours):
    return "_release_save" in before and "un-acquired lock" in ours


def _pending(step, before, plain, ours):
    return "Timer" in before and re.search(r"ident|native_id|repr|!r", step) is not None


def _large(step, before, plain, ours):
    return "release(" in step and "OverflowError" in ours


def _comparison(step, before, plain, ours):
    """An item that cannot be compared was put before, and the step sees what the queue holds."""
    failed = re.search(
        r"Order|None|Own|object|Odd|Duck|'[ab]'|Equal|Hash|1j|Ranked|\(", before
    )
    sees = re.search(
        r"size|list|full|empty|\.get|\.put|queue|vars|copy|_get|_put|join", step
    )
    return "PriorityQueue" in before and "put" in before and bool(failed and sees)


_MISFIT = re.compile(
    r"TypeError: .*(?:argument|positional|keyword|no args|needs an|doesn't apply|unexpected)"
)


def _misfit(step, before, plain, ours):
    if "__enter__" in step and "takes no arguments" in ours:
        return True
    if "doesn't apply to a" in ours or "needs an argument" in ours:
        return True
    return bool(_MISFIT.search(plain) and _MISFIT.search(ours))


def _docstrings(step, before, plain, ours):
    return "__doc__" in step or "getdoc" in step


RULES = (
    Rule("**A call that does not fit**", _misfit),
    Rule("**Docstrings**", _docstrings),
    Rule("**A comparison that raises**", _comparison),
    Rule("**Without `super().__init__()`**", _without_init),
    Rule("**`Barrier(0)`**", _parties),
    Rule("**`RLock._release_save()`**", _release_save),
    Rule("**A pending `Timer`**", _pending),
    Rule("**`Semaphore.release(n)`**", _large),
)
