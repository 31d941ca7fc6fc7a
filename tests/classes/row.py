"""The columns of the table of classes."""

import dataclasses
import functools
import importlib
from collections.abc import Callable
from typing import Any


class Modules:
    """The modules of one implementation, the standard library's or weftline's.

    They are imported on use, because a program may not want `concurrent.futures`.
    """

    def __init__(self, package=""):
        self._package = package

    @functools.cached_property
    def threading(self):
        return importlib.import_module(f"{self._package}threading")

    @functools.cached_property
    def queue(self):
        return importlib.import_module(f"{self._package}queue")

    @functools.cached_property
    def futures(self):
        return importlib.import_module(f"{self._package}concurrent.futures")

    @functools.cached_property
    def weftline(self):
        return importlib.import_module("weftline")

    def __iter__(self):
        """The modules that the standard library has too."""
        return iter((self.threading, self.queue, self.futures))


def nothing(*_):
    """No step is needed."""


def refused(exception, operation):
    """The operation, which raises that exception when there is memory."""

    def refuse(subject):
        try:
            operation(subject)
        except exception:
            return

    return refuse


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wait:
    """A call that waits: what makes it wait, and what ends the wait."""

    new: Callable[[Modules], Any] | None = None
    """Makes the object. If it is None, the class's own column does."""
    call: Callable[[Any], Any]
    """Waits, without a limit."""
    free: Callable[[Any], Any]
    """Ends one wait; called by the thread that ran `block`."""
    block: Callable[[Any], Any] = nothing
    """Makes the call wait from now on; a fresh object may do so by itself."""
    again: Callable[[Any], Any] | None = nothing
    """Makes the call wait once more, after a wait that `free` has ended; None if nothing does."""
    mend: Callable[[Any], Any] = nothing
    """Makes the object usable after a wait that has timed out."""
    timed: Callable[[Any, float], Any] | None = None
    """Waits at most that many seconds."""
    is_limited: bool = True
    """Whether `timed` keeps to its limit."""
    owned: bool = False
    """Whether only the thread that ran `block` may run `free`."""
    admits_blocker: bool = False
    """Whether the call does not wait in the thread that ran `block`."""
    is_met: bool = False
    """Whether `free` itself waits, for the thread that is in `call`."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reentered:
    """An object that is used in the middle of its own operations."""

    new: Callable[[Modules], Any] | None = None
    """Makes the object. If it is None, the class's own column does."""
    hammer: Callable[[Any], Any]
    """Uses it, without an end that needs another thread."""
    intrude: Callable[[Any], int | None]
    """Uses it in the middle of `hammer`. Returns the number of items or permits that it adds."""
    check: Callable[[Any, int], Any]
    """Checks it at the end; gets the number that all intrusions have added."""
    waits: bool = False
    """Whether `intrude` waits while another thread has the object."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Class:
    """One row. A column that is None has its reason in `without`."""

    # For the stubs, the names and the documents.
    name: str
    module: str
    """The Python module that has the name; `weftline` if the standard library has no such class."""
    rust: tuple[str, ...]
    """Its names in `weftline::`, the counterpart of the class first."""
    readme: str = ""
    """The counterpart in the README, where it is not only the first name of `rust`."""
    rustdoc: tuple[str, str] | None = None
    """The two cells in the documentation of the crate; None for a class in another one's row."""
    core: str
    """The files of its algorithm, in `crates/weftline/src`, as the documents name them."""
    binding: str
    """The files of its Python class, in `crates/weftline-python/src` or `python/weftline`."""
    tests: str
    """Its test files, in `tests` and, after a dot, in `crates/weftline/tests`."""
    beyond: str = ""
    """What it does beyond the standard library."""
    raw: tuple[str, ...] = ()
    """What `sync/raw` exports of it; by default `Raw` and the first name of `rust`."""
    perturbed: tuple[str, ...] = ()
    """The class in `_weftline`, its operations before which a perturbed test pauses, and those after
    which it does as well, because they let another thread go on.
    """
    model: str = ""
    """The file of its models, in `crates/weftline/tests/models`; empty for a class in another one's."""
    in_c: bool = False
    """Whether the standard class is written in C."""
    in_python: bool = False
    """Whether weftline's class is written in Python."""

    # For the tests.
    arguments: tuple = ()
    """The arguments with which the tests make an object."""
    new_alone: Callable[[Modules], Any] | None = None
    """Makes one whose methods do not wait for another thread; by default any one."""
    waits: dict[str, Wait] | None = None
    """Its calls that wait: signals, forks, exits and exceptions may come in the middle of them."""
    timed_calls: dict[str, Callable[[Modules, float], Any]] = dataclasses.field(
        default_factory=dict
    )
    """Further calls with a timeout, which wait for what no other thread does."""
    hammered: dict[str, Callable[[Modules], Any]] | None = None
    """The objects that threads hammer while processes are forked."""
    hammer: Callable[[Any], Any] | None = None
    """Keeps an object busy, from many threads concurrently."""
    use: Callable[[Any, Callable], Any] | None = None
    """Uses a copy in a forked child, whatever state it was copied in.

    The second argument starts a call in another thread; what it returns has the call's `result()`.
    """
    reentered: dict[str, Reentered] | None = None
    """The objects that handlers and destructors use in the middle of their own operations."""
    no_memory: Callable[[Modules], Any] | None = None
    """Yields operations in which one allocation fails: a name, how the object is made, the operation,
    and a check of the object with the operation's result and whether it failed."""
    links: dict[str, Callable[[Modules, Any], Any]] | None = None
    """Makes objects that hold the only reference to the second argument."""
    parts: frozenset[str] | None = None
    """Attributes that a standard object has in its `__dict__`, and weftline's class has itself."""
    missed: tuple[str, ...] = ()
    """Parts that a program may delete; the `uses` then fail as the standard ones do."""
    uses: tuple[Callable[[Any], Any], ...] = ()
    """Calls that read parts."""
    calls: tuple[Callable[[Any], Any], ...] | None = None
    """Calls that the methods refuse, beside some that they take, for mocks with a specification."""
    replaceable: dict[str, Callable[[Any], Any]] | None = None
    """Methods that a program may replace in an object, each with a call of it."""
    inside: tuple[str, ...] = ()
    """Methods that the others call, which may be replaced too."""
    replaced: dict[str, Callable[[Modules], Any]] = dataclasses.field(
        default_factory=dict
    )
    """Objects in which they are replaced, beside one that is made for a single thread."""
    left_out: tuple[str, ...] | None = None
    """Parts that a subclass leaves out of its pickle, because they do not pickle."""
    make_anew: Callable[[Any, Modules], Any] | None = None
    """Makes the parts that were left out."""
    work: Callable[[Any], Any] | None = None
    """Gives an object a state of its own."""
    read: Callable[[Any], Any] | None = None
    """Reads that state."""
    fuzzed: Any = None
    """Its steps in the fuzzer's programs, a `fuzz.kinds.kind.Kind`, if `fuzz/kinds` has none."""
    without: dict[str, str] = dataclasses.field(default_factory=dict)
    """The columns that are None, each with the reason."""

    @property
    def is_standard(self):
        """Whether the standard library has the class."""
        return self.module != "weftline"

    def home(self, modules):
        """The module that has the name."""
        return getattr(modules, self.module.rpartition(".")[2])

    def get(self, modules):
        """The class, or the function in its place."""
        return getattr(self.home(modules), self.name)

    def new(self, modules):
        """Makes an object."""
        return self.get(modules)(*self.arguments)

    def new_for_one(self, modules):
        """Makes an object whose methods do not wait for another thread."""
        return (self.new_alone or self.new)(modules)
