"""Rules for steps that wait, or are refused a wait. `allowed.py` has their entries."""

import re
import sys


def parties(step, before, plain, ours):
    return "parties must be" in ours


def release_save(step, before, plain, ours):
    own = r"type\(\w+\)\._(?:release_save|acquire_restore|is_owned)\("
    if re.match(own, step) and "Condition" in before:
        return "blocked" not in (plain, ours)
    return "_release_save" in before and "un-acquired lock" in ours


def pending(step, before, plain, ours):
    if "Timer" not in before:
        return False
    if "copy" in before and re.search(r"join|is_alive", step):
        return True
    if "join" in before and sys.version_info < (3, 13):
        # It counts as ended, before it has called anything.
        failed = "!" in (plain[:1], ours[:1]) and "join" not in step
        for name in re.findall(r"(\.\w+) = \w+\.join$", before, re.MULTILINE):
            step = step.replace(f"{name}(", ".join(")
        if re.search(r"join|is_alive|is_set|copy|repr|str|f'", step) and not failed:
            return True
        alive = re.compile(r"(?:started|stopped) ?\d*(?=\))")
        if alive.sub("", plain) == alive.sub("", ours):
            return True
    if re.match(r"type\(\w+\)\.is_alive\(", step) and "!" in (plain[:1], ours[:1]):
        # The method reads other attributes of its argument.
        return True
    if ".run()" in before and step == "the end" and "started once" in plain:
        # `run()` ends the timer that its function has started.
        return True
    if re.search(r"\.start\(\)$|^joined\(", step) and ".daemon = " in before:
        return plain == "blocked"
    if "__init__(" in before and step.startswith("gone("):
        return (plain, ours) == ("False", "True")
    if "__init__(" in before and "enumerate" in step:
        return (plain, ours) == ("True", "False")
    if re.search(r"cancel|finished\.set", before):
        if ".finished = " in before and re.search(r"\brun\(", step):
            # The standard thread, when it ends, sets the new `finished`.
            return (plain, ours) == ("None", "blocked")
        # The standard thread needs a moment to end.
        if step.startswith("gone("):
            return (plain, ours) == ("False", "True")
        if step == "the end" and re.search(r" = \w+\.start$", before, re.MULTILINE):
            # Started by another name, so no step waits for it, and `cancel()` comes before a thread
            # has called the function.
            events = iter(plain.split())
            if all(word in events for word in ours.split()):
                return True
        if step == "the end" and "finished" in before and "uncaught" in plain:
            # The timer then reads another `finished`.
            kinds = r"\w+" if ".finished = " in before else "AttributeError"
            late = re.compile(rf"(?:^events:)? uncaught {kinds}: .*$")
            return late.sub("", plain) == ours
        if re.search(r"is_alive|enumerate", step):
            fails = "._started = " in before and plain[:1] == "!"
            return ours == "False" and (plain == "True" or fails)
        if step == "the end" and "copy" in before:
            # The copy has the same `finished`, which ends both.
            noted = re.compile(r"(?:^(?:events|at the end):)? note\d+")
            return noted.sub("", plain) == noted.sub("", ours)
        number = re.compile(r"(?<=stopped) \d*(?=\))|(?<=daemon) \d*(?=\))")
        ended = (
            number.sub("", said.replace("started", "stopped")) for said in (plain, ours)
        )
        if next(ended) == next(ended):
            return True
    if "__class__ = " in before and "no attribute '_withdraw'" in ours:
        return True
    if step == "the end" and ".name" in before:
        # The number in a name counts the threads, of which the standard side has more.
        noted = re.compile(r"(?<=note)\d+")
        if noted.sub("", plain) == noted.sub("", ours):
            return True
    if re.search(r"\.ident\b|native_id", before) and ("None" in ours):
        return True
    number = re.compile(
        r"(?:(?<=initial)|(?<=started)|(?<=stopped)|(?<=daemon)) ?\d*(?=\))"
    )
    if number.sub("", plain) == number.sub("", ours):
        return True
    return re.search(r"ident|native_id", step) is not None


def large(step, before, plain, ours):
    loops = plain == "blocked" and "2**" in step
    for name in re.findall(r"(\.\w+) = \w+\.release$", before, re.MULTILINE):
        step = step.replace(f"{name}(", ".release(")
    if "release(" in step and sys.version_info < (3, 12):
        # The number of calls of the program's own lock.
        asked = re.compile(r"( acquire\(False,\))+")
        if asked.sub(" asked", plain) == asked.sub(" asked", ours):
            return True
    if "OverflowError: int too big" in ours and "release" in before:
        return True
    if "release(" in step and plain.startswith("! TypeError: "):
        operands = r"'\w+'(?= and '|$| [\w(])|\"\w+\"|concat \w+"
        return re.sub(operands, "", plain) == re.sub(operands, "", ours)
    return "release(" in step and loops


def foreign(step, before, plain, ours):
    """The attributes of a program's lock that are read, and the moments of the reads."""
    if "Condition" not in before or "blocked" in (plain, ours):
        return False
    if "deepcopy(" in step and "'_thread.lock'" in plain:
        # Methods of a standard semaphore or condition are copied with it.
        return ours[:1] != "!" and "Condition" in before
    taken = r"_release_save|_acquire_restore|_is_owned"
    if re.search(taken, before) and "no attribute '_lock'" in ours:
        return True
    kept = rf"\.(?:{taken}) = \w+\.(?:{taken})$"
    if (
        re.search(kept, before, re.MULTILINE)
        and "_lock = " in before
        and ours[:1] == "!"
    ):
        # A method that was read before goes on with the lock of its condition.
        return re.search(taken, step) is not None
    if re.match(r"type\(", step) and re.search(taken, step):
        return "method" in ours
    if re.search(rf"\.(?:{taken})\.__\w+__$", step) and ours[:1] != "!":
        # The lock's method, which it may make up, has no such attribute, or another one.
        return True
    if "inspect." in step and re.search(taken, step):
        return "!" not in (plain[:1], ours[:1])
    if re.match(rf"type\(\w+\)\.(?:{taken})\(", step) and plain[:1] != "!":
        return ours[:1] != "!"
    if re.search(r"Condition\(|S[ab]\(|_lock = ", before) and re.search(taken, step):
        # In the standard condition the lock's methods replace the condition's.
        if re.search(r"TypeError: .* (?:takes|got an unexpected keyword) ", ours):
            return True
        return ours.startswith(("<callable", "True", "False", "None")) or (
            plain[:1] == ours[:1] == "!"
        )
    if "_lock = " in before and "get _is_owned" in ours:
        return True
    of = re.compile(rf"({taken}) of \S+ object")
    if of.sub(r"\1", plain) == of.sub(r"\1", ours):
        return True
    if re.search(rf"= \w+\.(?:{taken})$", before, re.MULTILINE):
        # Kept as another attribute.
        kept = rf"Called\(\w*\)|<built-in method (?:{taken}) of Condition object at >"
        if re.sub(kept, "", plain) == re.sub(kept, "", ours):
            return True
        # It refers to the condition that keeps it, and not to the lock.
        freed = re.sub(r" note\d+|^at the end: note\d+$", "", plain)
        if re.match(r"del \w+$|the end$", step) and freed == ours:
            return True
    reads = rf" get (?:acquire|release|locked|{taken})\b"
    if "def __setattr__" in before:
        reads += r"| set\b"
    if "Attributes(" in before:
        reads += r"| call\b"
    return re.sub(reads, "", plain) == re.sub(reads, "", ours)


def parties_before_313(step, before, plain, ours):
    """A number of parties of a type that is no number."""
    made = re.search(r"Barrier\(|S[ab]\(|__init__\(", step)
    return (
        sys.version_info < (3, 13)
        and made is not None
        and not plain.startswith("!")
        and ("'<' not supported" in ours or " lt" in ours or "Order(" in step)
    )


def itself(step, before, plain, ours):
    """A thread that deadlocks with itself."""
    inside = (
        r"_cond\.acquire|inside\(\w+\._cond|_condition = |\.mutex = |'mutex', "
        r"|\._\w+ = .*\b\w+\.(?:abort|reset|wait|set|clear|acquire|release|shutdown|put|get"
        r"|get_nowait|put_nowait|qsize|join|task_done|full|empty)\b"
    )
    if "blocked" in plain.lower():
        return re.search(inside, before) is not None
    # The standard barrier's wait has deadlocked before, in another state.
    method = r"\._(?:enter|release|wait|exit|break) = \w+\.(?:reset|abort|wait)\b"
    asks = re.search(r"\.(?:broken|n_waiting|_state|_count)\b", step)
    return asks is not None and re.search(method, before) is not None


def no_condition(step, before, plain, ours):
    """A `_cond` that cannot be used as a condition fails on both sides."""
    sets_condition = re.search(
        r"_cond(?:ition)? = |_lock = |'_cond(?:ition)?', |\.(?:mutex|not_|all_tasks)\w* = "
        r"|Condition\((?!\)|None|threading\.R?Lock\(\)\))|__init__\(\S",
        before,
    )
    if sets_condition is None:
        return False
    if "Semaphore" in before and ours.startswith("False"):
        calls = re.compile(r" (?:acquire|release)\b(?:\([^)]*\))?")
        odd = re.compile(r" (?:bool|len|index|float|lt|gt|eq|hash)\b")
        said = (odd.sub("", calls.sub("", said)) for said in (plain, ours))
        if next(said) == next(said):
            return True
    if plain[:1] != "!":
        return False
    if "futures." in step and "_condition = " in before:
        # `futures.wait` does not ask a future that is done for its condition.
        return ours != "blocked"
    # A semaphore does not ask its condition for a wait without any time.
    return ours[:1] == "!" or re.match(r"False|None$", ours) is not None


def overflow(step, before, plain, ours):
    """The timeout may be refused before the release of a lock whose next acquire never succeeds."""
    if ours.startswith("! OverflowError: timestamp"):
        return plain[:1] == "!" or plain == "blocked"
    words = re.compile(r"(?<=OverflowError: )[^)]*")
    return words.sub("", plain) == words.sub("", ours)


def no_number(step, before, plain, ours):
    """A timeout that is no number is refused before any other check."""
    words = "(?:'>' not supported|must be real number|.*cannot be interpreted as an)"
    calls = re.compile(r" (?:acquire|release)\b(?:\([^)]*\))?")
    if step == "the end" and "Condition" in before and ".wait" in before:
        return calls.sub("", plain) == calls.sub("", ours)
    if not re.match(f"! TypeError: {words}|! decimal.InvalidOperation", ours):
        return False
    failed = plain[:1] == "!" or plain == "blocked"
    return "wait" in step and failed or "must be real" in ours


def nan(step, before, plain, ours):
    """A timeout that is no number."""
    source = before if "Barrier" in before else step
    if "nan" in source.lower() and (plain == "blocked" or "Blocked" in plain):
        return True
    # The number of questions to the lock in an endless wait, which an exception ended.
    asked = re.compile(r"\d+")
    waited = re.search(r"wait.*nan", before, re.IGNORECASE)
    return waited is not None and asked.sub("", plain) == asked.sub("", ours)


def nanosecond(step, before, plain, ours):
    """A timeout that ends before the standard queue begins to wait."""
    is_short = re.search(r"\b1e-(?:9|[1-9]\d+)\b", step)
    return "SimpleQueue" in before and is_short is not None and plain == "blocked"


def wrong_twice(step, before, plain, ours):
    """A barrier's internal method that is called without its lock."""
    called = re.search(r"\._(?:wait|release|enter|exit|break)\(", step)
    return called is not None and plain[:1] == ours[:1] == "!"


def restored(step, before, plain, ours):
    """A state that no `_release_save` of the lock has returned."""
    if "OverflowError" in ours and "_acquire_restore(" in step:
        return True
    # No thread then holds the standard lock.
    refused = re.search(r"_acquire_restore\(range\(2\)\)", before)
    return refused is not None and "blocked" not in (plain, ours)


def left_waiting(step, before, plain, ours):
    """A waiter that could not release the lock stays in the standard condition."""
    if "futures." in before and step == "the end":
        # The standard future and its waiter refer to each other.
        return "finalize" in before and not plain
    if "futures.wait(" in before and re.match(r"del \w+$|gone\(", step):
        return re.match(r"\. |True", ours) is not None
    if "futures.wait(" in before and re.search(r"deepcopy\(|pickle\.dumps\(", step):
        # Without its condition, a future has a lock only in the waiter that stays.
        replaced = re.search(
            r"\._condition(?: = |$)|'_condition'", before, re.MULTILINE
        )
        if replaced and "cannot pickle '_thread.lock'" in plain and ours[:1] != "!":
            return True
    shown = re.compile(r"(?<='_waiters': )\[.*?\](?=,)")
    if "Waiter" in plain and shown.sub("", plain) == shown.sub("", ours):
        return True
    waiters = re.compile(r"\[<concurrent\.futures\._base\._\w+Waiter: .*>\]")
    if "futures.wait(" in before and waiters.sub("[]", plain) == ours:
        return True
    locked = re.compile(r"<(?:un)?locked _thread\.RLock object owner=\d* count=\d+")
    if re.search(r"futures\.(?:wait|as_completed)\(", before) and (
        locked.sub("<", plain) == locked.sub("<", ours)
    ):
        return True
    known = step
    for name in re.findall(r"(\.\w+) = \w+\._waiters$", before, re.MULTILINE):
        known = known.replace(name, "._waiters")
    if "futures." in before and "_waiters" in known:
        refused = plain.isdigit() and ours.isdigit() and int(ours) < int(plain)
        return refused or ("Waiter" in plain and len(ours) < len(plain))
    failed = re.search(
        r"(?:_release_save|_acquire_restore|_is_owned|_lock|release)(?: = |', |$)|Condition\(\w",
        before,
        re.MULTILINE,
    )
    if "Condition" not in before or failed is None or "wait" not in before:
        return False
    if ("notify" in step or "notify" in before) and "'>' not supported" in plain:
        # The number is compared only where there are waiters.
        return True
    if "notify" in step and plain[:1] == "!":
        return True
    if "__reduce" in step or "vars(" in step or "__getstate__" in step:
        return "deque([<locked" in plain and "<0 waiters of a condition>" in ours
    if "_waiters" in step:
        if ours == "<threading._waiters: <0 waiters of a condition>>":
            return "deque([<locked" in plain
        return plain.isdigit() and ours.isdigit() and int(ours) < int(plain)
    number = re.compile(r", \d+\)>")
    return number.sub("", plain) == number.sub("", ours)
