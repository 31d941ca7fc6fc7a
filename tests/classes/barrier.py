"""Barrier."""

import functools
import threading as std_threading

from classes.event import makes_condition_anew
from classes.row import Class, Reentered, Wait, nothing, refused


def _meets(barrier):
    return barrier.wait()


def _hammer(barrier):
    try:
        barrier.wait(0.001)
    except std_threading.BrokenBarrierError:
        barrier.reset()


def _use(barrier, start):
    barrier.reset()
    waiter = start(barrier.wait)
    assert sorted([barrier.wait(), waiter.result()]) == [0, 1]


def _pass_alone(barrier):
    barrier.wait()
    barrier.n_waiting, barrier.broken  # noqa: B018


def _check(barrier, _):
    assert barrier.wait() == 0


def _passes(barrier, _result, _failed):
    barrier.reset()
    barrier.wait()


def _no_memory(m):
    make = m.threading.Barrier
    one, two = (lambda: make(1)), (lambda: make(2))
    yield "make", nothing, lambda _: make(1, timeout=3), None
    yield "make for none", nothing, refused(ValueError, lambda _: make(0)), None
    yield "wait", one, lambda b: b.wait(), _passes
    yield "wait acting", lambda: make(1, nothing), lambda b: b.wait(), _passes
    late = refused(std_threading.BrokenBarrierError, lambda b: b.wait(1e-4))
    yield "wait in vain", two, late, None
    yield "abort", one, lambda b: b.abort(), _passes
    yield "reset", one, lambda b: b.reset(), _passes
    large = lambda: make(2000)
    yield "repr", large, lambda b: (repr(b), b.parties, b.n_waiting), None
    yield "_cond", one, lambda b: b._cond, lambda b, *_: b.wait()
    yield "_count", one, lambda b: (b._count, b._state), lambda b, *_: b.wait()


def _acting(m, inner):
    return m.threading.Barrier(1, functools.partial(print, inner))


def _acting_with_condition(m, inner):
    barrier = _acting(m, inner)
    barrier._cond  # noqa: B018
    return barrier


BARRIER = Class(
    name="Barrier",
    module="threading",
    rust=("Barrier", "Arrival"),
    rustdoc=("`threading.Barrier`, `BrokenBarrierError`", "[`Barrier`], [`Broken`]"),
    perturbed=("Barrier", "wait", "reset abort"),
    core="`sync/raw/barrier.rs`",
    model="barrier",
    binding="`threading/barrier.rs`",
    tests="`test_barrier*.py`, `test_inflated_barrier.py` · `barrier.rs`",
    beyond="`abort()` and `reset()` do not wait for a running action",
    arguments=(2, None, 5),
    new_alone=lambda m: m.threading.Barrier(1),
    waits={
        "Barrier.wait": Wait(
            new=lambda m: m.threading.Barrier(2),
            call=_meets,
            timed=lambda barrier, limit: barrier.wait(limit),
            free=_meets,
            mend=lambda barrier: barrier.reset(),
            is_met=True,
        )
    },
    hammered={"Barrier": lambda m: m.threading.Barrier(2)},
    hammer=_hammer,
    use=_use,
    reentered={
        "Barrier": Reentered(
            new=lambda m: m.threading.Barrier(1),
            hammer=_pass_alone,
            intrude=_pass_alone,
            check=_check,
        )
    },
    no_memory=_no_memory,
    links={"action": _acting, "action, with the condition": _acting_with_condition},
    parts=frozenset(("_cond", "_action", "_timeout", "_parties", "_state", "_count")),
    missed=("_state", "_count", "_cond"),
    uses=(lambda b: b.wait(), lambda b: b.n_waiting, lambda b: b.reset()),
    calls=(
        lambda b: b.wait(1, 2),
        lambda b: b.abort(1),
        lambda b: b._wait(),
        lambda b: b._wait(timeout=1),
    ),
    replaceable={
        "wait": lambda b: b.wait(0.001),
        "reset": lambda b: b.reset(),
        "abort": lambda b: b.abort(),
    },
    inside=("_enter", "_release", "_wait", "_exit", "_break"),
    replaced={"Barrier, too few": lambda m: m.threading.Barrier(2)},
    left_out=("_cond",),
    make_anew=makes_condition_anew,
    work=lambda b: b.abort(),
    read=lambda b: (b.parties, b.broken, b.n_waiting),
)
