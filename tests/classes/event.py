"""Event, and what the classes over a condition of their own have."""

import pickle

from classes.condition import Foreign
from classes.row import Class, Reentered, Wait, nothing, refused


def inflated(thing):
    """The object, inflated by a read of its condition."""
    with thing._cond:
        return thing


def makes_condition_anew(thing, m):
    """After the object was restored without its condition."""
    thing._cond = m.threading.Condition()


def holds_by(name, thing, inner):
    """The object, whose attribute holds `inner`."""
    setattr(thing, name, inner)
    return thing


_WAIT = {
    "call": lambda event: event.wait(),
    "timed": lambda event, limit: event.wait(limit),
    "free": lambda event: event.set(),
    "again": lambda event: event.clear(),
}


def _hammer(event):
    event.set()
    event.wait(0.0005)
    event.clear()
    event.wait(0.0005)


def _use(event, start):
    event.clear()
    assert event.wait(0.001) is False
    waiter = start(event.wait)
    event.set()
    assert waiter.result() is True


def _hammer_alone(event):
    event.set()
    event.wait(0.001)
    event.clear()
    event.is_set()
    event.wait(0)


def _intrude(event):
    event.set()
    event.is_set()
    event.wait(0)


def _check(event, _):
    event.set()
    assert event.wait()


def _can_be_set(event, _result, _failed):
    event.set()
    assert event.wait(10)


def _no_memory(m):
    make, changes = m.threading.Event, lambda e: (e.set(), e.is_set(), e.clear())

    def inflated_one():
        return inflated(make())

    yield "make", nothing, lambda _: make(), None
    yield "set", make, changes, _can_be_set
    yield "wait", make, lambda e: e.wait(1e-4), _can_be_set
    yield "repr", make, repr, _can_be_set
    yield "_cond", make, lambda e: e._cond, _can_be_set
    # The pickler turns any error into one of its own.
    fails = refused((TypeError, pickle.PicklingError), pickle.dumps)
    yield "pickle", make, fails, None
    yield "inflated set", inflated_one, changes, _can_be_set
    yield "inflated wait", inflated_one, lambda e: e.wait(1e-4), _can_be_set


EVENT = Class(
    name="Event",
    module="threading",
    rust=("Event",),
    rustdoc=("`threading.Event`", "[`Event`]"),
    perturbed=("Event", "is_set isSet wait", "set clear"),
    core="`sync/raw/event.rs`",
    model="event",
    binding="`threading/event.rs`",
    tests="`test_event.py`, `test_inflated_primitives.py` · `event.rs`",
    beyond="`set()` from destructors, weak references' callbacks and signal handlers",
    waits={
        "Event.wait": Wait(**_WAIT),
        "Event.wait, its condition reached for": Wait(
            new=lambda m: inflated(m.threading.Event()), **_WAIT
        ),
    },
    hammered={"Event": lambda m: m.threading.Event()},
    hammer=_hammer,
    use=_use,
    reentered={
        "Event": Reentered(hammer=_hammer_alone, intrude=_intrude, check=_check)
    },
    no_memory=_no_memory,
    links={
        "flag": lambda m, inner: holds_by("_flag", m.threading.Event(), inner),
        "condition of an event": lambda m, inner: holds_by(
            "_cond", m.threading.Event(), m.threading.Condition(Foreign(inner))
        ),
    },
    parts=frozenset(("_cond", "_flag")),
    missed=("_flag", "_cond"),
    uses=(lambda e: e.is_set(), lambda e: e.set(), lambda e: e.wait(0)),
    calls=(
        lambda e: e.wait(1, 2),
        lambda e: e.wait(timeout=1),
        lambda e: e.set(True),
        lambda e: e.is_set(),
    ),
    replaceable={
        "isSet": lambda e: e.isSet(),
        "set": lambda e: e.set(),
        "clear": lambda e: e.clear(),
        "wait": lambda e: e.wait(0.001),
    },
    left_out=("_cond",),
    make_anew=makes_condition_anew,
    work=lambda e: e.set(),
    read=lambda e: (e.is_set(), e.wait(0)),
)
