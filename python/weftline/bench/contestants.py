"""The contestants: weftline, the standard library and the installed peers.

A contestant offers classes under the standard names. If a peer spells a method otherwise
(``green_put`` for ``put``), its ``verbs`` list that, and the statements of :mod:`.rows` are written
in its spelling: no adapter is in the measured path.
"""

import _thread
import concurrent.futures.thread
import contextlib
import importlib
import importlib.metadata
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from weftline import _names, _weftline

STANDARD = "standard"
OURS = "weftline"
PEERS = ("aiologic", "culsans", "readerwriterlock", "fasteners")

# Those written in C have another module, and those in Python are not in `_weftline`.
_LOCKING = {"Lock": _weftline.lock, "RLock": _weftline.RLock} | _names.of_module(
    "threading"
)
_THREADING = (*_LOCKING, "Timer", "Thread")
_QUEUE = (
    *(name for name in _names.of_module("queue") if name != "ShutDown"),
    "SimpleQueue",
)
LOCKS = tuple(
    name
    for name, cls in _LOCKING.items()
    if hasattr(cls, "acquire") and not hasattr(cls, "wait")
)
"""The classes that are only acquired and released, which share rows."""
QUEUES = _QUEUE
"""The classes with items, which share rows."""
_FUTURES = ("Future", "ThreadPoolExecutor", "wait", "as_completed")
_ONLY_HERE = ("RWLock",)
"""The classes that the standard library lacks."""


@dataclass(frozen=True)
class Contestant:
    """One implementation: its name, its version, its classes (and a few functions) by their
    standard names, and its spelling of methods.
    """

    name: str
    version: str
    classes: Mapping[str, Callable[..., Any]]
    verbs: Mapping[str, str] = field(default_factory=dict)
    in_place: Callable[[], contextlib.AbstractContextManager[None]] = (
        contextlib.nullcontext
    )
    """Replaces the standard classes by its own for the duration."""

    def make(self, name: str, *arguments: Any) -> Any:
        """A new instance of this contestant's class ``name``."""
        return self.classes[name](*arguments)

    def spell(self, statement: str) -> str:
        """Write ``statement`` with each ``{method}`` in this contestant's spelling."""
        return statement.format_map(_Spelling(self.verbs))


class _Spelling(dict[str, str]):
    """A method that a contestant does not rename keeps its standard name."""

    def __missing__(self, verb: str) -> str:
        return verb


class NotTheStandardLibrary(RuntimeError):
    """``threading``, ``queue`` or ``concurrent.futures`` has been patched: a ratio against it would
    be meaningless.
    """


@contextlib.contextmanager
def unpatched() -> Iterator[None]:
    """Restore the standard modules' own classes for the duration, if weftline is installed over
    them.
    """
    weftline = importlib.import_module("weftline")
    if not weftline.installed():
        yield
        return
    weftline.uninstall()
    try:
        yield
    finally:
        weftline.install()


@contextlib.contextmanager
def _installed() -> Iterator[None]:
    """Install weftline for the duration, inside `unpatched`."""
    weftline = importlib.import_module("weftline")
    weftline.install()
    try:
        yield
    finally:
        weftline.uninstall()


def standard() -> Contestant:
    """The standard library's own classes. Raises `NotTheStandardLibrary` if they are not the
    interpreter's.
    """
    classes = {name: getattr(threading, name) for name in _THREADING}
    classes |= {name: getattr(queue, name) for name in _QUEUE}
    classes |= {name: getattr(concurrent.futures, name) for name in _FUTURES}
    for name, cls in classes.items():
        if not _is_standard(name, cls):
            raise NotTheStandardLibrary(
                f"{cls.__module__}.{name} has been replaced: run the benchmark without patches"
            )
    return Contestant(STANDARD, sys.version.split()[0], classes)


def _is_standard(name: str, cls: Callable[..., Any]) -> bool:
    """Whether ``cls`` creates a built-in of the interpreter, or is Python code of the standard
    module's own file.
    """
    if name in _FUTURES:
        code = getattr(cls, "__code__", None) or getattr(cls.__init__, "__code__", None)
        return code is not None and code.co_filename in (
            concurrent.futures._base.__file__,
            concurrent.futures.thread.__file__,
        )
    created = _class_of(cls)
    if created in (_thread.LockType, _thread.RLock, queue.SimpleQueue):
        return created is not _class_of(_ours(name))
    code = getattr(created.__init__, "__code__", None)
    return code is not None and code.co_filename in (threading.__file__, queue.__file__)


def _class_of(cls: Callable[..., Any]) -> type:
    """The class itself, also if the name is a function that creates instances."""
    return cls if isinstance(cls, type) else type(cls())


def _ours(name: str) -> Callable[..., Any]:
    homes = {
        _THREADING: "weftline.threading",
        _QUEUE: "weftline.queue",
        _FUTURES: "weftline.concurrent.futures",
        _ONLY_HERE: "weftline",
    }
    home = next(module for names, module in homes.items() if name in names)
    return getattr(importlib.import_module(home), name)  # type: ignore[no-any-return]


def ours() -> Contestant:
    """weftline's classes."""
    version = importlib.metadata.version("weftline")
    names = _THREADING + _QUEUE + _FUTURES + _ONLY_HERE
    classes = {name: _ours(name) for name in names}
    return Contestant(OURS, version, classes, in_place=_installed)


def peers() -> list[Contestant]:
    """The installed peers. An absent one is no error: its rows say so."""
    found = []
    enter = (_aiologic, _culsans, _readerwriterlock, _fasteners)
    for name, contestant in zip(PEERS, enter, strict=True):
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        found.append(contestant(module, importlib.metadata.version(name)))
    return found


def _aiologic(module: Any, version: str) -> Contestant:
    classes = {
        name: getattr(module, name)
        for name in _THREADING + _QUEUE
        if hasattr(module, name)
    }
    # Its plain Event and Barrier serve once. The reusable ones, which match the standard library's,
    # begin with an R.
    classes |= {"Event": module.REvent, "Barrier": module.RBarrier}
    verbs = {
        "acquire": "green_acquire",
        "release": "green_release",
        "put": "green_put",
        "get": "green_get",
    }
    return Contestant("aiologic", version, classes, verbs)


def _culsans(module: Any, version: str) -> Contestant:
    classes = {name: getattr(module, name) for name in _QUEUE if hasattr(module, name)}
    return Contestant(
        "culsans", version, classes, {"put": "sync_put", "get": "sync_get"}
    )


def _readerwriterlock(_: Any, version: str) -> Contestant:
    rwlock = importlib.import_module("readerwriterlock.rwlock")
    # Of its locks the one that is fair in phases, as weftline's is.
    classes = {"RWLock": rwlock.RWLockFair}
    return Contestant(
        "readerwriterlock",
        version,
        classes,
        {"read": "gen_rlock", "write": "gen_wlock"},
    )


def _fasteners(module: Any, version: str) -> Contestant:
    classes = {"RWLock": module.ReaderWriterLock}
    return Contestant(
        "fasteners", version, classes, {"read": "read_lock", "write": "write_lock"}
    )
