"""The column `no_memory` of the queues' rows: operations, and what holds of the items if one of
them fails.
"""

import copy
import queue as std_queue

from classes.row import nothing, refused

_ITEMS = [1, 2, 3, 1000]


def _filled(cls):
    def make():
        q = cls()
        for item in (3, 1, 2, 1000):
            q.put(item)
        return q

    return make


def _inflated(cls):
    def make():
        q = _filled(cls)()
        _ = q.mutex
        return q

    return make


def _holds(change):
    """Checks that no item is lost or doubled: an operation that has not failed adds as many items
    as it puts.
    """

    def check(q, result, failed):
        expected = len(_ITEMS) + (0 if failed else change)
        assert q.qsize() == expected
        taken = sorted(q.get_nowait() for _ in range(expected))
        assert len(set(taken)) == expected
        if change <= 0 or failed:
            assert set(taken) <= set(_ITEMS)
        q.put("again")
        assert q.get() == "again"

    return check


def no_memory_for_items(cls):
    """The operations that every queue has."""
    keeps, one_more, one_less = _holds(0), _holds(1), _holds(-1)
    make, empty = _filled(cls), std_queue.Empty
    yield "make", nothing, lambda _: cls(), None
    yield "put", make, lambda q: q.put(7), one_more
    yield "put within", make, lambda q: q.put(7, True, 1.5), one_more
    yield "put by name", make, lambda q: q.put(7, block=False), one_more
    yield "put_nowait", make, lambda q: q.put_nowait(7), one_more
    yield "get", make, lambda q: q.get(), one_less
    yield "get within", make, lambda q: q.get(True, 1.5), one_less
    yield "get by name", make, lambda q: q.get(timeout=1), one_less
    yield "get_nowait", make, lambda q: q.get_nowait(), one_less
    yield "empty get_nowait", cls, refused(empty, lambda q: q.get_nowait()), None
    yield "empty get", cls, refused(empty, lambda q: q.get(timeout=1e-4)), None
    yield "qsize", make, lambda q: q.qsize(), keeps
    yield "empty", make, lambda q: q.empty(), keeps
    yield "repr", make, repr, keeps


def no_memory_of_queue(m, cls):
    yield from no_memory_for_items(cls)
    keeps, make, inflated = _holds(0), _filled(cls), _inflated(cls)
    full_error, shut_error = std_queue.Full, m.queue.ShutDown

    def full():
        q = cls(1)
        q.put(1)
        return q

    def shut():
        q = cls()
        q.shutdown()
        return q

    def many():
        q = cls(1000)
        for item in range(300):
            q.put(item)
        return q

    yield "make bounded", nothing, lambda _: cls(maxsize=5), None
    yield "make odd", nothing, lambda _: cls(2.5), None
    subclass = type("Sub", (cls,), {})
    yield "make subclass", nothing, lambda _: subclass(), None
    yield "full", make, lambda q: q.full(), keeps
    yield "full put", full, refused(full_error, lambda q: q.put(2, timeout=1e-4)), None
    yield "full put_nowait", full, refused(full_error, lambda q: q.put_nowait(2)), None
    yield "many", many, lambda q: (q.qsize(), q._qsize(), q.unfinished_tasks), None
    yield "maxsize", many, lambda q: (q.maxsize, setattr(q, "maxsize", 2000)), None
    yield "task_done", make, lambda q: q.task_done(), keeps
    too_often = refused(ValueError, lambda q: q.task_done())
    yield "task_done too often", cls, too_often, None
    yield "refused", make, refused(ValueError, lambda q: q.get(timeout=-1)), keeps
    yield "join", cls, lambda q: q.join(), None
    for name in ("mutex", "queue", "not_empty", "not_full", "all_tasks_done"):
        yield name, make, lambda q, name=name: getattr(q, name), keeps
    yield "copy", make, copy.copy, keeps
    yield "shutdown", make, lambda q: q.shutdown(immediate=True), None
    yield "shut get", shut, refused(shut_error, lambda q: q.get()), None
    yield "shut put", shut, refused(shut_error, lambda q: q.put(1)), None
    # As in the standard library, an operation on an inflated queue may stop between two statements.
    yield "inflated put", inflated, lambda q: q.put(7), None
    yield "inflated get", inflated, lambda q: q.get(), None
    yield "inflated get within", inflated, lambda q: q.get(timeout=1), None
    yield "inflated qsize", inflated, lambda q: q.qsize(), keeps
    yield "inflated full", inflated, lambda q: q.full(), keeps
