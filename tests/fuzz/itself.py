"""Programs in which an attribute of an object is the object itself, or one of its own methods.

Each call may then come back to itself through any other. None may overflow the stack.
"""

from fuzz.generate import Program

_READS = (
    "repr({v})",
    "{v} == {v}",
    "hash({v}) and 0",
    "bool({v})",
    "copy.copy({v}) and 0",
)
_MADE = {"threading.Barrier": "1", "threading.Timer": "0, note"}
_GIVEN = {
    **dict.fromkeys(("put", "put_nowait", "_put", "_init", "set_result"), "0"),
    **dict.fromkeys(("wait", "_wait", "_acquire_restore"), "0"),
    **dict.fromkeys(("acquire", "get", "__enter__"), "False"),
    **dict.fromkeys(("submit", "add_done_callback"), "note"),
    "map": "note, [1]",
    "wait_for": "note, 0",
    "set_exception": "Own()",
    "__exit__": "None, None, None",
}
_ENDLESS = {"__init__", "start", "join"}
"""Methods that make the object anew, or wait for threads."""


def programs(kind):
    """All of them for one class, and for a class that is derived from it."""
    names = [*dict.fromkeys((*kind.names, *kind.methods, "__dict__", "__class__"))]
    methods = [name for name in kind.methods if name not in _ENDLESS]
    values = ["a", "[a]", "type(a)", *(f"a.{name}" for name in methods)]
    calls = [f"a.{name}({_GIVEN.get(name, '')}) and 0" for name in methods]
    reads = [step.replace("{v}", "a") for step in _READS]
    for derived in (False, True) if kind.base else (False,):
        head = [f"class Sa({kind.cls}): pass"] if derived else []
        head.append(f"a = {'Sa' if derived else kind.cls}({_MADE.get(kind.cls, '')})")
        for name in names:
            for value in values:
                steps = (*head, f"a.{name} = {value}", *calls, *reads)
                yield Program(steps, kind.threaded)
