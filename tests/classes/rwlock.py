"""RWLock, which the standard library lacks."""

from classes.row import Class, Reentered, Wait, nothing, refused


def _reads(lock):
    with lock.read():
        return True


def _writes(lock):
    with lock.write():
        return True


def _hammer(lock):
    _writes(lock)
    with lock.read(), lock.read():
        repr(lock)


def _use(lock, start):
    # Holders that do not exist in this process hold nothing.
    with lock.read(), lock.read():
        waiter = start(lambda: _writes(lock))
    assert waiter.result()
    with lock.write():
        waiter = start(lambda: _reads(lock))
        lock.downgrade()
        assert waiter.result()
    assert not lock.locked()


def _intrude(lock):
    if lock.acquire_read(False):
        lock.release_read()
    if lock.acquire_write(False):
        lock.release_write()
    lock.locked()


def _check(lock, _):
    assert not lock.locked()
    assert _writes(lock)


def _lets_go_of_read(lock, result, _failed):
    if result:
        lock.release_read()
    _check(lock, None)


def _lets_go_of_write(lock, result, _failed):
    if result:
        lock.release_write()
    _check(lock, None)


def _is_free(lock, _result, _failed):
    _check(lock, None)


def _no_memory(m):
    make = m.weftline.RWLock
    yield "make", nothing, lambda _: make(), None
    yield "acquire_read", make, lambda l: l.acquire_read(), _lets_go_of_read
    yield (
        "acquire_read within",
        make,
        lambda l: l.acquire_read(timeout=1.5),
        _lets_go_of_read,
    )
    yield "acquire_write", make, lambda l: l.acquire_write(True, 1), _lets_go_of_write
    yield "with read", make, _reads, _is_free
    yield "with write", make, _writes, _is_free
    yield "repr", make, repr, _is_free
    for name in ("release_read", "release_write", "downgrade"):
        release = refused(RuntimeError, lambda l, name=name: getattr(l, name)())
        yield name, make, release, _is_free


RWLOCK = Class(
    name="RWLock",
    module="weftline",
    rust=(
        "RwLock",
        "MappedRwLockReadGuard",
        "MappedRwLockWriteGuard",
        "RwLockReadGuard",
        "RwLockUpgradableReadGuard",
        "RwLockWriteGuard",
    ),
    readme="`weftline::RwLock<T>`",
    rustdoc=("`weftline.RWLock` (only here)", "[`RwLock<T>`]"),
    perturbed=(
        "RWLock",
        "read write acquire_read acquire_write locked",
        "release_read release_write downgrade",
    ),
    core="`sync/raw/rwlock.rs`, `sync/raw/rwlock_*.rs`",
    model="rwlock",
    binding="`threading/rwlock.rs`",
    tests="`test_rwlock.py` · `rwlock*.rs`",
    beyond="many readers or one writer, of which neither starves; reads nest",
    waits={
        "RWLock.acquire_read": Wait(
            block=lambda lock: lock.acquire_write(),
            call=lambda lock: lock.acquire_read(),
            timed=lambda lock, limit: lock.acquire_read(timeout=limit),
            free=lambda lock: lock.release_write(),
            again=None,
            owned=True,
            admits_blocker=True,
        ),
        "RWLock.acquire_write": Wait(
            block=lambda lock: lock.acquire_read(),
            call=lambda lock: lock.acquire_write(),
            timed=lambda lock, limit: lock.acquire_write(timeout=limit),
            free=lambda lock: lock.release_read(),
            again=None,
            owned=True,
            admits_blocker=True,
        ),
    },
    hammered={"RWLock": lambda m: m.weftline.RWLock()},
    hammer=_hammer,
    use=_use,
    reentered={"RWLock": Reentered(hammer=_hammer, intrude=_intrude, check=_check)},
    no_memory=_no_memory,
    without=dict.fromkeys(
        (
            "links",
            "parts",
            "calls",
            "replaceable",
            "left_out",
            "make_anew",
            "work",
            "read",
        ),
        "its objects have no attributes",
    ),
)
