"""`wait` and `as_completed`: for weftline's futures by a group that each of them tells once, for
any other by the standard functions.
"""

from concurrent.futures import _base as standard

from weftline import _on_import, _weftline
from weftline._futures.not_done import NotDone, Waiting

_weftline._remember_futures()

_standard_wait = standard.wait
_standard_as_completed = standard.as_completed

Future = _weftline.Future
_FutureGroup = _weftline._FutureGroup
_OURS = {Future}


def _as_set(fs):
    """Returns a new set of the futures. For a result of `wait` this is not a read, which would
    leave a copy in it.
    """
    return fs._contents() if type(fs) is NotDone else set(fs)


def _refuse_what_is_no_future(fs):
    """Raises what the standard functions would raise, which take the futures' conditions in this
    order, and leave those locked that come before.
    """
    for future in sorted(fs, key=id):
        _ = future._condition


def wait(fs, timeout=None, return_when=standard.ALL_COMPLETED):
    """Wait until the futures are done, or some of them; return a named pair of sets, `done` and
    `not_done`.

    `return_when` is the condition: FIRST_COMPLETED (one of them is done or cancelled),
    FIRST_EXCEPTION (one has raised, or all are done) or ALL_COMPLETED. Waits for at most `timeout`
    seconds, if that is not None. `done` has the futures that are done by then.
    """
    waiting = fs._take_waiting() if type(fs) is NotDone else None
    if waiting is None:
        pending = _as_set(fs)
        # A subclass may override how its exception is read.
        is_plain = {
            *map(type, pending)
        } <= _OURS or return_when != standard.FIRST_EXCEPTION
        group = _FutureGroup.of(pending) if is_plain else None
        if group is None:
            _refuse_what_is_no_future(pending)
            return _standard_wait(pending, timeout, return_when)
        waiting = Waiting(group, pending)
    return standard.DoneAndNotDoneFutures(*waiting.wait(timeout, return_when))


def as_completed(fs, timeout=None):
    """Yield the futures as they are done or cancelled, each once, first those that are done
    already.

    Raises TimeoutError if the next one is not done within `timeout` seconds of the call, if that is
    not None.
    """
    if timeout is not None:
        # Refused before the futures are read, in the words of the standard addition to the clock.
        timeout = timeout + 0.0
    fs = _as_set(fs)
    group = _FutureGroup.of(fs, timeout)
    if group is None:
        _refuse_what_is_no_future(fs)
        yield from _standard_as_completed(fs, timeout)
        return
    # From here on the group alone refers to them, to each until it is yielded.
    del fs
    # No name for the yielded future: the caller may have the last reference to it.
    yield from iter(group.next, None)


for _function in (wait, as_completed):
    _function.__module__ = standard.__name__

NAMES = {"Future": Future, "wait": wait, "as_completed": as_completed}

_on_import.again(standard.__name__)
