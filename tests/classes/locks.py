"""Lock and RLock, and what every class with `acquire` and `release` has."""

from classes.row import Class, Reentered, Wait, nothing, refused


def through(lock):
    """Enters and leaves."""
    with lock:
        return True


def acquiring(*, new=None, owned=False):
    """A wait in `acquire`."""
    return Wait(
        new=new,
        block=lambda lock: lock.acquire(),
        call=lambda lock: lock.acquire(),
        timed=lambda lock, limit: lock.acquire(timeout=limit),
        free=lambda lock: lock.release(),
        owned=owned,
        admits_blocker=owned,
    )


def entering(*, new=None, owned=False):
    """A wait in `with`."""
    return Wait(
        new=new,
        block=lambda lock: lock.acquire(),
        call=through,
        free=lambda lock: lock.release(),
        again=lambda lock: lock.acquire(),
        owned=owned,
        admits_blocker=owned,
    )


def taken(make):
    """The maker of an object that is acquired."""

    def take():
        lock = make()
        lock.acquire()
        return lock

    return take


def is_free(lock, _result=None, _failed=None):
    assert lock.acquire(False)
    lock.release()


def lets_go(lock, result, _failed):
    if result:
        lock.release()
    is_free(lock)


def held_no_more(lock, _result, _failed):
    lock.release()


def _no_memory(make):
    held = taken(make)
    yield "make", nothing, lambda _: make(), None
    yield "acquire", make, lambda l: l.acquire(), lets_go
    yield "acquire within", make, lambda l: l.acquire(True, 1.5), lets_go
    yield "acquire by name", make, lambda l: l.acquire(timeout=1), lets_go
    yield "with", make, through, is_free
    yield "repr", held, repr, held_no_more
    yield "release", make, refused(RuntimeError, lambda l: l.release()), is_free
    for wrong in ((True, -5), (False, 5), (True, "x")):
        acquire = refused(
            (ValueError, TypeError), lambda l, wrong=wrong: l.acquire(*wrong)
        )
        yield f"acquire {wrong}", make, acquire, is_free


_IN_C = dict.fromkeys(
    ("links", "parts", "calls", "replaceable", "left_out", "make_anew", "work", "read"),
    "its objects have no attributes",
)


# Lock


def _use_lock(lock, start):
    # An owner that does not exist in this process holds nothing.
    with lock:
        waiter = start(lock.acquire)
    assert waiter.result() is True
    lock._at_fork_reinit()
    assert not lock.locked()
    through(lock)


def _hammer_lock(lock):
    if lock.acquire(False):
        lock.release()
    lock.locked()


def _intrude_lock(lock):
    if lock.acquire(False):
        lock.release()


def _check_lock(lock, _):
    assert not lock.locked()


LOCK = Class(
    name="Lock",
    module="threading",
    rust=("Lock", "LockGuard", "MappedLockGuard"),
    readme="`weftline::Lock<T>`",
    rustdoc=("`threading.Lock`", "[`Lock<T>`]"),
    perturbed=(
        "lock",
        "acquire acquire_lock __enter__ locked locked_lock",
        "release release_lock __exit__",
    ),
    core="`sync/raw/lock.rs`",
    model="lock",
    binding="`threading/lock.rs`",
    tests="`test_lock.py` · `lock.rs`",
    beyond="knows its owner; free in a forked child in which the owner does not exist",
    in_c=True,
    waits={"Lock.acquire": acquiring(), "with Lock": entering()},
    hammered={"Lock": lambda m: m.threading.Lock()},
    hammer=through,
    use=_use_lock,
    reentered={
        "Lock": Reentered(hammer=_hammer_lock, intrude=_intrude_lock, check=_check_lock)
    },
    no_memory=lambda m: _no_memory(m.threading.Lock),
    without=_IN_C,
)


# RLock


def _use_rlock(lock, start):
    for reset in (lambda: None, lock._at_fork_reinit):
        reset()
        with lock, lock:
            waiter = start(lambda: lock.acquire() and lock.release())
        waiter.result()
        assert lock.acquire(False)
        lock.release()


def _hammer_rlock(lock):
    with lock, lock:
        pass


def _intrude_rlock(lock):
    with lock:
        lock._is_owned()


def _check_rlock(lock, _):
    assert not lock._is_owned()
    assert lock.acquire(False)


def _no_memory_of_rlock(m):
    yield from _no_memory(m.threading.RLock)

    def give_up(lock):
        lock._acquire_restore(lock._release_save())

    yield "given up", taken(m.threading.RLock), give_up, None


RLOCK = Class(
    name="RLock",
    module="threading",
    rust=("RLock", "RLockGuard"),
    readme="`weftline::RLock<T>`",
    rustdoc=("`threading.RLock`", "[`RLock<T>`]"),
    perturbed=(
        "RLock",
        "acquire acquire_lock __enter__ locked locked_lock",
        "release release_lock __exit__",
    ),
    core="`sync/raw/rlock.rs`",
    model="rlock",
    binding="`threading/rlock.rs`",
    tests="`test_rlock.py` · `rlock.rs`",
    beyond="the same",
    in_c=True,
    waits={
        "RLock.acquire": acquiring(owned=True),
        "with RLock": entering(owned=True),
    },
    hammered={"RLock": lambda m: m.threading.RLock()},
    hammer=_hammer_rlock,
    use=_use_rlock,
    reentered={
        "RLock": Reentered(
            hammer=_hammer_rlock,
            intrude=_intrude_rlock,
            check=_check_rlock,
            waits=True,
        )
    },
    no_memory=_no_memory_of_rlock,
    without=_IN_C,
)
