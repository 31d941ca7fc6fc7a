"""Rules for steps that look at objects: signatures, names, memory, `__dict__`, copies. `allowed.py` has their entries."""

import re


def docstrings(step, before, plain, ours):
    return "__doc__" in step or "getdoc" in step


def looks(step, before, plain, ours):
    """Steps that look at a class or a method, and answer without changing anything."""
    if "blocked" in (plain, ours) or _events(plain) != _events(ours):
        return False
    if re.search(r"inspect\.(signature|getfullargspec)\(", step):
        if step.startswith("inspect.signature(type(") and "(*_args, **_kwargs)" in ours:
            return plain == "<inspect.Signature: <Signature ()>>"
        return _signature(plain) == _signature(ours) or "no signature found" in plain
    if "inspect.isfunction(" in step or "inspect.ismethod(" in step:
        return (plain, ours) == ("True", "False")
    if "__qualname__" in step:
        return plain.rpartition(".")[2] == ours.rpartition(".")[2]
    if re.search(r"\bdir\(", step):
        return _listed(plain) <= _listed(ours) or plain == "[]"
    if re.match(r"(del )?type\(\w+\)\.\w+$", step):
        return "has no attribute" in plain and not ours.startswith("!")
    if step.startswith(("type(", "inspect.getattr_static")):
        return _kinds(plain) == _kinds(ours) or {plain, ours} == {"True", "False"}
    if "built-in method" in ours:
        # That of a function written in Python shows its object, too.
        return "bound method" in plain or "RecursionError" in plain
    return "!" in plain and _kinds(plain) == _kinds(ours)


_EVENTS = re.compile(r"(?: (?:bool|len|index|float|lt|gt|eq|hash|set))+$")


def _events(said):
    """What odd objects were asked in the step, as it stands at its end."""
    found = _EVENTS.search(said)
    return found.group() if found else ""


def _signature(said):
    """A signature without positional markers, and without what ours take beyond the standard ones."""
    for extra in (r"self, /", r", /", r", buffersize=None", r", \*, context=False"):
        said = re.sub(extra, "self" if extra.startswith("self") else "", said)
    said = re.sub(r"\b_(type|value|traceback)=None", "", said)
    return re.sub(
        r"'(buffersize|context)'(: (None|False))?(, )?|\*exc_info|[ ,]", "", said
    )


_KINDS = re.compile(
    r"\b(?:builtin_function_or_method|builtin_method|method_descriptor|method-wrapper"
    r"|wrapper_descriptor|getset_descriptor|function|method|property|_?_?attribute)\b"
)


def _kinds(said):
    """What a step answered, with all kinds of methods and descriptors alike."""
    return _KINDS.sub("method", said)


def _listed(said):
    return set(re.findall(r"'(\w+)'", said))


def layout(step, before, plain, ours):
    texts = ("is not safe", "layout differs", "is not a subtype of", "cannot create")
    looked = "__new__(" in step or "__class__ =" in step
    return looked and ours.startswith("! TypeError") and any(t in ours for t in texts)


def order(step, before, plain, ours):
    """The same content of a dictionary in another order."""
    shown = re.search(r"vars\(|__dict__|__getstate__|__reduce", step)
    return bool(shown) and "{" in plain and _parts(plain) == _parts(ours)


def _parts(said):
    return sorted(re.split(r", |: (?=<)|[{}()]+", said))


def reduced(step, before, plain, ours):
    if "pickle.dumps(" in step:
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
    """What a `__setattr__` of the program's sees during `__init__` or a method."""
    if "def __setattr__" not in before:
        return False
    return re.sub(r"( |^)set\b", "", plain) == re.sub(r"( |^)set\b", "", ours)


def timer(step, before, plain, ours):
    """The names that a timer has beside the standard ones."""
    if "Timer" not in before or "blocked" in (plain, ours):
        return False
    if re.search(r"vars\(|__dict__|__getstate__|__reduce|\bdir\(", step):
        return _listed(plain) <= _listed(ours)
    return plain.replace("_initialized", "_pending") == ours


def pool(step, before, plain, ours):
    """The queue in a pool, and the weak reference that the module keeps."""
    if "ThreadPoolExecutor" not in before or "blocked" in (plain, ours):
        return False
    if "_idle_semaphore" in before and re.search(
        r"attribute '(acquire|release)'", plain
    ):
        return True
    if "weakref" in step:
        return plain in ("0", "None") and ours.startswith(("1", "<weakref"))
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
    """The classes that ours have between themselves and the standard ones."""
    if "__bases__" in step:
        return ours in (f"({_POOL})", f"({_FUTURE_BASE}, {_FUTURE})")
    ours = ours.replace(f"{_FUTURE_BASE}, ", "")
    for standard in (_POOL, _FUTURE):
        ours = ours.replace(f"{standard}, {standard}", standard)
    return re.search(r"__mro__|\.mro\(\)", step) is not None and plain == ours


def called_back(step, before, plain, ours):
    """What was called back is looked at or counted once the future is done."""
    done = re.search(r"\.(?:set_result|set_exception|cancel|submit)\(", before)
    if not done or not re.match(r"(?:len\()?\w+\._done_callbacks\)?$", step):
        return False
    return (plain[0] == "[" and ours == "[]") or (plain.isdigit() and ours == "0")


def window(step, before, plain, ours):
    """What the waiters of a condition are shown as, by a condition that stands in its own parts."""
    window = "<threading._waiters: <0 waiters of a condition>>"
    return (
        window in ours
        and ours.replace(window, "<collections.deque: deque([])>") == plain
    )


def forks(step, before, plain, ours):
    return "_at_fork_reinit" in step and "no attribute '_at_fork_reinit'" in plain
