"""Locks, conditions, events, semaphores and barriers."""

import dataclasses

from fuzz.kinds.kind import Kind

_LOCKED = ("acquire", "release", "locked", "__enter__", "__exit__")

LOCK = Kind(
    cls="threading.Lock",
    make=("",) * 8 + ("{odd}", "x={odd}"),
    steps=(
        *("{v}.acquire(False)", "{v}.release()", "{v}.locked()") * 4,
        *("{v}.acquire({flag}, {timeout})", "{v}.acquire({flag})") * 2,
        *("{v}.acquire(timeout={timeout})", "{v}.acquire(blocking={flag})") * 2,
        *("{v}.acquire()", "{v}.__enter__()", "{v}.__exit__(None, None, None)"),
        *("{v}.__exit__()", "{v}.__exit__({odd})", "{v}.acquire_lock(False)"),
        *("{v}.release_lock()", "{v}.locked_lock()", "{v}._at_fork_reinit()"),
        *(
            "{v}.acquire({odd}, {odd}, {odd})",
            "{v}.release({odd})",
            "{v}.locked({odd})",
        ),
        *("inside({v})", "inside({v}, fail)", "{v}.acquire(block={flag})"),
        "{v}.__enter__({odd})",
    ),
    seen=("{v}.locked()", "repr({v})"),
    methods=_LOCKED,
    names=(*_LOCKED, "acquire_lock", "_at_fork_reinit", "_is_owned"),
    base=False,
)

RLOCK = dataclasses.replace(
    LOCK,
    cls="threading.RLock",
    steps=(
        *LOCK.steps,
        *("{v}._is_owned()", "{v}._release_save()", "{v}._recursion_count()") * 2,
        *("{v}._acquire_restore({odd})", "{v}._acquire_restore({v}._release_save())"),
        *("{v}._acquire_restore((1, 'x'))", "{v}._is_owned({odd})"),
    ),
    seen=("{v}._is_owned()", "repr({v})"),
    names=(*LOCK.names, "_release_save", "_acquire_restore", "_recursion_count"),
)

CONDITION = Kind(
    cls="threading.Condition",
    make=("{lock}",) * 6 + ("lock={manager}", "{odd}"),
    steps=(
        *("{v}.acquire(False)", "{v}.release()", "{v}.notify()", "{v}.notify_all()")
        * 3,
        *("{v}.acquire({flag}, {timeout})", "{v}.notify({count})", "{v}.__enter__()"),
        *("{v}.wait(0)", "{v}.wait({timeout})", "{v}.wait(timeout={timeout})") * 2,
        *("{v}.wait_for({call}, {timeout})", "{v}.wait_for(Truth({flag}), {timeout})"),
        *("{v}.wait_for(lambda: {flag}, {timeout})", "{v}.notify(n={count})"),
        *(
            "{v}.wait_for(predicate=Called({flag}), timeout={timeout})",
            "{v}.notifyAll()",
        ),
        *("inside({v}, lambda e: {v}.wait(0))", "inside({v}, fail)", "inside({v})"),
        *(
            "inside({v}, lambda e: {v}.notify({count}))",
            "{v}.__exit__(None, None, None)",
        ),
        *("{v}._is_owned()", "{v}._release_save()", "{v}._acquire_restore({odd})"),
        *("len({v}._waiters)", "{v}._lock", "{v}._lock.acquire(False)", "{v}.wait()"),
        *(
            "{v}._lock = {manager}",
            "{v}._is_owned = Called({flag})",
            "{v}.__exit__({odd})",
        ),
        *("{v}._release_save = Called({odd})", "{v}._waiters = {odd}", "{v}.locked()"),
        *("{v}._at_fork_reinit()", "{v}.wait_for({odd})", "{v}._lock is {v}._lock"),
        *("{v}.acquire = Called({flag})", "{v}.release = Called({odd})"),
    ),
    seen=("repr({v})", "len({v}._waiters)", "{v}._is_owned()"),
    methods=(
        *("wait", "wait_for", "notify", "notify_all", "__enter__", "__exit__"),
        *("_is_owned", "_release_save", "_acquire_restore", "__init__", "__repr__"),
    ),
    names=(
        *("acquire", "release", "wait", "notify", "_lock", "_waiters", "_is_owned"),
        *("_release_save", "_acquire_restore", "notifyAll", "_at_fork_reinit", "fresh"),
    ),
)

EVENT = Kind(
    cls="threading.Event",
    make=("",) * 8 + ("{odd}",),
    steps=(
        *("{v}.set()", "{v}.clear()", "{v}.is_set()", "{v}.wait(0)") * 4,
        *("{v}.wait({timeout})", "{v}.wait(timeout={timeout})", "{v}._flag") * 2,
        *("{v}._flag = {odd}", "{v}._flag = {flag}", "{v}.isSet()", "{v}._cond") * 2,
        *("{v}._cond.notify_all()", "inside({v}._cond)", "{v}._cond = {manager}"),
        *("{v}._cond = threading.Condition({lock})", "del {v}._flag", "del {v}._cond"),
        *("{v}.wait({odd}, {odd})", "{v}.set({odd})", "{v}.clear({odd})", "{v}.wait()"),
        *("{v}._cond.acquire(False)", "{v}._cond.release()", "{v}._at_fork_reinit()"),
        *("inside({v}._cond, lambda e: {v}.is_set())", "{v}.is_set = Called({flag})"),
    ),
    seen=("{v}.is_set()", "repr({v})"),
    methods=("set", "clear", "is_set", "wait", "__init__", "__repr__", "isSet"),
    names=(
        *("set", "clear", "is_set", "wait", "isSet", "_flag", "_cond", "fresh"),
        "_at_fork_reinit",
    ),
)

SEMAPHORE = Kind(
    cls="threading.Semaphore",
    make=("", "1", "2", "0", "{count}", "{count}", "value={count}"),
    steps=(
        *("{v}.acquire(False)", "{v}.release()", "{v}.release({permits})") * 4,
        *("{v}.acquire({flag}, {timeout})", "{v}.acquire(timeout={timeout})") * 3,
        *("{v}.acquire({flag})", "{v}.acquire()", "{v}.release(n={permits})") * 2,
        *("{v}.__enter__()", "{v}.__enter__(False)", "{v}.__exit__(None, None, None)"),
        *("{v}.__exit__({odd})", "inside({v})", "inside({v}, fail)", "{v}._value"),
        *("{v}._value = {count}", "{v}._value = {odd}", "{v}._value += 1", "{v}._cond"),
        *("inside({v}._cond)", "{v}._cond.notify()", "{v}._cond = {manager}"),
        *("{v}._cond = threading.Condition({lock})", "del {v}._value", "del {v}._cond"),
        *(
            "{v}.acquire = Called({flag})",
            "{v}.release = Called({odd})",
            "{v}.locked()",
        ),
        *("{v}.acquire(blocking={flag}, timeout={timeout})", "{v}.release({odd})"),
        *("{v}.__enter__({flag}, {timeout})", "{v}.acquire({odd}, {odd}, {odd})"),
    ),
    seen=("{v}._value", "repr({v})"),
    methods=("acquire", "release", "__enter__", "__exit__", "__init__", "__repr__"),
    names=("acquire", "release", "_value", "_cond", "fresh", "_initial_value"),
)

BOUNDED = dataclasses.replace(
    SEMAPHORE,
    cls="threading.BoundedSemaphore",
    steps=(
        *SEMAPHORE.steps,
        *("{v}._initial_value", "{v}._initial_value = {count}") * 2,
        *("{v}._initial_value = {odd}", "del {v}._initial_value"),
    ),
)

BARRIER = Kind(
    cls="threading.Barrier",
    make=(
        *(
            "1",
            "1",
            "2",
            "{count}",
            "{few}, {call}",
            "1, {call}",
            "1, {call}, {timeout}",
        ),
        *("{count}, None, {timeout}", "parties={count}", "1, action={call}"),
        *("1, timeout={timeout}", "2, timeout=0.001", ""),
    ),
    steps=(
        *("{v}.wait(0)", "{v}.wait(0.001)", "{v}.reset()", "{v}.abort()") * 3,
        *("{v}.wait({timeout})", "{v}.wait(timeout={timeout})", "{v}.wait()") * 2,
        *("{v}.parties", "{v}.n_waiting", "{v}.broken", "{v}._state", "{v}._count"),
        *(
            "{v}._parties",
            "{v}._action",
            "{v}._timeout",
            "{v}._cond",
            "{v}.parties = 2",
        ),
        *("{v}._parties = {count}", "{v}._action = {call}", "{v}._timeout = {timeout}"),
        *("{v}._state = {count}", "{v}._count = {count}", "del {v}._{private}"),
        *("{v}.broken = True", "inside({v}._cond)", "{v}._cond = {manager}"),
        *(
            "inside({v}._cond, lambda e: {v}._enter())",
            "inside({v}._cond, lambda e: {v}._exit())",
        ),
        *(
            "inside({v}._cond, lambda e: {v}._release())",
            "inside({v}._cond, lambda e: {v}._break())",
        ),
        *(
            "{v}._break()",
            "{v}._wait({timeout})",
            "{v}.reset({odd})",
            "{v}.abort({odd})",
        ),
        *("{v}._action = lambda: {v}.n_waiting", "{v}._action = lambda: {v}.abort()"),
        *(
            "{v}._action = lambda: LOG.append(({v}._state, {v}._count))",
            "{v}._enter = note",
        ),
    ),
    seen=("repr({v})", "{v}.broken", "{v}.n_waiting", "{v}._state"),
    methods=(
        *("wait", "reset", "abort", "_enter", "_release", "_wait", "_exit", "_break"),
        *("__init__", "__repr__", "n_waiting", "broken", "parties"),
    ),
    names=(
        *(
            "wait",
            "reset",
            "abort",
            "parties",
            "n_waiting",
            "broken",
            "_state",
            "_count",
        ),
        *("_parties", "_action", "_timeout", "_cond", "fresh", "_enter", "_break"),
    ),
)
