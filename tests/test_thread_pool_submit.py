"""A `submit` that a program replaces is the one that the pool calls, and a wrong call is reported
as by the standard pool.
"""

import concurrent.futures as std_futures
import types

import pytest
from support.differ import outcome
from support.pools import futures

Pool = futures.ThreadPoolExecutor


PATCHES = {
    "on the class": lambda pool, mine: setattr(type(pool), "submit", mine),
    "on the instance": lambda pool, mine: setattr(
        pool, "submit", types.MethodType(mine, pool)
    ),
}


@pytest.mark.parametrize("where", PATCHES)
def test_a_patched_submit_is_what_map_calls(where):
    class Own(Pool):
        """A subclass, so that the patch stays in this test."""

    calls, submit = [], Pool.submit

    def mine(self, fn, /, *args, **kwargs):
        calls.append(args)
        return submit(self, fn, *args, **kwargs)

    with Own(1) as pool:
        PATCHES[where](pool, mine)
        assert list(pool.map(abs, [-1, -2])) == [1, 2]
        assert pool.submit(abs, -3).result() == 3
    assert calls == [(-1,), (-2,), (-3,)]


def test_a_submit_patched_on_the_very_class_is_what_map_calls(monkeypatch):
    calls, submit = [], Pool.submit

    def mine(self, fn, /, *args, **kwargs):
        calls.append(args)
        return submit(self, fn, *args, **kwargs)

    with Pool(1) as pool:
        monkeypatch.setattr(Pool, "submit", mine)
        assert list(pool.map(abs, [-1, -2])) == [1, 2]
    assert calls == [(-1,), (-2,)]


def test_the_code_of_submit_may_be_exchanged_as_tracers_do():
    submit = Pool.submit
    before, calls = submit.__code__, []
    original = types.FunctionType(
        before, submit.__globals__, "submit", submit.__defaults__, submit.__closure__
    )

    def trace(function, args, kwargs):
        calls.append(args[2:])
        return function(*args, **kwargs)

    # The new code has as many free variables as the code that it replaces.
    scope, free = {}, ", ".join(before.co_freevars)
    source = f"""
def outer({free}):
    def submit(self, fn, *args, **kwargs):
        {free or None}
        return __traced(self, fn, *args, **kwargs)
    return submit
"""
    exec(compile(source, "tracer", "exec"), scope)  # noqa: S102 - what tracers do
    submit.__globals__["__traced"] = lambda *args, **kwargs: trace(
        original, args, kwargs
    )
    try:
        submit.__code__ = scope["outer"](*before.co_freevars).__code__
        with Pool(1) as pool:
            assert pool.submit(abs, -3).result() == 3
            assert list(pool.map(abs, [-1, -2])) == [1, 2]
    finally:
        submit.__code__ = before
        del submit.__globals__["__traced"]
    assert calls == [(-3,), (-1,), (-2,)]
    with Pool(1) as pool:
        assert list(pool.map(abs, [-1])) == [1]


WRONG_CALLS = {
    "map()": lambda pool: pool.map(),
    "map(None)": lambda pool: list(pool.map(None, [1])),
    "map over a number": lambda pool: pool.map(abs, 5),
    "map with another keyword": lambda pool: pool.map(abs, [1], sort=True),
    "map with a timeout of text": lambda pool: pool.map(abs, [1], timeout="x"),
    "map of the class": lambda pool: type(pool).map(),
    "submit()": lambda pool: pool.submit(),
    "submit of the class": lambda pool: type(pool).submit(),
    "shutdown(1, 2)": lambda pool: pool.shutdown(1, 2),
}


@pytest.mark.parametrize("call", WRONG_CALLS)
def test_a_wrong_call_is_reported_in_the_standard_words(call):
    answers = []
    for module in (std_futures, futures):
        with module.ThreadPoolExecutor(1) as pool:
            answers.append(outcome(WRONG_CALLS[call], pool))
    assert answers[1] == answers[0]
