"""`not_done` between any two steps of the interpreter: no action of another thread or a signal
handler there breaks it.

Each test repeats one call, and lets an action happen in it after one step, after two, and so on to
its end.
"""

import functools
import sys
import threading

import pytest
from support.not_done import FATES, made
from support.pools import futures
from support.target import ours_only

_OURS = ("_futures/not_done.py", "_futures/waiting.py")


class _Interrupted(Exception):
    """The exception of a signal's handler."""


def run_with(happening, after, call):
    """The result of `call()`, with `happening()` in it after that many steps in weftline's modules;
    and whether it had that many.
    """
    left = after

    def trace(frame, event, _):
        nonlocal left
        if not frame.f_code.co_filename.replace("\\", "/").endswith(_OURS):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            left -= 1
            if left == 0:
                happening()
        return trace

    before = sys.gettrace()
    # CPython 3.12 searches for a frame that asks for this when the function is set.
    sys._getframe().f_trace_opcodes = True
    sys.settrace(trace)
    try:
        result = call()
    finally:
        sys.settrace(before)
    return result, left <= 0


def raised_in_a_thread(call):
    """The exception of `call()` in a thread of its own, or None. In a shared thread, an exception
    out of some steps would stay behind as the context of later exceptions.
    """
    raised = [None]

    def run():
        try:
            call()
        except _Interrupted as interrupted:
            raised[0] = interrupted

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return raised[0]


def each_step(trial):
    """`trial(after)` for one step after the other, until it returns that there were no more."""
    steps = 0
    while trial(steps + 1):
        steps += 1
    assert steps > 5


SIZE = 6


def prepared(fate):
    """A version with that fate, its futures, and those of them that the next `wait` for it reports
    as done.
    """
    some = [futures.Future() for _ in range(SIZE)]
    left = made(some)
    FATES[fate](left, some)
    some[1].set_result(None) if not some[1].done() else None
    return left, some, {future for future in some if future.done()}


def _look(left, extra):
    len(left)
    set(left)


def _add(left, extra):
    left.add(extra)


def _empty(left, extra):
    left.clear()


def _wait_too(left, extra):
    futures.wait(left, 0, futures.FIRST_COMPLETED)


HAPPENINGS = {
    "a look": (_look, lambda all_of_them, extra: all_of_them),
    "one added": (_add, lambda all_of_them, extra: all_of_them | {extra}),
    "emptied": (_empty, lambda all_of_them, extra: set()),
    "another wait": (_wait_too, lambda all_of_them, extra: all_of_them),
}


@ours_only
@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("name", HAPPENINGS)
def test_something_happens_to_the_version_while_it_is_waited_for(name, fate):
    happening, become = HAPPENINGS[name]

    def trial(after):
        left, some, done = prepared(fate)
        extra = futures.Future()
        (told, not_done), was_there = run_with(
            functools.partial(happening, left, extra),
            after,
            lambda: futures.wait(left, 0, futures.FIRST_COMPLETED),
        )
        before, afterwards = set(some), become(set(some), extra)
        # The call read it before or after that.
        assert (told, not_done) in [(s & done, s - done) for s in (before, afterwards)]
        assert left == afterwards or not was_there
        assert len(left) == len(set(left))
        assert len(not_done) == len(set(not_done))
        return was_there

    each_step(trial)


@ours_only
@pytest.mark.parametrize("fate", FATES)
def test_an_exception_in_any_step_of_a_wait_leaves_the_version_as_it_was(fate):
    def interrupt():
        raise _Interrupted

    def trial(after):
        left, some, done = prepared(fate)
        wait = functools.partial(futures.wait, left, 0, futures.FIRST_COMPLETED)
        raised = raised_in_a_thread(lambda: run_with(interrupt, after, wait))
        if raised is None:
            return False
        assert len(left) == SIZE
        assert futures.wait(left, 0) == (done, set(some) - done)
        assert left == set(some)
        return True

    each_step(trial)


@ours_only
@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("name", HAPPENINGS)
def test_something_happens_to_the_version_while_one_is_added(name, fate):
    happening, become = HAPPENINGS[name]

    def trial(after):
        left, some, done = prepared(fate)
        extra, added = futures.Future(), futures.Future()
        _, was_there = run_with(
            functools.partial(happening, left, extra),
            after,
            functools.partial(left.add, added),
        )
        afterwards = become(set(some), extra) if was_there else set(some)
        # Emptied either before or after it was added.
        assert left in [afterwards | {added}, *[set()] * (name == "emptied")]
        # No call continues with a group that lacks it.
        if added in left:
            added.set_result(None)
            told = futures.wait(left, 0).done
            assert added in told and told == done & left | {added}
        return was_there

    each_step(trial)


@ours_only
@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("name", HAPPENINGS)
def test_something_happens_to_the_version_while_it_is_read(name, fate):
    happening, become = HAPPENINGS[name]

    def trial(after):
        left, some, _ = prepared(fate)
        extra = futures.Future()
        (seen, size), was_there = run_with(
            functools.partial(happening, left, extra),
            after,
            lambda: (left.copy(), len(left)),
        )
        afterwards = become(set(some), extra)
        assert seen in (set(some), afterwards)
        assert size in (len(some), len(afterwards))
        assert left == afterwards or not was_there
        return was_there

    each_step(trial)
