"""`wait` and `as_completed`: our futures by a group that each of them tells once, any other by the standard functions."""

import functools
from concurrent.futures import _base as standard

from weftline import _on_import, _weftline

_weftline._remember_futures()

_standard_wait = standard.wait
_standard_as_completed = standard.as_completed

Future = _weftline.Future
_FutureGroup = _weftline._FutureGroup


class _NotDone(set):
    """A set of futures that are not done, as `wait` returns it: a set like any other, which takes along the group of its futures.

    A program that goes on waiting for them hands it in again, and no future has to sign on once more. One that has been changed
    in the meantime is not what the group knows, so it goes without.
    """

    __slots__ = ("_groups",)

    def __reduce__(self):
        return set, (list(self),)

    def __repr__(self):
        return repr(set(self))

    def _take_group(self):
        """The group, which nobody else gets then; None if there is none."""
        try:
            return self._groups.pop()
        except (AttributeError, IndexError):
            return None


def _which_forgets(name):
    change = getattr(set, name)

    @functools.wraps(change)
    def method(self, *arguments):
        self._take_group()
        return change(self, *arguments)

    return method


for _name in (
    "__iand__",
    "__init__",
    "__ior__",
    "__isub__",
    "__ixor__",
    "add",
    "clear",
    "difference_update",
    "discard",
    "intersection_update",
    "pop",
    "remove",
    "symmetric_difference_update",
    "update",
):
    setattr(_NotDone, _name, _which_forgets(_name))
_NotDone.__name__ = _NotDone.__qualname__ = "set"
_NotDone.__module__ = "builtins"


def wait(fs, timeout=None, return_when=standard.ALL_COMPLETED):
    """Wait until the futures are done, or some of them; return a named pair of sets, `done` and `not_done`.

    `return_when` says what to wait for: FIRST_COMPLETED (one of them is done or cancelled), FIRST_EXCEPTION (one has raised, or all are
    done) or ALL_COMPLETED. Waits for at most `timeout` seconds, if that is not None; what is done by then is in `done`.
    """
    group = fs._take_group() if type(fs) is _NotDone else None
    not_done = _NotDone(fs)
    if group is None:
        group = _FutureGroup.of(not_done)
        if group is None:
            return _standard_wait(not_done, timeout, return_when)
    done = group.wait(not_done, timeout, return_when)
    if not_done:
        not_done._groups = [group]
    return standard.DoneAndNotDoneFutures(done, not_done)


def as_completed(fs, timeout=None):
    """Yield the futures as they are done or cancelled, each once, those first that are done already.

    Raises TimeoutError if the next one is not done within `timeout` seconds of the call, if that is not None.
    """
    fs = set(fs)
    group = _FutureGroup.of(fs, timeout)
    if group is None:
        yield from _standard_as_completed(fs, timeout)
        return
    # From here on the group alone keeps them, each until it is yielded.
    del fs
    # No name for the one that is out: the caller may be the last to hold it.
    yield from iter(group.next, None)


for _function in (wait, as_completed):
    _function.__module__ = standard.__name__

NAMES = {"Future": Future, "wait": wait, "as_completed": as_completed}

_on_import.again(standard.__name__)
