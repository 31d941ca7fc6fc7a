"""Timers and thread-locals."""

import dataclasses

from fuzz.kinds.kind import Kind

_COMMON = (
    *("{v}.cancel()", "{v}.interval", "{v}.function", "{v}.args", "{v}.kwargs") * 2,
    *("{v}.function = {call}", "{v}.args = {odd}"),
    *("{v}.kwargs = {odd}", "{v}.daemon", "{v}.daemon = {daemon}", "{v}.name = {odd}"),
    *("{v}.name = 'n'", "{v}.name", "{v}.getName()", "{v}.isDaemon()", "{v}._target"),
    *("{v}.setDaemon({daemon})", "{v}._args", "{v}.cancel({odd})", "{v}.start({odd})"),
    *("{v}.run = note", "{v}.finished", "{v}.finished = threading.Event()"),
)

_NAMES = (
    *("interval", "function", "args", "kwargs", "finished", "run", "cancel", "name"),
    *("start", "join", "is_alive", "daemon", "ident", "fresh", "_started", "_target"),
)

# A timer that is due immediately. No step reads it between its start and its end, since time would
# decide the result. `joined` waits for its end whatever `join` a program sets.
TIMER = Kind(
    cls="threading.Timer",
    make=(
        *(
            "0, {call}",
            "0.001, {call}",
            "0, {call}, [{item}]",
            "0, {call}, None, {odd}",
        ),
        *("0, note, args={odd}", "0, note, kwargs={odd}", "{odd}, {call}", "0, {odd}"),
        *("interval=0, function={call}", ""),
    ),
    steps=(
        *("joined({v})", "joined({v}, {v}.join, {v}.is_alive)") * 5,
        *("{v}.is_alive()", "{v}.run()") * 2,
        *(
            "joined({v}, lambda: {v}.join(9), {v}.finished.is_set)",
            "{v}.join({timeout})",
        ),
        *("{v}.finished.is_set()", "{v}.finished.set()", "{v}.finished.wait(0)"),
        *("{v}.interval = {timeout}", *_COMMON),
    ),
    seen=(
        "{v}.cancel()",
        "{v}.join(9)",
        "{v}.finished.is_set()",
        "{v}.daemon",
        "{v}.interval",
    ),
    methods=("run", "cancel", "join", "is_alive", "__init__"),
    names=_NAMES,
    threaded=True,
)

FAR_TIMER = dataclasses.replace(
    TIMER,
    make=(
        "{far}, {call}",
        "60, {call}, [{item}]",
        "{far}, {call}",
        "60.0, note, {odd}",
    ),
    steps=(
        *(
            "{v}.start()",
            "{v}.is_alive()",
            "{v}.join(0)",
            "{v} in threading.enumerate()",
        )
        * 3,
        *("{v}.finished.is_set()", "{v}.finished.wait(0)", "{v}.native_id is None"),
        *(
            "{v}.ident is None",
            "{v}._started.is_set()",
            "{v}.finished.set()",
            "{v}._started",
        ),
        *_COMMON,
    ),
    seen=(
        "{v}.cancel()",
        "{v}.join(9)",
        "{v}.finished.is_set()",
        "{v}.daemon",
        "{v}.args",
    ),
    methods=("run", "cancel", "start", "join", "is_alive", "__init__", "__repr__"),
    names=_NAMES[1:],
)

LOCAL = Kind(
    cls="threading.local",
    make=("",) * 4 + ("{odd}",),
    steps=(
        *("{v}.fresh = {odd}", "{v}.fresh", "del {v}.fresh", "{v}.other = {item}") * 3,
        *("{v}.__dict__", "vars({v})", "{v}.__dict__ = {odd}", "{v}.__dict__.clear()"),
        *("{v}.__dict__['x'] = {item}", "{v}.x", "hasattr({v}, 'x')"),
    ),
    seen=("vars({v})",),
    methods=("__init__", "__getattribute__", "__setattr__", "__delattr__", "__repr__"),
    names=("fresh", "x", "__dict__", "other"),
)
