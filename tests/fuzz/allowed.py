"""A rule for each difference that the page docs/compatibility.md names under "What differs".

A rule reads the first step that differs and the steps before it. Later steps may differ too.
"""

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

from fuzz import allowed_introspection as introspection
from fuzz import allowed_waits as waits

PAGE = Path(__file__).resolve().parents[2] / "docs/compatibility.md"


@dataclasses.dataclass(frozen=True)
class Rule:
    """An intended difference."""

    entry: str
    """The beginning of its entry on the page."""
    holds: Callable
    """Takes the step, the steps up to it and both outcomes. Returns whether the entry explains the
    outcomes.
    """


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
    for said in ((plain, ours), (_plainly(plain), _plainly(ours))):
        for rule in RULES:
            if rule.holds(difference.source, "\n".join(steps), *said):
                return rule.entry
    return None


_ASKED = re.compile(r" (?:bool|len|index|float|lt|gt|eq|hash)\b")


def _plainly(said):
    """An outcome without details that often differ beside another difference."""
    said = _ASKED.sub("", f" {said}")[1:]
    return re.sub(r"(whose repr raises \w+): .*?>(?=[,\]}')]|$)", r"\1", said)


def _without_init(step, before, plain, ours):
    """An `__init__` that does not call the standard one, or an object made by `__new__` alone."""
    bare = re.search(_BARE, before)
    copied = re.search(r"copy\.|pickle\.loads", before) and re.search(
        r"\bdel \w+\.|__[gs]etstate__|def _init\b", before
    )
    if not bare and not copied:
        return False
    if re.search(r"copy|pickle", step):
        if "cannot pickle" in ours:
            return True
        # Where there is no state, `__setstate__` is not called.
        if "def __setstate__" in before and ours.startswith(f"{plain} {{"):
            return True
        if "def __getattr__" in before and ours == f"{plain} __setstate__":
            return True
    if re.search(r"vars\(|__dict__|__getstate__|__reduce|hasattr\(|dir\(", step):
        names = introspection.listed(plain), introspection.listed(ours)
        failed = plain[:1] == "!" or ours.startswith("! AttributeError")
        return names[0] <= names[1] or names[1] <= names[0] or failed
    if "getattr(" in step:
        return plain.split()[0] == "True" and ours == "False"
    # The standard method, or an odd `__getattr__` of the class, lacks the attribute.
    lacks = r"AttributeError: (?:.*has no attribute|\w+(?:[ >]|$))"
    return re.search(lacks, plain) is not None or (
        # A pool without parts has no queue to give tasks to.
        bool(bare) and "Pool" in before and "has no attribute" in ours
    )


_BARE = (
    r"def __(?:init|new)__\(self, \*a, \*\*k\):\s+(?!.*super\(\)\.__init__)"
    r"|__new__\((?!cls)|__dict__ = "
)


def _comparison(step, before, plain, ours):
    """An item that cannot be compared was put before; the step sees the contents of the queue."""
    failed = re.search(
        r"Order|None|Own|object|Odd|Duck|'[ab]'|Equal|Hash|1j|Ranked|\(", before
    )
    sees = re.search(
        r"^del |gone|the end|size|list|full|empty|\.get|\.put|queue|vars|copy|_get|_put|join"
        r"|reduce|state|tasks|shutdown",
        step,
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
    if "SimpleQueue" in before and "takes no keyword arguments" in ours:
        # Up to 3.12 the standard `get_nowait` takes any name.
        return True
    return bool(_MISFIT.search(plain) and _MISFIT.search(ours))


def _asked(step, before, plain, ours):
    """The same answer, where an odd object was asked more often or less."""
    if "blocked" in (plain, ours):
        return False
    plain, ours = (said.removeprefix("events:") for said in (plain, ours))
    return _ASKED.sub("", f" {plain}") == _ASKED.sub("", f" {ours}")


def _recursion(step, before, plain, ours):
    if "RecursionError" in plain and ours == "blocked":
        # A deeper stack takes longer to reach its end.
        return True
    inside_itself = r"\b(\w+)\._cond = \1$|setattr\((\w+), '_cond', \2\)"
    if re.search(inside_itself, before, re.MULTILINE) and "_value" in step:
        # The number of releases on the way back.
        number = re.compile(r"\d+|<decimal\.Decimal: Decimal\('\d+'\)>")
        return bool(number.fullmatch(plain) and number.fullmatch(ours))
    text = re.compile(r"(RecursionError: maximum recursion depth exceeded)[a-zA-Z ]*")
    # The number of calls of the method before the end of the stack.
    again = re.compile(r"( [^ ].{2,120}?)\1{9,}")
    where = re.compile(r"\[(?:<step>|[^\]]*\.py)\]")
    within = re.compile(r" within \(RecursionError: maximum recursion depth exceeded\)")
    for change, by in ((text, r"\1"), (within, ""), (where, ""), (again, r"\1")):
        plain, ours = change.sub(by, plain), change.sub(by, ours)
    return plain == ours


def _replaced(step, before, plain, ours):
    """Methods replaced in an object that weftline does not call. `_hidden` has those in a class."""
    if "._adjust_thread_count = " in before and step == "the end":
        called = re.compile(r"^events:$|events: | ?\b(?:note\d|call|set)\b")
        without = called.sub("", plain).strip(), called.sub("", ours).strip()
        return without[0] == without[1] or "def __setstate__" in before
    if re.search(r"\.exception(?: = |', )", before) and "FIRST_EXCEPTION" in step:
        return "blocked" not in (plain, ours)
    return False


def _hidden(step, before, plain, ours):
    """A name that is replaced in one of weftline's classes."""
    changed = re.search(r"^(?:del )?type\(\w+\)\.\w+(?: = |$)", before, re.MULTILINE)
    if changed is None:
        return False
    # The attribute of the object does not reach the data that the methods use.
    hidden = re.search(
        r"^type\(\w+\)(\.\w+) = [^\n]*\n(?:.*\n)*?\w+\1 = ", before, re.MULTILINE
    )
    conditions = re.findall(r"^(\w+) = \w+\.Condition\(", before, re.MULTILINE)
    of_conditions = any(f"type({name})." in before for name in conditions)
    # A method that is inherited is there, and may wait.
    inherited = re.search(r"^del type\(", before, re.MULTILINE)
    explains_a_wait = hidden is not None or of_conditions or inherited is not None
    return ours != "blocked" or plain[:1] == "!" or explains_a_wait


RULES = (
    Rule("**A call that does not fit**", _misfit),
    Rule("**Docstrings**", introspection.docstrings),
    Rule("**A comparison that raises**", _comparison),
    Rule("**Without `super().__init__()`**", _without_init),
    Rule("**`Barrier(0)`**", waits.parties),
    Rule("**`RLock._release_save()`**", waits.release_save),
    Rule("**A pending `Timer`**", waits.pending),
    Rule("**`Semaphore.release(n)`**", waits.large),
    Rule("**The classes are introspected", introspection.introspected),
    Rule("**`Future.__mro__`**", introspection.bases),
    Rule("**`_done_callbacks`**", introspection.called_back),
    Rule("**Their memory is laid out in C.**", introspection.layout),
    Rule("**`__reduce__()`**", introspection.reduced),
    Rule("**The order of `__dict__`.**", introspection.order),
    Rule("**A `__setattr__` of a subclass**", introspection.sets),
    Rule("**How often an object is asked**", _asked),
    Rule("**A lock of the program's own**", waits.foreign),
    Rule("**The depth of calls**", _recursion),
    Rule("**A pending `Timer`**", introspection.timer),
    Rule("**A pool's parts.**", introspection.pool),
    Rule("**`Barrier(0)`**", waits.parties_before_313),
    Rule("**A thread that waits for itself**", waits.itself),
    Rule("**A timeout of NaN**", waits.nan),
    Rule("**A timeout of a nanosecond**", waits.nanosecond),
    Rule("**A timeout that is too large**", waits.overflow),
    Rule("**A timeout that is no number**", waits.no_number),
    Rule("**`_at_fork_reinit()`**", introspection.forks),
    Rule("**`Condition._waiters`**", introspection.window),
    Rule("**Methods that are replaced in a class**", _replaced),
    Rule("**A lock or condition that is none**", waits.no_condition),
    Rule("**`Barrier._wait()`**", waits.wrong_twice),
    Rule("**`RLock._acquire_restore()`**", waits.restored),
    Rule("**A wait that fails before it begins**", waits.left_waiting),
    Rule("**A name that is replaced in a class**", _hidden),
)
