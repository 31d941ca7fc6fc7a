"""Rules for steps that inspect objects: signatures, names, memory, `__dict__`, copies. `allowed.py`
has their entries.
"""

import re


def docstrings(step, before, plain, ours):
    return "__doc__" in step or "getdoc" in step


def introspected(step, before, plain, ours):
    """Steps that inspect a class or a method, and answer without changing anything."""
    if plain == ours.replace("_Future__get_result", "__get_result"):
        return True
    if "blocked" in (plain, ours) or _events(plain) != _events(ours):
        return False
    if "getfullargspec" in step and "__exit__" in step:
        plainly = plain.startswith("inspect.Full") or "no signature found" in plain
        return plainly and ours.startswith("inspect.Full")
    if re.search(r"inspect\.(signature|getfullargspec)\(", step):
        if step.startswith("inspect.signature(type(") and "(*_args, **_kwargs)" in ours:
            return plain == "<inspect.Signature: <Signature ()>>"
        return _signature(plain) == _signature(ours) or "no signature found" in plain
    if "inspect.isfunction(" in step or "inspect.ismethod(" in step:
        return (plain, ours) == ("True", "False")
    if "__qualname__" in step:
        return plain.rpartition(".")[2] == ours.rpartition(".")[2]
    if re.search(r"\bdir\(", step):
        # `copyreg` leaves its notes in the classes that it has pickled.
        return listed(plain) - {"__slotnames__"} <= listed(ours) or plain == "[]"
    if re.match(r"(del )?type\(\w+\)\.\w+$", step):
        return "has no attribute" in plain and not ours.startswith("!")
    if "RecursionError" in plain and re.match(r"repr|str|f'|.*\.__repr__\(", step):
        return True
    if step.startswith(("type(", "inspect.getattr_static")):
        return _kinds(plain) == _kinds(ours) or {plain, ours} == {"True", "False"}
    if "RecursionError" in plain and "repr raises" in plain and "repr raises" in ours:
        return True
    if "built-in method" in ours:
        # The text of a method written in Python shows its object, too.
        return any(t in plain for t in ("bound method", "RecursionError", "<no text>"))
    if "__self__ is" in step:
        return (plain, ours) == ("False", "True")
    return _kinds(plain) == _kinds(ours)


_EVENTS = re.compile(r"(?: (?:bool|len|index|float|lt|gt|eq|hash|set))+$")


def _events(said):
    """The questions that odd objects were asked in the step, listed at the end of the outcome."""
    found = _EVENTS.search(said)
    return found.group() if found else ""


def _signature(said):
    """A signature without positional markers, and without the parameters that weftline adds."""
    for extra in (r"self, /", r", /", r", buffersize=None", r", \*, context=False"):
        said = re.sub(extra, "self" if extra.startswith("self") else "", said)
    said = re.sub(r"\b_(type|value|traceback)=None", "", said)
    said = re.sub(r"\((?:state|x)\)", "(state)", said).replace("'self'", "")
    said = said.replace("'x'", "'state'")
    said = re.sub(r", \[\], None, \{\}\)$", ", [], {}, {})", said)
    return re.sub(
        r"'(buffersize|context)'(: (None|False))?(, )?|\*exc_info|[ ,]", "", said
    )


_KINDS = re.compile(
    r"\b(?:builtin_function_or_method|builtin_method|method_descriptor|method-wrapper"
    r"|wrapper_descriptor|getset_descriptor|function|method|property|_?_?attribute)\b"
)


def _kinds(said):
    """The answer of a step, with all kinds of methods and descriptors alike."""
    return _KINDS.sub("method", said)


def listed(said):
    return set(re.findall(r"'(\w+)'", said))


def layout(step, before, plain, ours):
    texts = ("is not safe", "layout differs", "is not a subtype of", "cannot create")
    texts += ("is not a type object",)
    changes_layout = "__new__(" in step or "__class__ =" in step
    return (
        changes_layout
        and ours.startswith("! TypeError")
        and any(t in ours for t in texts)
    )


def order(step, before, plain, ours):
    """The same content of a dictionary in another order."""
    refused = re.compile("cannot pickle|Can't pickle|^! _pickle.PicklingError")
    if re.search(r"pickle\.dumps\(|deepcopy\(", step) and refused.search(plain):
        return refused.search(ours) is not None and " = " in before
    shown = re.search(r"vars\(|__dict__|__getstate__|__reduce", step) or (
        "def __setstate__" in before and re.search(r"copy\.|pickle\.", step)
    )
    ours = ours.replace(_WINDOW, "<collections.deque: deque([])>")
    ours = ours.replace("<callable _Future__get_result>", "<callable __get_result>")
    waiters = re.compile(r"(?<='_waiters': )\[.*?\](?=,)")
    called = re.compile(r"(?<='_done_callbacks': )\[.*?\](?=[,}])")
    for listed_in in (waiters, called):
        plain, ours = listed_in.sub("[]", plain), listed_in.sub("[]", ours)
    return bool(shown) and "{" in plain and _parts(plain) == _parts(ours)


_WINDOW = "<threading._waiters: <0 waiters of a condition>>"


def _parts(said):
    return sorted(filter(None, re.split(r"(?:, |: (?=<)|[{}()]+)+", said)))


def reduced(step, before, plain, ours):
    if step == "the end" and re.search(r"pickle\.dumps\(|copy\.", before):
        return plain.replace(" __slots__", "") == ours
    if "pickle.dumps(" in step or "copy." in step:
        if plain.replace(" __slots__", "") == ours:
            return True
        refused = "PicklingError: Can't pickle <class '_thread.lock'>" in plain
        return refused and ours == "! TypeError: cannot pickle 'lock' object"
    reduces = re.search(r"\.__reduce__\(\)|\.__reduce_ex__\((?:0|1|-1|None)\)", step)
    return (
        bool(reduces)
        and plain.startswith("(<callable _reconstructor>, ")
        and (
            ours.startswith(
                ("! TypeError: ", "(<callable __newobj__>, ", "(<callable _recon")
            )
        )
    )


def sets(step, before, plain, ours):
    """The attributes that the program's `__setattr__` sees during `__init__` or a method."""
    if "def __setattr__" not in before:
        return False
    said = (re.sub(r"( |^)set\b|^events:", "", said).strip() for said in (plain, ours))
    return next(said) == next(said)


def timer(step, before, plain, ours):
    """The names of a timer beside the standard ones."""
    if "Timer" not in before or "blocked" in (plain, ours):
        return False
    asked = re.compile(r" (?:get \w+|call|finished)\b")
    if step == "the end" and asked.sub("", plain) == asked.sub("", ours):
        return re.search(r"_started = |type\(|del \w+\.finished", before) is not None
    if step == "the end" and "def __setstate__" in before:
        return plain.startswith("events: ") and ours.startswith("events: ")
    if step.startswith("type(") and plain.startswith("! AttributeError"):
        return ours.startswith("! ")
    if re.search(r"vars\(|__dict__|__getstate__|__reduce|\bdir\(", step):
        return listed(plain) <= listed(ours)
    ours = re.sub(r"'_(?:pending|can_be_pending)'", "'_initialized'", ours)
    ours = re.sub(r"Timer\.(start|join|is_alive)\b", r"Thread.\1", ours)
    return ours.replace("started)", "started )") == plain.replace(
        "started)", "started )"
    )


def pool(step, before, plain, ours):
    """The queue in a pool, and the weak reference that the module keeps."""
    if "ThreadPoolExecutor" not in before:
        return False
    has_initializer = re.search(r"initializer|PoolExecutor\([^\n]*,[^\n]*,", before)
    both_break = "BrokenThreadPool" in plain and "BrokenThreadPool" in ours
    if has_initializer and both_break and step.count("submit(") > 1:
        # The second call comes before the initializer has failed, or after that.
        return True
    if ours == "blocked":
        # No worker is started, as in a standard pool that reaches this point.
        parts = r"_idle_semaphore|_max_workers(?: = |$)|_shutdown = |_shutdown_lock|nan"
        return re.search(parts, before, re.MULTILINE) is not None
    if step.endswith("._shutdown") and "._shutdown = " in before:
        return True
    if "_work_queue.qsize" in step:
        return plain.isdigit() and ours.isdigit()
    if "_idle_semaphore" in before and re.search(
        r"attribute '(acquire|release)'", plain
    ):
        return True
    parts = r"_work_queue|_threads|_idle_semaphore|_shutdown_lock|_max_workers"
    parts += "|_initializer|_initargs|_broken"
    changed = rf"(?:\bdel \w+\.|\w+\.|')(?:{parts})(?: = |$|', )"
    failed = plain == "blocked" or "!" in (plain[:1], ours[:1]) or step == "the end"
    failed = failed or step.startswith("inside(")
    if failed and re.search(changed, before, re.MULTILINE):
        # Each is read at another moment, or not at all.
        return True
    if plain == "blocked":
        return False
    if "weakref" in step:
        if plain.isdigit():
            # The reference of the module, and one for each thread. A call that is submitted while
            # another may run can start one more.
            if not ours.isdigit():
                return False
            calls = len(re.findall(r"\bsubmit\(", before))
            more = abs(int(ours) - 1 - int(plain))
            return more <= max(calls - 1, 0) or "_max_workers = " in before
        return (plain == "None" or "weakref" in plain) and ours.startswith("<weakref")
    if re.search(r"\._initargs = \w+\._threads$", before, re.MULTILINE) and (
        "BrokenThreadPool" in plain or "BrokenThreadPool" in ours
    ):
        # The worker is among the threads before its initializer runs, or only then.
        return True
    initializes = "initializer" in before or "Called(" in before
    if initializes and "BrokenThreadPool" in plain:
        # It may have failed already, or not yet.
        return True
    if "_counter" in before and plain.isdigit() and ours.isdigit():
        # All pools of the process share the counter.
        return True
    # Workers of a pool that breaks come and go.
    busy = re.compile(
        r"(?<=Semaphore at : value=)\d+|(?<='_threads': )set\[.*?\]"
        r"|(?:un)?locked (?=_thread\.lock)"
    )
    plain, ours = (busy.sub("", said) for said in (plain, ours))
    for name in ("concurrent.futures.thread._WorkQueue", "_queue.SimpleQueue"):
        plain, ours = (
            plain.replace(name, "SimpleQueue"),
            ours.replace(name, "SimpleQueue"),
        )
    return plain == ours


_POOL = "<class concurrent.futures.thread.ThreadPoolExecutor>"
_FUTURE = "<class concurrent.futures._base.Future>"
_FUTURE_BASE = "<class concurrent.futures._base._FutureBase>"


def bases(step, before, plain, ours):
    """The classes between weftline's and the standard ones."""
    if "__bases__" in step:
        return ours in (f"({_POOL})", f"({_FUTURE_BASE}, {_FUTURE})")
    ours = ours.replace(f"{_FUTURE_BASE}, ", "")
    for standard in (_POOL, _FUTURE):
        ours = ours.replace(f"{standard}, {standard}", standard)
    return re.search(r"__mro__|\.mro\(\)", step) is not None and plain == ours


def called_back(step, before, plain, ours):
    """The callbacks that have run are read or counted once the future is done."""
    done = re.search(
        r"\.(?:set_result|set_exception|cancel|submit|_invoke_callbacks)\b", before
    )
    again = re.search(r"\.(?:set_result|set_exception|cancel)\(", step)
    if done and again and re.search(r"_state(?: = |', )", before):
        return ours[:1] != "!"
    for name in re.findall(r"(\.\w+) = \w+\._invoke_callbacks$", before, re.MULTILINE):
        step = step.replace(f"{name}(", "._invoke_callbacks(")
    if done and "_invoke_callbacks(" in step:
        # Ours calls those alone that have not run yet. Only a callback raises these exceptions.
        if re.match(r"! (?:KeyboardInterrupt|SystemExit)\b", plain) and ours == "None":
            return True
        # Such a callback has failed, and the log of that fails within.
        if re.match(r"! .* within \(", plain) and ours == "None":
            return True
        called = iter(plain.split())
        return all(word in called for word in ours.split())
    if done and "_done_callbacks" in before and re.match(r"del \w+$", step):
        # The standard future refers to itself through the callbacks that it has called.
        return plain == "." and ours.startswith(plain)
    shown = re.compile(r"(?<='_done_callbacks': )\[.*?\](?=[,}])")
    if done and shown.search(plain) and shown.sub("", plain) == shown.sub("", ours):
        return True
    if done and re.search(r"\._done_callbacks\.(?:remove|pop|index)\(", step):
        return ours[:1] == "!"
    known = step
    for name in re.findall(r"(\.\w+) = \w+\._done_callbacks$", before, re.MULTILINE):
        known = known.replace(name, "._done_callbacks")
    if not done or "_done_callbacks" not in known:
        return False
    if plain[:1] == ours[:1] == "[" and plain.endswith(ours[1:]):
        # Callbacks that were added to the list of a future that is done.
        return True
    return plain.isdigit() and ours.isdigit() and int(ours) < int(plain)


def window(step, before, plain, ours):
    """The text of a condition's waiters, shown by a condition that is one of its own parts."""
    if ours == "<class threading._waiters>":
        return step.startswith("type(")
    if "weakref" in step and "Condition" in before:
        return plain != ours
    if plain == ours.replace("<0 waiters of a condition>", "deque([])"):
        return True
    if "!" in ours[:1] and "threading._waiters" in ours:
        return plain == ours.replace("threading._waiters", "collections.deque")
    return (
        _WINDOW in ours
        and ours.replace(_WINDOW, "<collections.deque: deque([])>") == plain
    )


def forks(step, before, plain, ours):
    return "_at_fork_reinit" in before and "no attribute '_at_fork_reinit'" in plain
