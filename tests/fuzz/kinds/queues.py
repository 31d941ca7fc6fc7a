"""Queues of all four kinds."""

import dataclasses
import sys

from fuzz.kinds.kind import Kind

_NEWER = (
    (
        *("{v}.shutdown()", "{v}.shutdown({flag})", "{v}.shutdown(immediate={flag})"),
        *("{v}.is_shutdown", "{v}.is_shutdown = {flag}", "{v}.is_shutdown = False"),
    )
    if sys.version_info >= (3, 13)
    else ()
)

_COMMON = (
    *("{v}.put({item})", "{v}.put_nowait({item})", "{v}.get_nowait()") * 5,
    *("{v}.get(False)", "{v}.qsize()", "{v}.empty()") * 3,
    *("{v}.put({item}, {flag}, {timeout})", "{v}.get({flag}, {timeout})") * 2,
    *("{v}.put({item}, timeout={timeout})", "{v}.get(timeout={timeout})") * 2,
    *("{v}.put({item}, {flag})", "{v}.get({flag})", "{v}.get(block={flag}, timeout=0)"),
    *("{v}.get()", "{v}.put(item={item})", "{v}.put({item}, block={flag}, timeout=0)"),
    *(
        "{v}.put()",
        "{v}.put({odd}, {odd}, {odd}, {odd})",
        "{v}.get({odd}, {odd}, {odd})",
    ),
    *("several({v}.get_nowait, {v}.get_nowait)", "several({v}.qsize, {v}.empty)"),
    "{v}.put({w})",
)

_METHODS = ("put", "get", "put_nowait", "get_nowait", "qsize", "empty")

SIMPLE = Kind(
    cls="queue.SimpleQueue",
    make=("",) * 8 + ("{odd}", "maxsize={count}"),
    steps=_COMMON,
    seen=("{v}.qsize()", "{v}.empty()", "[{v}.get(False) for _ in range({v}.qsize())]"),
    methods=_METHODS,
    names=(*_METHODS, "fresh", "maxsize", "queue"),
)

QUEUE = Kind(
    cls="queue.Queue",
    make=("", "", "1", "2", "{count}", "maxsize={count}", "{few}"),
    steps=(
        *_COMMON * 2,
        *_NEWER * 2,
        *("{v}.task_done()", "{v}.full()", "{v}.maxsize", "{v}.unfinished_tasks") * 3,
        *("{v}.join()", "{v}.maxsize = {count}", "{v}.unfinished_tasks = {count}"),
        *(
            "{v}.queue",
            "list({v}.queue)",
            "{v}.mutex",
            "inside({v}.mutex)",
            "{v}._qsize()",
        ),
        *("{v}._put({item})", "{v}._get()", "{v}._init({count})", "{v}.queue.clear()"),
        *(
            "{v}.queue = {odd}",
            "{v}.queue = collections.deque([1, 2])",
            "{v}.queue = [3]",
        ),
        *("inside({v}.mutex, lambda e: {v}._qsize())", "{v}.not_empty", "{v}.not_full"),
        *(
            "inside({v}.not_empty, lambda e: {v}.not_empty.notify())",
            "{v}.all_tasks_done",
        ),
        *("inside({v}.all_tasks_done, lambda e: {v}.all_tasks_done.notify_all())",),
        *("{v}.mutex = {manager}", "{v}.not_empty = threading.Condition({v}.mutex)"),
        *(
            "{v}._qsize = lambda: {count}",
            "{v}._put = Called({odd})",
            "{v}._get = Called({item})",
        ),
        *(
            "{v}._init = note",
            "{v}.task_done({odd})",
            "{v}.maxsize += 1",
            "{v}.time = 1",
        ),
        *(
            "{v}.put = note",
            "{v}.get = Called({item})",
            "{v}.full({odd})",
            "{v}.join({odd})",
        ),
    ),
    seen=(
        *("{v}.qsize()", "{v}.full()", "{v}.unfinished_tasks", "{v}.maxsize"),
        "list({v}.queue)",
    ),
    methods=(
        *_METHODS,
        *("task_done", "join", "full", "_init", "_put", "_get", "_qsize", "__init__"),
    ),
    names=(
        *_METHODS,
        *("task_done", "join", "full", "_init", "_put", "_get", "_qsize", "maxsize"),
        *("queue", "mutex", "not_empty", "not_full", "all_tasks_done", "fresh"),
        *("unfinished_tasks",),
        *(("shutdown", "is_shutdown") if _NEWER else ()),
    ),
)

LIFO = dataclasses.replace(QUEUE, cls="queue.LifoQueue")
PRIORITY = dataclasses.replace(QUEUE, cls="queue.PriorityQueue")
