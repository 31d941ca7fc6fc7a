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
    bare = re.search(_BARE, before)
    copied = re.search(r"copy\.|pickle\.loads", before) and re.search(
        r"\bdel \w+\.|__[gs]etstate__|def _init\b", before
    )
    if not bare and not copied:
        return False
    if re.search(r"copy|pickle", step) and "cannot pickle" in ours:
        return True
    if re.search(r"vars\(|__dict__|__getstate__|__reduce|hasattr\(|dir\(", step):
        names = looks.listed(plain), looks.listed(ours)
        return names[0] <= names[1] or names[1] <= names[0] or plain[:1] == "!"
    if "getattr(" in step:
        return (plain, ours) == ("True", "False")
    # The attribute is missing to the standard method, or to an odd `__getattr__` of the class.
    lacks = r"AttributeError: (?:.*has no attribute|\w+(?:[ >]|$))"
    return re.search(lacks, plain) is not None or (
        # A pool without parts has no queue to give tasks to.
        bool(bare) and "Pool" in before and "has no attribute" in ours
    )


_BARE = (
    r"def __(?:init|new)__\(self, \*a, \*\*k\):\s+(?!.*super\(\)\.__init__)"
    r"|__new__\((?!cls)"
)


def _parties(step, before, plain, ours):
    return "parties must be" in ours


def _release_save(step, before, plain, ours):
    return "_release_save" in before and "un-acquired lock" in ours


def _pending(step, before, plain, ours):
    if "Timer" not in before:
        return False
    if "copy" in before and re.search(r"join|is_alive", step):
        return True
    if "__init__(" in before and step.startswith("gone("):
        return (plain, ours) == ("False", "True")
    if re.search(r"cancel|finished\.set", before):
        # The standard thread needs a moment to end.
        if re.search(r"is_alive|enumerate", step):
            return (plain, ours) == ("True", "False")
        if re.sub(r"started \d*", "stopped", plain) == ours:
            return True
    number = re.compile(r"(?:(?<=started)|(?<=stopped)|(?<=daemon)) ?\d*(?=\))")
    if number.sub("", plain) == number.sub("", ours):
        return True
    return re.search(r"ident|native_id", step) is not None


def _large(step, before, plain, ours):
    loops = plain == "blocked" and ours == "None" and "2**" in step
    if "release(" in step and plain.startswith("! TypeError: "):
        operands = r"'\w+'(?= and '|$| \w)|\"\w+\""
        return re.sub(operands, "", plain) == re.sub(operands, "", ours)
    return "release(" in step and ("OverflowError" in ours or loops)


def _comparison(step, before, plain, ours):
    """An item that cannot be compared was put before, and the step sees what the queue holds."""
    failed = re.search(
        r"Order|None|Own|object|Odd|Duck|'[ab]'|Equal|Hash|1j|Ranked|\(", before
    )
    sees = re.search(
        r"size|list|full|empty|\.get|\.put|queue|vars|copy|_get|_put|join|reduce|state|tasks",
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
    asked = re.compile(r" (?:bool|len|index|float|lt|gt|eq|hash)\b")
    plain, ours = (said.removeprefix("events:") for said in (plain, ours))
    return asked.sub("", f" {plain}") == asked.sub("", f" {ours}")


def _foreign(step, before, plain, ours):
    """Which attributes of a program's lock are read, and when."""
    if "Condition" not in before or "blocked" in (plain, ours):
        return False
    taken = r"_release_save|_acquire_restore|_is_owned"
    if re.search(r"Condition\(|S[ab]\(|_lock = ", before) and re.search(taken, step):
        # Those of the lock stand in the standard condition in place of its methods.
        return ours.startswith(("<callable", "True", "False", "None")) or (
            plain[:1] == ours[:1] == "!"
        )
    reads = rf" get (?:acquire|release|locked|{taken})\b"
    if "def __setattr__" in before:
        reads += r"| set\b"
    if "Attributes(" in before:
        reads += r"| call\b"
    return re.sub(reads, "", plain) == re.sub(reads, "", ours)


def _recursion(step, before, plain, ours):
    text = re.compile(r"(RecursionError: maximum recursion depth exceeded)[a-zA-Z ]*")
    # So often was the method called before the end of the stack.
    again = re.compile(r"( [^ ].{2,80}?)\1{9,}")
    within = re.compile(r" within \(RecursionError: maximum recursion depth exceeded\)")
    for change, by in ((text, r"\1"), (within, ""), (again, r"\1")):
        plain, ours = change.sub(by, plain), change.sub(by, ours)
    return plain == ours


def _parties_before_313(step, before, plain, ours):
    """A number of parties that is no number."""
    made = re.search(r"Barrier\(|S[ab]\(|__init__\(", step)
    return (
        sys.version_info < (3, 13)
        and made is not None
        and not plain.startswith("!")
        and ("'<' not supported" in ours or " lt" in ours or "Order(" in step)
    )


def _itself(step, before, plain, ours):
    """A deadlock of a thread with itself."""
    inside = (
        r"_cond\.acquire|inside\(\w+\._cond"
        r"|\._\w+ = .*\b\w+\.(?:abort|reset|wait|set|clear|acquire|release|shutdown|put|get"
        r"|qsize|join|task_done|full|empty)\b"
    )
    return "blocked" in plain.lower() and re.search(inside, before) is not None


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
    asks = step == "the end" or re.search(r"is_?[sS]et\(", step)
    if asks and re.search(r"\.is_set = |'is_set', ", before):
        return "blocked" not in (plain, ours)
    if re.search(r"\bnotify(?: = |', )", before) and "notify_all" in step:
        return "blocked" not in (plain, ours)
    leaves = re.match(r"inside\(\w+[,)]|\w+\.__exit__\(|with ", step)
    own = re.search(
        r"^(?:type\(\w+\)|\w+)\.release = |'release', ", before, re.MULTILINE
    )
    inner = r"_(?:invoke_callbacks|Future__get_result)(?: = |', )"
    outer = r"\.(?:set_result|set_exception|cancel|result|submit)\("
    if re.search(inner, before) and re.search(outer, step):
        return "blocked" not in (plain, ours)
    left = re.search(r"^inside\(|__exit__\(|with ", before, re.MULTILINE)
    seen = left is not None and re.search(r"_value|repr|acquire|__enter__", step)
    return (
        (leaves is not None or bool(seen))
        and own is not None
        and "Semaphore" in before
        and "blocked" not in (plain, ours)
    )


def _no_condition(step, before, plain, ours):
    """A `_cond` that cannot be used as a condition fails on both sides."""
    given = re.search(
        r"_cond(?:ition)? = |_lock = |'_cond(?:ition)?', "
        r"|Condition\((?!\)|None|threading\.R?Lock\(\)\))|__init__\(\S",
        before,
    )
    if given is None:
        return False
    if "Semaphore" in before and ours.startswith("False"):
        calls = re.compile(r" (?:acquire|release)\b(?:\([^)]*\))?")
        if calls.sub("", plain) == calls.sub("", ours):
            return True
    if plain[:1] != "!":
        return False
    # Of a wait that has no time, a semaphore does not ask its condition.
    return ours[:1] == "!" or re.match(r"False|None$", ours) is not None


def _overflow(step, before, plain, ours):
    return (
        plain[:1] == "!"
        and ours.startswith("! OverflowError: timestamp")
        or (plain.startswith("! OverflowError") and ours.startswith("! OverflowError"))
    )


def _no_number(step, before, plain, ours):
    """A timeout that is no number is refused before anything else is looked at."""
    words = "(?:'>' not supported|must be real number|.*cannot be interpreted as an)"
    if not re.match(f"! TypeError: {words}", ours):
        return False
    return "wait" in step and plain[:1] == "!" or "must be real" in ours


def _nan(step, before, plain, ours):
    """A timeout that is no number."""
    given = before if "Barrier" in before else step
    return "nan" in given.lower() and (plain == "blocked" or "Blocked" in plain)


def _wrong_twice(step, before, plain, ours):
    """A method of a barrier's own that is called without its lock."""
    called = re.search(r"\._(?:wait|release|enter|exit|break)\(", step)
    return called is not None and plain[:1] == ours[:1] == "!"


def _restored(step, before, plain, ours):
    """A state that no `_release_save` of the lock has given."""
    return "_acquire_restore(" in before and "blocked" not in (plain, ours)


def _left_waiting(step, before, plain, ours):
    """A waiter that could not give the lock up stays in the standard condition."""
    if "futures." in before and step == "the end":
        # The standard future and its waiter refer to each other.
        return "finalize" in before and not plain
    shown = re.compile(r"(?<='_waiters': )\[.*?\](?=,)")
    if "Waiter" in plain and shown.sub("", plain) == shown.sub("", ours):
        return True
    if "futures." in before and "_waiters" in step:
        refused = plain.isdigit() and ours.isdigit() and int(ours) < int(plain)
        return refused or ("Waiter" in plain and len(ours) < len(plain))
    failed = re.search(
        r"(?:_release_save|_is_owned|_lock|release) = |Condition\(\w", before
    )
    if "Condition" not in before or failed is None or "wait" not in before:
        return False
    if "notify" in step and plain[:1] == "!":
        # Only where there are waiters is the number compared.
        return True
    if "__reduce" in step or "vars(" in step or "__getstate__" in step:
        return "deque([<locked" in plain and "<0 waiters of a condition>" in ours
    if "_waiters" in step:
        return plain.isdigit() and ours.isdigit() and int(ours) < int(plain)
    number = re.compile(r", \d+\)>")
    return number.sub("", plain) == number.sub("", ours)


def _hidden(step, before, plain, ours):
    """A name that is replaced in one of our classes."""
    changed = re.search(r"^(?:del )?type\(\w+\)\.\w+(?: = |$)", before, re.MULTILINE)
    return changed is not None and "blocked" not in (plain, ours)


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
    Rule("**A timeout that is no number**", _no_number),
    Rule("**`_at_fork_reinit()`**", looks.forks),
    Rule("**`Condition._waiters`**", looks.window),
    Rule("**`Condition._waiters`**", _cycle),
    Rule("**Methods that are replaced from outside**", _replaced),
    Rule("**A lock or condition that is none**", _no_condition),
    Rule("**`Barrier._wait()`**", _wrong_twice),
    Rule("**`RLock._acquire_restore()`**", _restored),
    Rule("**A wait that fails before it begins**", _left_waiting),
    Rule("**A name that is replaced in a class**", _hidden),
)
