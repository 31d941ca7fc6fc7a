"""A rule for each difference that the page docs/compatibility.md names under "What differs".

A rule looks at the first step that differs and at the steps before it. Later steps may differ too.
"""

import dataclasses
import re
import sys
from collections.abc import Callable
from pathlib import Path

from fuzz import allowed_looks as looks

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
    if "copy" in before and re.search(r"\bdel \w+\._|__getstate__", before):
        # What the original lacks, its copy has.
        return "has no attribute" in plain or "vars(" in step
    bare = re.search(
        r"def __(?:init|new)__\(self, \*a, \*\*k\): (?!.*super\(\)\.__init__)", before
    )
    if bare and step.startswith("hasattr("):
        return (plain, ours) == ("False", "True")
    return "has no attribute" in plain and (bool(bare) or "__new__(" in before)


def _parties(step, before, plain, ours):
    return "parties must be" in ours


def _release_save(step, before, plain, ours):
    return "_release_save" in before and "un-acquired lock" in ours


def _pending(step, before, plain, ours):
    return "Timer" in before and re.search(r"ident|native_id|repr|!r", step) is not None


def _large(step, before, plain, ours):
    loops = plain == "blocked" and ours == "None" and "2**" in step
    return "release(" in step and ("OverflowError" in ours or loops)


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
    if "__exit__(" in step and "takes from 0 to 3 positional arguments but" in ours:
        return ours.startswith("! TypeError")
    words = (
        "doesn't apply to a",
        "needs an argument",
        " requires a '",
        "super(type, obj)",
    )
    if ours.startswith("! TypeError") and any(text in ours for text in words):
        return True
    if "__exit__(" in step and "positional arguments but" in ours:
        return True
    return bool(_MISFIT.search(plain) and _MISFIT.search(ours))


def _asked(step, before, plain, ours):
    """The same answer, where an odd object was asked more often or less."""
    if "blocked" in (plain, ours):
        return False
    asked = re.compile(r" (?:bool|len|index|float|lt|gt|eq|hash)\b")
    plain, ours = (said.removeprefix("events:") for said in (plain, ours))
    return asked.sub("", f" {plain}") == asked.sub("", f" {ours}")


def _foreign(step, before, plain, ours):
    """Which attributes of a program's lock are read, and when."""
    if "Condition" not in before or "blocked" in (plain, ours):
        return False
    reads = (
        r" get (?:acquire|release|locked|_release_save|_acquire_restore|_is_owned)\b"
    )
    return re.sub(reads, "", plain) == re.sub(reads, "", ours)


def _recursion(step, before, plain, ours):
    text = r"(RecursionError: maximum recursion depth exceeded)[a-zA-Z ]*"
    return "RecursionError" in plain and (
        re.sub(text, r"\1", plain) == re.sub(text, r"\1", ours)
    )


def _parties_before_313(step, before, plain, ours):
    """A number of parties that is no number."""
    made = re.search(r"Barrier\(|S[ab]\(|__init__\(", step)
    return (
        sys.version_info < (3, 13)
        and made is not None
        and not plain.startswith("!")
        and ("'<' not supported" in ours or " lt" in ours)
    )


def _itself(step, before, plain, ours):
    """A deadlock of a thread with itself."""
    inside = (
        r"_cond\.acquire|inside\(\w+\._cond"
        r"|\._\w+ = .*\b\w+\.(abort|reset|wait|set|clear|acquire|release|shutdown|put|get)\b"
    )
    return plain == "blocked" and re.search(inside, before) is not None


def _cycle(step, before, plain, ours):
    """An inflated condition that is freed later."""
    freed = step == "the end" or re.match(r"del \w+$|gone\(", step)
    if "Condition" not in before or not freed or "blocked" in (plain, ours):
        return False
    return (
        ours in ("", ".", "False") and re.search(r"note\d|del|True", plain) is not None
    )


def _replaced(step, before, plain, ours):
    """`with semaphore` and `isSet`, which do not call a replaced `release` and `is_set`."""
    if "._adjust_thread_count = " in before and step == "the end":
        called = re.compile(r"^events:$|events: | ?\bnote\d\b| ?\bcall\b")
        return called.sub("", plain) == called.sub("", ours)
    if "isSet()" in step and re.search(r"type\(\w+\)\.is_set\b", before):
        return "blocked" not in (plain, ours)
    leaves = re.match(r"inside\(\w+[,)]|\w+\.__exit__\(|with ", step)
    own = re.search(r"^(?:type\(\w+\)|\w+)\.release = ", before, re.MULTILINE)
    return (
        leaves is not None
        and own is not None
        and "Semaphore" in before
        and "blocked" not in (plain, ours)
    )


def _no_condition(step, before, plain, ours):
    """A `_cond` that cannot be used as a condition fails on both sides."""
    given = re.search(
        r"_cond = |_lock = |Condition\((?!\)|None|threading\.R?Lock\(\)\))|__init__\(\S",
        before,
    )
    return given is not None and plain[:1] == ours[:1] == "!"


def _overflow(step, before, plain, ours):
    return plain.startswith("! OverflowError") and ours.startswith("! OverflowError")


def _nan(step, before, plain, ours):
    """A timeout that is no number."""
    return "nan" in step and "Barrier" in before and plain == "blocked"


def _wrong_twice(step, before, plain, ours):
    """A method of a barrier's own that is called without its lock."""
    return "._wait(" in step and plain[:1] == ours[:1] == "!"


RULES = (
    Rule("**A call that does not fit**", _misfit),
    Rule("**Docstrings**", looks.docstrings),
    Rule("**A comparison that raises**", _comparison),
    Rule("**Without `super().__init__()`**", _without_init),
    Rule("**`Barrier(0)`**", _parties),
    Rule("**`RLock._release_save()`**", _release_save),
    Rule("**A pending `Timer`**", _pending),
    Rule("**`Semaphore.release(n)`**", _large),
    Rule("**The classes look into themselves", looks.looks),
    Rule("**`Future.__mro__`**", looks.bases),
    Rule("**`_done_callbacks`**", looks.called_back),
    Rule("**Their memory is laid out in C.**", looks.layout),
    Rule("**`__reduce__()`**", looks.reduced),
    Rule("**The order of `__dict__`.**", looks.order),
    Rule("**A `__setattr__` of a subclass**", looks.sets),
    Rule("**How often an object is asked**", _asked),
    Rule("**A lock of the program's own**", _foreign),
    Rule("**The depth of calls**", _recursion),
    Rule("**A pending `Timer`**", looks.timer),
    Rule("**A pool's parts.**", looks.pool),
    Rule("**`Barrier(0)`**", _parties_before_313),
    Rule("**A thread that waits for itself**", _itself),
    Rule("**A timeout of NaN**", _nan),
    Rule("**A timeout that is too large**", _overflow),
    Rule("**`_at_fork_reinit()`**", looks.forks),
    Rule("**`Condition._waiters`**", looks.window),
    Rule("**`Condition._waiters`**", _cycle),
    Rule("**Methods that are replaced from outside**", _replaced),
    Rule("**A lock or condition that is none**", _no_condition),
    Rule("**`Barrier._wait()`**", _wrong_twice),
)
