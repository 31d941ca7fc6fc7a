"""`install()`: replaces the standard library's classes by weftline's, for the whole process.

The table `_EDITS` lists the edits of each standard module, which are applied when the program
imports it. Every slot is filled in place and remembered, so `uninstall()` puts the very same
objects back. A module that took a name by `from threading import Event` before `install()` keeps
that object, and one that takes it afterwards keeps weftline's. Both continue to work, side by side.

These stay the standard library's:

- `threading.Thread`: this class and the interpreter's C code together implement a thread's life,
  and tools that observe threads read it.
- `threading.RLock` and `threading._RLock`. The first is a Python function that looks `_CRLock` up
  on every call, so it creates weftline's RLock, even for modules that imported it before. The
  second is the pure Python RLock, which few programs use by name.
- The locks with which the interpreter itself follows a thread's life: `Thread._tstate_lock`,
  `_thread._set_sentinel`, `_thread._ThreadHandle`. Their other end is in C.
- `concurrent.futures.Executor` and the process pool, except for one lock of its own
  (`_futures/process.py`). weftline's ThreadPoolExecutor is a subclass of the standard one, so it is
  an instance of the class that other modules have taken by name.
- Every object that exists already, such as the import system's locks and logging's module lock.
- `tempfile._allocate_lock`, `_strptime._thread_allocate_lock`, `_pyio.Lock`: their modules use them
  once, when they are imported.
"""

import _signal
import _thread
import os
import sys

from weftline import _weftline
from weftline._names import THREAD
from weftline._on_import import when_imported

_ABSENT = object()

# The modules in `_EDITS` that are edited when they are imported.
_awaited: set[str] = set()

# The earlier value of each filled slot, as (module or class, name, object, ours); empty while
# nothing is installed.
_replaced: list[tuple] = []

# Reentrant, because a destructor or a signal handler may run inside `install()` and call it. A fork
# waits for it, so that no child starts half installed.
_guard = _thread.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_guard.acquire,
        after_in_parent=_guard.release,
        after_in_child=_guard.release,
    )


def install():
    """Replaces the standard library's threading, queue and concurrent.futures classes by
    weftline's, in this process.

    Call it early: modules that have taken a name before keep the standard object. Calling it again
    does nothing. Children created by `fork` inherit it, and children that multiprocessing starts
    from then on get it, with every start method. Other programs that are started do not.

    Does nothing if the environment has `WEFTLINE=0`, which switches weftline off for one run of a
    program.

    Raises RuntimeError, and changes nothing, if gevent or eventlet has patched `threading` in this
    process. A library that patches later replaces some of weftline's classes and not others. Then a
    wait in one of weftline's stops all green threads: use one or the other.
    """
    if os.environ.get("WEFTLINE") == "0":
        return
    with _guard:
        if _replaced:
            return
        _refuse_beside_green_threads()
        _fill_names(_thread, THREAD)
        # Why it cannot answer, `weftline doctor` tells. A program does without.
        _weftline._answer()
        if _weftline._watches_lock_order():
            from weftline import _lock_order

            _lock_order.suppress_of_project()
        if _weftline._answers():
            _fill(_signal, "signal", _weftline._giving_way(_signal.signal))
        for module_name, edit in _EDITS.items():
            if module_name not in _awaited:
                _awaited.add(module_name)
                when_imported(module_name, edit, _StandardThread())
            elif module_name in sys.modules:
                edit(sys.modules[module_name])


def uninstall():
    """Undoes `install()`: every name refers again to the very object from before. Does nothing if
    not installed.

    A name that other code has changed since is left as it is. Objects created in the meantime
    continue to work.
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
    """Returns whether weftline replaces the standard classes in this process."""
    return bool(_replaced)


def _fill(module, name, ours):
    before = getattr(module, name, _ABSENT)
    _replaced.append((module, name, before, ours))
    _exchange(module, name, before, ours)


def _exchange(module, name, before, after):
    """Replaces `before` by `after` in the module or class, and in the module's package if that has
    taken it from there.
    """
    setattr(module, name, after)
    package = sys.modules.get(module.__name__.rpartition(".")[0])
    if module.__name__.startswith("concurrent.") and vars(package).get(name) is before:
        setattr(package, name, after)


def _fill_names(module, names):
    """Fills the slots that the running version has."""
    for name, value in names.items():
        if hasattr(module, name) and getattr(module, name) is not value:
            _fill(module, name, value)


def _once(names):
    """Returns an edit that puts `names(module)` into the first module of its name, and into no
    other copy that a program creates.

    A module of the program with the same name is left alone.
    """

    def edit(module):
        if not _replaced or _SIGNS[module.__name__] not in vars(module):
            return
        present, added = names(module)
        with _guard:
            filled = {owner.__name__ for owner, *_ in _replaced}
            if filled and module.__name__ not in filled:
                _fill_names(module, present)
                for name, value in added.items():
                    _fill(module, name, value)
                if module.__name__ == "queue" and "_queue" in sys.modules:
                    _fill_names(sys.modules["_queue"], present)

    return edit


def _both(first, second):
    """Returns an edit that is two."""

    def edit(module):
        first(module)
        second(module)

    return edit


# A private name that distinguishes the standard module from a module of the program.
_SIGNS = {
    "functools": "_make_key",
    "multiprocessing.dummy": "DummyProcess",
    "multiprocessing.dummy.connection": "Listener",
    "queue": "_PySimpleQueue",
    "threading": "_MainThread",
}


def _for_functools(module):
    return THREAD, {}


def _for_threading(module):
    from weftline._names import of_threading
    from weftline._spellings import FUNCTIONS

    return of_threading(), FUNCTIONS


def _let_joins_show(module):
    """Fills `Thread.join`, when `threading` is imported, if weftline is installed."""
    if not _replaced or _SIGNS[module.__name__] not in vars(module):
        return
    from weftline import _join

    with _guard:
        if _replaced and module.Thread.join is _join._standard_join:
            _fill(module.Thread, "join", _join.join)


def _for_queue(module):
    from weftline._names import of_queue

    names, added = of_queue(), {}
    if not hasattr(module, "ShutDown"):
        added = {
            "ShutDown": names["ShutDown"],
            "__all__": [*module.__all__, "ShutDown"],
        }
    return names, added


def _for_dummy(module):
    from weftline._names import of_queue, of_threading

    return of_threading() | of_queue(), {}


class _StandardThread:
    """A context in which `_thread` has its own names again.

    Modules that take names from there are imported in it. They begin as if they had been imported
    before weftline was installed, and `uninstall()` finds their earlier values.
    """

    _entered = 0

    def __enter__(self):
        self._set(+1)

    def __exit__(self, *_):
        self._set(-1)

    @classmethod
    def _set(cls, change):
        with _guard:
            cls._entered += change
            for module, name, before, ours in _replaced:
                if module is _thread:
                    setattr(module, name, before if cls._entered else ours)


def _edit_the_c_queue(module):
    """Imports `queue`, which takes its `SimpleQueue` from this module in C, so that both are filled
    together.
    """
    if _replaced:
        import queue  # noqa: F401


def _edit_futures(module):
    """Fills a just imported part of `concurrent.futures`, if weftline is installed."""
    if module.__name__ == "concurrent.futures._base":
        from weftline._futures import waiting as ours
    else:
        from weftline._futures import pool as ours
    with _guard:
        if _replaced:
            # Empty if weftline's own part is importing the module; it has the module edited again.
            _fill_names(module, getattr(ours, "NAMES", {}))


def _let_children_follow(module):
    """Makes a module of multiprocessing, which has just been imported, start children on weftline,
    if that is installed here.
    """
    from weftline import children

    with _guard:
        if _replaced:
            for name, around in children.STARTERS[module.__name__].items():
                _fill(module, name, around(getattr(module, name)))


def _let_pools_end(module):
    """Gives the pool of processes, which has just been imported, a lock that it lacks in some
    versions, if weftline is installed.
    """
    from weftline._futures import process as ours

    with _guard:
        if _replaced:
            for owner, name, value in ours.edits():
                _fill(owner, name, value)


_EDITS = {
    "threading": _both(_once(_for_threading), _let_joins_show),
    "queue": _once(_for_queue),
    "_queue": _edit_the_c_queue,
    # These take their names when they are imported, and create locks and queues as long as the
    # program runs.
    "functools": _once(_for_functools),
    "multiprocessing.dummy": _once(_for_dummy),
    "multiprocessing.dummy.connection": _once(_for_dummy),
    # The package around them takes names from them, some when it is imported and some on first use.
    "concurrent.futures._base": _edit_futures,
    "concurrent.futures.thread": _edit_futures,
    "concurrent.futures.process": _let_pools_end,
    "multiprocessing.spawn": _let_children_follow,
    "multiprocessing.util": _let_children_follow,
}
"""The edit of each module, applied when it is imported, or immediately if it has been.

Most programs import few of them, and importing takes time: so each edit imports the modules that it
needs by itself. It does so by name, for tools that collect a program's imports.
"""


def _refuse_beside_green_threads():
    """Raises RuntimeError if threads are green threads here: a lock of weftline would stop all of
    them, not only the waiter.
    """
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
