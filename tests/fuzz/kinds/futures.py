"""Futures, waits for several, and pools."""

from fuzz.kinds.kind import Kind

FUTURE = Kind(
    cls="futures.Future",
    make=("",) * 10 + ("{odd}",),
    steps=(
        *("{v}.set_result({item})", "{v}.cancel()", "{v}.done()", "{v}.result(0)") * 4,
        *("{v}.set_exception({error})", "{v}.set_running_or_notify_cancel()") * 4,
        *("{v}.result({timeout})", "{v}.exception({timeout})", "{v}.exception(0)") * 2,
        *("{v}.add_done_callback({callback})",) * 5,
        *("{v}.running()", "{v}.cancelled()", "{v}.result(timeout={timeout})") * 2,
        *("{v}._state", "{v}._state = {state}", "{v}._result", "{v}._exception") * 2,
        *("{v}._result = {item}", "{v}._exception = {error}", "{v}._condition"),
        *("{v}._waiters", "{v}._done_callbacks", "{v}._done_callbacks = []"),
        *("{v}._done_callbacks.append({callback})", "{v}._done_callbacks.clear()"),
        *("{v}._done_callbacks.remove({callback})", "{v}._waiters.append({odd})"),
        *(
            "{v}._condition = {manager}",
            "inside({v}._condition)",
            "{v}._invoke_callbacks()",
        ),
        *(
            "inside({v}._condition, lambda e: {v}._condition.notify_all())",
            "{v}.result()",
        ),
        *("inside({v}._condition, lambda e: {v}.cancel())", "{v}._waiters = {odd}"),
        *(
            "futures.wait([{v}], {timeout}, {when})",
            "futures.wait([{v}, {w}], 0, {when})",
        ),
        *("futures.wait({odd}, 0)", "futures.wait([{v}], timeout={timeout})") * 2,
        *(
            "futures.wait([{v}, {v}], 0)",
            "futures.wait({{{v}, {w}}}, return_when={when}, timeout=0)",
        ),
        *(
            "list(futures.as_completed([{v}], {timeout}))",
            "set(futures.as_completed([{v}, {w}], 0))",
        ),
        *(
            "list(futures.as_completed([{v}, {v}], timeout=0))",
            "next(futures.as_completed([{v}], 0))",
        ),
        *(
            "list(futures.as_completed({odd}, 0))",
            "futures.as_completed([{v}], {timeout})",
        ),
        *(
            "futures.wait([{v}], 0).not_done",
            "futures.wait([{v}], 0)[{few}]",
            "{v}.set_result()",
        ),
        *(
            "futures.wait(futures.wait([{v}], 0).not_done, 0)",
            "{v}.set_exception()",
        ),
        *(
            "{v}.set_result = note",
            "{v}.done = Called({flag})",
            "{v}.add_done_callback({odd})",
        ),
        *(
            "{v}.result({odd}, {odd})",
            "{v}.cancel({odd})",
            "{v}.set_result(result={item})",
        ),
        *(
            "{v}.set_exception(exception={error})",
            "{v}.add_done_callback(fn={callback})",
        ),
        *(
            "{v}._Future__get_result()",
            "futures._base.Future.done({v})",
            "len({v}._waiters)",
        ),
    ),
    seen=(
        *("repr({v})", "{v}.done()", "{v}._state", "{v}._result", "{v}._exception"),
        "len({v}._done_callbacks)",
    ),
    methods=(
        *("result", "exception", "set_result", "set_exception", "cancel", "done"),
        *("add_done_callback", "set_running_or_notify_cancel", "_invoke_callbacks"),
        *("running", "cancelled", "__init__", "__repr__"),
    ),
    names=(
        *("result", "exception", "set_result", "cancel", "done", "_state", "_result"),
        *("_exception", "_condition", "_waiters", "_done_callbacks", "fresh"),
        *("_invoke_callbacks", "_Future__get_result"),
    ),
)

POOL = Kind(
    cls="futures.ThreadPoolExecutor",
    make=(
        *(
            "1",
            "1",
            "1, 'pool'",
            "{count}",
            "max_workers={count}",
            "1, initializer={call}",
        ),
        *(
            "1, '', {call}, ({item},)",
            "1, thread_name_prefix={odd}",
            "1, initargs={odd}",
        ),
        *("1, initializer=note, initargs={odd}", "{odd}", "1, initializer={odd}"),
    ),
    steps=(
        *("{v}.submit({call}, {item}).result(9)", "{v}.submit({call}).exception(9)")
        * 4,
        *(
            "{v}.submit({call}, {item}, k={item}).result(9)",
            "list({v}.map({call}, [{item}, {item}]))",
        )
        * 2,
        *(
            "list({v}.map({call}, {odd}))",
            "list({v}.map({call}))",
            "{v}.submit({odd}).exception(9)",
        ),
        *(
            "list({v}.map({call}, [1, 2], timeout=9))",
            "list({v}.map({call}, [1], chunksize={count}))",
        ),
        *(
            "{v}.shutdown()",
            "{v}.shutdown({flag})",
            "{v}.shutdown(cancel_futures={flag})",
        ),
        *(
            "{v}.shutdown(wait={flag}, cancel_futures={flag})",
            "{v}.shutdown({odd}, {odd})",
        ),
        *(
            "futures.wait([{v}.submit({call}), {v}.submit({call}, 1)], 9)",
            "{v}.submit()",
        ),
        *(
            "len(list(futures.as_completed([{v}.submit({call}), {v}.submit(note)], 9)))",
        ),
        *(
            "inside({v})",
            "inside({v}, fail)",
            "inside({v}, lambda e: {v}.submit(note).result(9))",
        ),
        *("{v}.__exit__(None, None, None)", "{v}.__enter__()", "{v}._max_workers"),
        *(
            "{v}._max_workers = {count}",
            "{v}._shutdown",
            "{v}._broken",
            "{v}._initializer",
        ),
        *(
            "{v}._initargs",
            "{v}._thread_name_prefix",
            "{v}._shutdown_lock",
            "{v}._broken = {odd}",
        ),
        *(
            "{v}._shutdown = {flag}",
            "{v}._initializer = {call}",
            "{v}._initargs = {odd}",
        ),
        *("{v}._work_queue.qsize()", "type({v}._threads)", "{v}.submit(fn={call})"),
        *("{v}.submit = note", "{v}._adjust_thread_count = note", "{v}.map()"),
        *(
            "{v}.submit({call}, self=1).exception(9)",
            "{v}.submit({call}, fn=1).exception(9)",
        ),
        *(
            "next({v}.map({call}, [1]))",
            "{v}.map(give, [1, 2]).close()",
        ),
    ),
    seen=("{v}._shutdown", "{v}._max_workers", "{v}.shutdown()"),
    methods=("submit", "map", "shutdown", "__enter__", "__exit__", "__init__"),
    names=(
        *("submit", "map", "shutdown", "_max_workers", "_threads", "_shutdown"),
        *("_broken", "_shutdown_lock", "_initializer", "_initargs", "fresh"),
        *("_work_queue", "_thread_name_prefix", "_counter", "_idle_semaphore"),
    ),
    threaded=True,
)
