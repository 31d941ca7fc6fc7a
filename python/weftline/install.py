"""`install()`: weftline in the place of the standard library's classes, for the whole process.

The table below says which name of which standard module becomes what. Every slot is filled in place and remembered, so
`uninstall()` puts the very same objects back. A module that took a name by `from threading import Event` before
`install()` keeps what it took, and one that takes it afterwards keeps ours: both go on working, side by side.

What stays the standard library's:

- `threading.Thread`: a thread's life is told between this class and the interpreter's C code, and those who watch threads look into it.
- `threading.RLock` and `threading._RLock`. The first is a Python function that looks `_CRLock` up whenever it is called, so
  it makes our RLock, for those too who imported it before; the second is the pure Python RLock that few ask for by name.
- The locks with which the interpreter itself follows a thread's life: `Thread._tstate_lock`, `_thread._set_sentinel`,
  `_thread._ThreadHandle`. Their other end is in C.
- `concurrent.futures.Executor` and the process pool, but for one lock of its own (`_futures/process.py`). Our ThreadPoolExecutor is a subclass of
  the standard one, so that it is an instance of what others have taken by name.
- Every object that exists already, such as the import system's locks and logging's module lock.
- `tempfile._allocate_lock`, `_strptime._thread_allocate_lock`, `_pyio.Lock`: their modules use them once, when they are imported.
"""

import importlib
import os
import sys
import threading

from weftline import children
from weftline._names import QUEUE, THREAD, THREADING
from weftline._on_import import when_imported
from weftline._spellings import FUNCTIONS

# A slot is filled where the running version has it. The modules after the first four took their names when they were
# imported; they matter because they make locks and queues for as long as the program runs.
_SLOTS = {
    "_thread": THREAD,
    "threading": THREADING,
    "_queue": QUEUE,
    "queue": QUEUE,
    "functools": THREAD,
    "multiprocessing.dummy": THREADING | QUEUE,
    "multiprocessing.dummy.connection": QUEUE,
}

# Standard modules that are filled when they are imported, each with the module of ours that has the names for it. The package
# around them takes names from them, some when it is imported and some when they are first asked for.
_LATER = {
    "concurrent.futures._base": "weftline._futures.waiting",
    "concurrent.futures.thread": "weftline._futures.pool",
}

_ABSENT = object()

# Those of the modules in `_EDITS` that are edited whenever they are imported.
_awaited: set[str] = set()

# What each filled slot held before, as (module or class, name, object, ours); empty while nothing is installed.
_replaced: list[tuple] = []

# Reentrant, because a destructor or a signal handler may run inside `install()` and call it. A fork waits for it, so that no
# child starts half installed.
_guard = threading.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_guard.acquire,
        after_in_parent=_guard.release,
        after_in_child=_guard.release,
    )


def install():
    """Puts weftline in the place of the standard library's threading, queue and concurrent.futures classes, in this process.

    Call it early: what other modules have taken by name before, they keep. Calling it again does nothing. Children made by `fork`
    have it too, and so have those that multiprocessing starts from then on, by whatever method; other programs that are started have not.

    Raises RuntimeError, and changes nothing, if gevent or eventlet has patched `threading` in this process. One that patches later
    replaces some of our classes and not others, and then a wait in one of ours stops all green threads: use one or the other.
    """
    with _guard:
        if _replaced:
            return
        _refuse_beside_green_threads()
        for module_name, ours in _SLOTS.items():
            module = sys.modules.get(module_name)
            for name, value in ours.items():
                if hasattr(module, name):
                    _fill(module, name, value)
        for module_name, edit in _EDITS.items():
            if module_name not in _awaited:
                _awaited.add(module_name)
                when_imported(module_name, edit)
            elif module_name in sys.modules:
                edit(sys.modules[module_name])
        for name, function in FUNCTIONS.items():
            _fill(threading, name, function)
        queue = sys.modules["queue"]
        if not hasattr(queue, "ShutDown"):
            _fill(queue, "ShutDown", QUEUE["ShutDown"])
            _fill(queue, "__all__", [*queue.__all__, "ShutDown"])


def uninstall():
    """Undoes `install()`: every name holds again the very object that it held before. Does nothing if not installed.

    A name that somebody else has changed since is left as it is. Objects made in the meantime go on working.
    """
    with _guard:
        while _replaced:
            module, name, before, ours = _replaced.pop()
            if getattr(module, name, _ABSENT) is not ours:
                continue
            if before is _ABSENT:
                delattr(module, name)
            else:
                _exchange(module, name, ours, before)


def installed():
    """Whether weftline stands in the place of the standard classes in this process."""
    return bool(_replaced)


def _fill(module, name, ours):
    before = getattr(module, name, _ABSENT)
    _replaced.append((module, name, before, ours))
    _exchange(module, name, before, ours)


def _exchange(module, name, before, after):
    """Puts `after` in the place of `before` in the module, and in its package if that has taken it from there."""
    setattr(module, name, after)
    package = sys.modules.get(module.__name__.rpartition(".")[0])
    if module.__name__ in _LATER and vars(package).get(name) is before:
        setattr(package, name, after)


def _fill_later(module):
    """Fills a module that has just been imported, if weftline is installed."""
    ours = importlib.import_module(_LATER[module.__name__])
    with _guard:
        if _replaced:
            # Nothing yet if it is ours that is importing the module; it has it edited again.
            for name, value in getattr(ours, "NAMES", {}).items():
                if getattr(module, name) is not value:
                    _fill(module, name, value)


def _let_children_follow(module):
    """Has a module of multiprocessing's, which has just been imported, start children on weftline, if that is installed here."""
    name, around = children.STARTERS[module.__name__]
    with _guard:
        if _replaced:
            _fill(module, name, around(getattr(module, name)))


def _let_pools_end(module):
    """Gives the pool of processes, which has just been imported, a lock that it lacks in some versions, if weftline is installed."""
    ours = importlib.import_module("weftline._futures.process")
    with _guard:
        if _replaced:
            for owner, name, value in ours.edits():
                _fill(owner, name, value)


_EDITS = (
    dict.fromkeys(_LATER, _fill_later)
    | dict.fromkeys(children.STARTERS, _let_children_follow)
    | {"concurrent.futures.process": _let_pools_end}
)
"""What is done to a module once it is imported, or at once if it has been."""


def _refuse_beside_green_threads():
    """Raises RuntimeError if threads are green threads here: a lock of ours would stop all of them, not the one that waits."""
    for library, is_patched in (
        ("gevent", _gevent_is_patched),
        ("eventlet", _eventlet_is_patched),
    ):
        if is_patched():
            raise RuntimeError(
                f"weftline cannot be installed: {library} has monkey-patched threading in this process, and a weftline lock "
                f"would block all of its green threads at once. Leave out either {library}'s monkey patching of threads and "
                "queues or weftline.install(); weftline.threading and weftline.queue can still be imported by name, for "
                "use between real threads"
            )


def _gevent_is_patched():
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and any(
        map(monkey.is_module_patched, ("_thread", "threading", "queue"))
    )


def _eventlet_is_patched():
    patcher = sys.modules.get("eventlet.patcher")
    return patcher is not None and patcher.is_monkey_patched("thread")
