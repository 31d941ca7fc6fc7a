"""Semaphore and BoundedSemaphore."""

from classes.event import holds_by, inflated, makes_condition_anew
from classes.locks import acquiring, entering, is_free, lets_go, through
from classes.row import Class, Reentered, nothing, refused


def _use(semaphore, start):
    # The permits of threads that do not exist in this process are gone with them.
    while semaphore.acquire(False):
        pass
    waiter = start(semaphore.acquire)
    semaphore.release()
    assert waiter.result() is True


def _hammer(semaphore):
    if semaphore.acquire(timeout=0.0005):
        semaphore.release()


def _hammer_alone(semaphore):
    semaphore.release(2)
    semaphore.acquire()
    semaphore.acquire(timeout=1)


def _intrude(semaphore):
    semaphore.release()
    return not semaphore.acquire(False)


def _check(semaphore, added):
    assert semaphore._value == added, (semaphore._value, added)


def _hammer_bounded_alone(semaphore):
    with semaphore:
        semaphore.acquire(False) and semaphore.release()


def _intrude_bounded(semaphore):
    if semaphore.acquire(False):
        semaphore.release()


def _check_bounded(semaphore, _):
    assert semaphore._value == 3, semaphore._value


def _no_memory(cls):
    many, none = (lambda: cls(1000)), (lambda: cls(0))
    yield "make", nothing, lambda _: cls(value=3), None
    yield "make large", nothing, lambda _: cls(1000), None
    yield "make negative", nothing, refused(ValueError, lambda _: cls(-1)), None
    yield "acquire", many, lambda s: s.acquire(), lets_go
    yield "acquire within", many, lambda s: s.acquire(timeout=1.5), lets_go
    yield "acquire none", none, lambda s: s.acquire(timeout=1e-4), None
    wrongly = refused(ValueError, lambda s: s.acquire(False, 1))
    yield "acquire wrongly", many, wrongly, is_free
    taken_twice = lambda: (s := cls(5), s.acquire(), s.acquire())[0]
    yield "release", taken_twice, lambda s: s.release(2), is_free
    yield "release none", many, refused(ValueError, lambda s: s.release(0)), is_free
    yield "with", many, through, is_free
    yield "repr", many, repr, is_free
    yield "_value", many, lambda s: s._value, is_free
    yield "_cond", many, lambda s: s._cond, is_free


_BOTH = {
    "module": "threading",
    "core": "`sync/raw/semaphore.rs`",
    "binding": "`threading/semaphore.rs`",
    "tests": "`test_semaphore.py`, `test_inflated_primitives.py` · `semaphore.rs`",
    "arguments": (2,),
    "uses": (lambda s: s.acquire(), lambda s: s.release()),
    "calls": (
        lambda s: s.acquire(1, 2, 3),
        lambda s: s.acquire(blocking=False, timeout=None),
        lambda s: s.release(1, 2),
        lambda s: s.release(n=2),
    ),
    "replaceable": {
        "__enter__": lambda s: s.__enter__(),
        "__exit__": lambda s: s.__exit__(None, None, None),
        "acquire": lambda s: s.acquire(),
        "release": lambda s: s.release(),
    },
    "use": _use,
    "left_out": ("_cond",),
    "make_anew": makes_condition_anew,
    "work": lambda s: s.acquire(),
}

SEMAPHORE = Class(
    name="Semaphore",
    perturbed=("Semaphore", "acquire __enter__", "release __exit__"),
    model="semaphore",
    rust=("Semaphore", "OwnedPermit", "Permit"),
    rustdoc=(
        "`threading.Semaphore`, `BoundedSemaphore`",
        "[`Semaphore`], [`BoundedSemaphore`]",
    ),
    beyond="`release()` from there, too; a starvation bound",
    waits={
        "Semaphore.acquire": acquiring(new=lambda m: m.threading.Semaphore()),
        "with Semaphore": entering(new=lambda m: m.threading.Semaphore()),
        "Semaphore.acquire, its condition reached for": acquiring(
            new=lambda m: inflated(m.threading.Semaphore())
        ),
    },
    hammered={"Semaphore": lambda m: m.threading.Semaphore(2)},
    hammer=_hammer,
    reentered={
        "Semaphore": Reentered(
            new=lambda m: m.threading.Semaphore(0),
            hammer=_hammer_alone,
            intrude=_intrude,
            check=_check,
        )
    },
    no_memory=lambda m: _no_memory(m.threading.Semaphore),
    links={
        "value": lambda m, inner: holds_by("_value", m.threading.Semaphore(), inner)
    },
    parts=frozenset(("_cond", "_value")),
    missed=("_value", "_cond"),
    read=lambda s: (s._value, s.acquire(timeout=1)),
    **_BOTH,
)

BOUNDED_SEMAPHORE = Class(
    name="BoundedSemaphore",
    perturbed=("BoundedSemaphore", "", "release"),
    rust=("BoundedSemaphore",),
    beyond="the same",
    waits={
        "BoundedSemaphore.acquire": acquiring(
            new=lambda m: m.threading.BoundedSemaphore()
        ),
        "with BoundedSemaphore": entering(new=lambda m: m.threading.BoundedSemaphore()),
    },
    hammered={"BoundedSemaphore": lambda m: m.threading.BoundedSemaphore(2)},
    hammer=through,
    reentered={
        "BoundedSemaphore": Reentered(
            new=lambda m: m.threading.BoundedSemaphore(3),
            hammer=_hammer_bounded_alone,
            intrude=_intrude_bounded,
            check=_check_bounded,
        )
    },
    no_memory=lambda m: _no_memory(m.threading.BoundedSemaphore),
    links={
        "bounded value": lambda m, inner: holds_by(
            "_value", m.threading.BoundedSemaphore(), inner
        )
    },
    parts=frozenset(("_cond", "_value", "_initial_value")),
    missed=("_initial_value", "_value", "_cond"),
    read=lambda s: (s._value, s._initial_value),
    **_BOTH,
)
