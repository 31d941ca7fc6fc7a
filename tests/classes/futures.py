"""Future and ThreadPoolExecutor."""

from classes.row import Class, Wait


def _wait(m, timeout):
    return len(m.futures.wait([m.futures.Future()], timeout).done)


def _as_completed(m, timeout):
    return list(m.futures.as_completed([m.futures.Future()], timeout))


def _settled(m):
    future = m.futures.Future()
    future.set_result(1)
    return future


def _make_anew(future, m):
    future._condition = m.threading.Condition()


FUTURE = Class(
    name="Future",
    perturbed=(
        "Future",
        "cancelled running done result exception add_done_callback",
        "cancel set_running_or_notify_cancel set_result set_exception",
    ),
    module="concurrent.futures",
    rust=("Future", "TaskError"),
    readme="`weftline::Future<T>`",
    rustdoc=(
        "`concurrent.futures.Future`, `CancelledError`",
        "[`Future<T>`], [`TaskError`]",
    ),
    core="`executor/raw/future.rs`",
    model="future",
    binding="`futures/future.rs`",
    tests="`test_future*.py` · `future.rs`",
    beyond="`set_result()` and `cancel()` from destructors and signal handlers",
    waits={
        "Future.result": Wait(
            call=lambda future: future.result(),
            timed=lambda future, limit: future.result(limit),
            free=lambda future: future.set_result(1),
            again=None,
        )
    },
    timed_calls={
        "Future.exception": lambda m, timeout: m.futures.Future().exception(timeout),
        "futures.wait": _wait,
        "futures.as_completed": _as_completed,
    },
    parts=frozenset(
        (
            *("_condition", "_state", "_result", "_exception"),
            *("_waiters", "_done_callbacks"),
        )
    ),
    missed=("_state", "_condition", "_result"),
    uses=(lambda f: f.done(), lambda f: f.cancel(), lambda f: f.set_result(1)),
    calls=(
        lambda f: f.result(1, 2),
        lambda f: f.result(timeout=1),
        lambda f: f.set_result(),
        lambda f: f.set_exception(exception=None),
        lambda f: f.add_done_callback(fn=len),
        lambda f: f.add_done_callback(),
    ),
    replaceable={
        "set_result": lambda f: f.set_result(1),
        "set_exception": lambda f: f.set_exception(ValueError()),
        "cancel": lambda f: f.cancel(),
        "result": lambda f: f.result(0),
        "exception": lambda f: f.exception(0),
        "done": lambda f: f.done(),
        "add_done_callback": lambda f: f.add_done_callback(id),
        "set_running_or_notify_cancel": lambda f: f.set_running_or_notify_cancel(),
    },
    inside=("_invoke_callbacks", "_Future__get_result"),
    replaced={"Future, settled": _settled},
    left_out=("_condition",),
    make_anew=_make_anew,
    work=lambda f: f.set_result([1]),
    read=lambda f: (f.done(), f.result(1), f.exception()),
    without={
        **dict.fromkeys(
            ("hammered", "hammer", "use", "reentered"),
            "it settles once, so no loop uses it again and again: `test_future*.py`",
        ),
        "no_memory": "`test_no_memory_futures.py`",
        "links": "`support/chains.py`, with results, exceptions and callbacks",
    },
)

POOL = Class(
    name="ThreadPoolExecutor",
    module="concurrent.futures",
    rust=("ThreadPoolExecutor", "Executor"),
    rustdoc=(
        "`concurrent.futures.ThreadPoolExecutor`, `Executor`",
        "[`ThreadPoolExecutor`], [`Executor`]",
    ),
    core="`executor/pool/` (Rust's own)",
    model="workers",
    binding="`futures/work_queue.rs`, `_futures/pool.py`",
    tests="`test_thread_pool_executor*.py` · `executor.rs`",
    beyond="`context=True`; `map(buffersize=…)` on every version; forks",
    in_python=True,
    arguments=(1,),
    without={
        **dict.fromkeys(
            ("waits", "hammered", "hammer", "use", "reentered"),
            "its callers wait in a future; forks and exits: `test_thread_pool_process.py`",
        ),
        **dict.fromkeys(
            ("links", "parts", "calls", "replaceable", "left_out", "make_anew"),
            "its class is Python's: `test_thread_pool*.py`",
        ),
        **dict.fromkeys(("work", "read"), "it is not copied"),
        "no_memory": "`test_no_memory_futures.py`",
    },
)
