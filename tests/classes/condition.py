"""Condition."""

from classes.locks import acquiring, held_no_more, taken, through
from classes.row import Class, Reentered, Wait, nothing, refused


class Gate:
    """A condition and the value that it guards."""

    def __init__(self, m):
        self.condition, self.open = m.threading.Condition(), False


def waits(condition, timeout=None):
    """Waits for a notification."""
    with condition:
        return condition.wait(timeout)


def notifies(condition):
    """Ends one wait."""
    with condition:
        condition.notify()


def _wait_for(gate, timeout=None):
    with gate.condition:
        assert gate.condition.wait_for(lambda: gate.open, timeout), "timed out"
        gate.open = False


def _open(gate):
    with gate.condition:
        gate.open = True
        gate.condition.notify_all()


_WAIT = {"call": waits, "timed": waits, "free": notifies}


def _hammer(condition):
    with condition:
        condition.notify()
        condition.wait(0.0005)
        condition.notify_all()


def _use(condition, start):
    entered = []

    def wait():
        with condition:
            entered.append(True)
            return condition.wait(60)

    with condition:
        waiter = start(wait)
        assert condition.wait(0.001) is False
    while True:
        with condition:
            if entered:
                condition.notify()
                break
    assert waiter.result() is True
    condition._at_fork_reinit()
    assert condition.acquire(False)
    condition.release()


def _hammer_alone(condition):
    with condition:
        condition.notify()
        condition.wait(0.0002)
        condition.wait_for(lambda: True)
        condition.notify_all()


def _intrude(condition):
    with condition:
        condition.notify()
        condition.notify_all()


def _check(condition, _):
    with condition:
        assert condition.wait(0) is False
    assert len(condition._waiters) == 0


class Foreign:
    """A lock of another kind."""

    def __init__(self, inner=None):
        self.count, self.inner = 0, inner

    def acquire(self, *_):
        self.count += 1
        return True

    __enter__ = acquire

    def release(self):
        self.count -= 1

    def locked(self):
        return self.count > 0

    def __exit__(self, *_):
        self.count -= 1


def _no_memory(m):
    make = m.threading.Condition
    held = taken(make)
    yield "make", nothing, lambda _: make(), None
    yield "over a lock", nothing, lambda _: make(lock=m.threading.Lock()), None
    yield "over another", lambda: make(Foreign()), through, None
    yield "with", make, through, None
    yield "wait", held, lambda c: c.wait(1e-4), held_no_more
    # None of these makes a function: CPython 3.13.0 crashes when it has no memory for one.
    yield "wait_for", held, lambda c: c.wait_for(bool, 1e-4), held_no_more
    yield "notify", held, lambda c: c.notify(3), held_no_more
    yield "notify_all", held, lambda c: c.notify_all(), held_no_more
    yield "wait without the lock", make, refused(RuntimeError, lambda c: c.wait()), None
    yield "repr", make, repr, None
    yield "inside", make, lambda c: (c._lock, c._waiters), None


def _make_anew(condition, m):
    condition.__init__(m.threading.Lock())


def _held(m):
    condition = m.threading.Condition()
    condition.acquire()
    return condition


CONDITION = Class(
    name="Condition",
    module="threading",
    rust=("Condition", "ConditionGuard"),
    readme="`weftline::Condition<T>`, which owns its data",
    rustdoc=("`threading.Condition`", "[`Condition<T>`]"),
    perturbed=(
        "Condition",
        "__enter__ wait wait_for",
        "__exit__ notify notify_all notifyAll",
    ),
    core="`sync/raw/condition.rs`",
    model="condition",
    binding="`threading/condition.rs`",
    tests="`test_condition*.py` · `condition.rs`",
    beyond=(
        "a waiter that is notified and interrupted at the same time passes the notification on"
    ),
    waits={
        "Condition.acquire": acquiring(owned=True),
        "Condition.wait": Wait(**_WAIT),
        "Condition.wait on a Lock": Wait(
            new=lambda m: m.threading.Condition(m.threading.Lock()), **_WAIT
        ),
        "Condition.wait_for": Wait(
            new=Gate, call=_wait_for, timed=_wait_for, free=_open
        ),
    },
    hammered={"Condition": lambda m: m.threading.Condition()},
    hammer=_hammer,
    use=_use,
    reentered={
        "Condition": Reentered(
            hammer=_hammer_alone, intrude=_intrude, check=_check, waits=True
        )
    },
    no_memory=_no_memory,
    links={"lock": lambda m, inner: m.threading.Condition(Foreign(inner))},
    parts=frozenset(("_lock", "acquire", "release", "_waiters", "locked")),
    missed=("_lock", "_waiters", "acquire"),
    uses=(lambda c: c.acquire(), lambda c: c.__enter__(), repr),
    calls=(
        lambda c: c.wait(1, 2),
        lambda c: c.wait_for(),
        lambda c: c.wait_for(predicate=len, timeout=1),
        lambda c: c.notify(1, 2),
        lambda c: c.notify_all(1),
    ),
    replaceable={
        "wait": lambda c: c.wait(0.001),
        "wait_for": lambda c: c.wait_for(bool, 0.001),
        "notify": lambda c: c.notify(),
        "notify_all": lambda c: c.notify_all(),
        "notifyAll": lambda c: c.notifyAll(),
        "__exit__": lambda c: c.__exit__(None, None, None),
    },
    inside=("_release_save", "_acquire_restore", "_is_owned", "wait", "notify"),
    replaced={"Condition": _held},
    left_out=(
        *("_lock", "acquire", "release", "locked", "_waiters"),
        *("_release_save", "_acquire_restore", "_is_owned"),
    ),
    make_anew=_make_anew,
    work=lambda c: None,
    read=lambda c: (c.acquire(), c.wait(0), c.notify(5)),
)
