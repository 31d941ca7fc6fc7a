"""Chains of objects that hold each other: each of `LINKS` makes an object whose last reference to
`inner` is its own.
"""

import functools
import itertools
import threading as std_threading

from weftline import _weftline

from support.pools import futures
from support.target import queue, threading


class Lock:
    """A lock of another kind, which refers to something."""

    def __init__(self, inner):
        self.inner = inner

    def acquire(self, *_):
        return True

    def release(self):
        pass

    def locked(self):
        return False


def _future(put, cls=futures.Future):
    def link(inner):
        future = cls()
        put(future, inner)
        return future

    return link


def _callback(inner):
    return functools.partial(print, inner)


def _raised(inner):
    error = ValueError()
    error.__context__ = KeyError(inner)
    return error


def _touch(name, make):
    def link(inner):
        made = make(inner)
        getattr(made, name)
        return made

    return link


def _attribute(make):
    def link(inner):
        made = make()
        made.attribute = inner
        return made

    return link


def _set(name, make):
    def link(inner):
        made = make()
        setattr(made, name, inner)
        return made

    return link


def _put(make):
    def link(inner):
        items = make()
        items.put(inner)
        return items

    return link


def _work_queue(inner):
    work = _weftline._WorkQueue()
    work.submit_anyway(print, (inner,), {})
    return work


def _work_item(inner):
    return _work_queue(inner).get_nowait()


def _group(inner):
    return _weftline._FutureGroup.of({_future(futures.Future.set_result)(inner)})


def _not_done(inner):
    future = futures.Future()
    future.add_done_callback(_callback(inner))
    return futures.wait([future], 0).not_done


class AFuture(futures.Future):
    pass


class AQueue(queue.Queue):
    pass


LINKS = {
    "result": _future(futures.Future.set_result),
    "exception": _future(lambda f, inner: f.set_exception(_raised(inner))),
    "callback": _future(lambda f, inner: f.add_done_callback(_callback(inner))),
    "result of a subclass": _future(futures.Future.set_result, AFuture),
    "result, with the condition": _touch(
        "_condition", _future(futures.Future.set_result)
    ),
    "callback, with the condition": _touch(
        "_condition", _future(lambda f, inner: f.add_done_callback(_callback(inner)))
    ),
    "item": _put(queue.Queue),
    "item of a subclass": _put(AQueue),
    "item, with the mutex": _touch("mutex", _put(queue.Queue)),
    "item, last in": _put(queue.LifoQueue),
    "item with priority": _put(queue.PriorityQueue),
    "simple item": _put(queue.SimpleQueue),
    "lock": lambda inner: threading.Condition(Lock(inner)),
    "flag": _set("_flag", threading.Event),
    "condition of an event": lambda inner: _set("_cond", threading.Event)(
        threading.Condition(Lock(inner))
    ),
    "value": _set("_value", threading.Semaphore),
    "bounded value": _set("_value", threading.BoundedSemaphore),
    "action": lambda inner: threading.Barrier(1, _callback(inner)),
    "action, with the condition": _touch(
        "_cond", lambda inner: threading.Barrier(1, _callback(inner))
    ),
    "call": _work_queue,
    "work item": _work_item,
    "outcome": lambda inner: _weftline._Tasks(_weftline._WorkQueue(), [inner]),
    "group": _group,
    "not done": _not_done,
    **{
        f"attribute of {make.__name__}": _attribute(make)
        for make in [
            futures.Future,
            queue.Queue,
            queue.LifoQueue,
            queue.PriorityQueue,
            threading.Condition,
            threading.Event,
            threading.Semaphore,
            threading.BoundedSemaphore,
            AFuture,
            AQueue,
        ]
    },
    "attribute of Barrier": _attribute(lambda: threading.Barrier(1)),
}


def chain(links, length, inner):
    """A chain of that length, each link in turn, around `inner`."""
    for link in itertools.islice(itertools.cycle(links), length):
        inner = link(inner)
    return inner


def on_a_stack_of(size, body):
    """Runs `body` in a thread with that much stack, or in this one if that is zero."""
    if not size:
        body()
        return
    before = std_threading.stack_size(size)
    thread = std_threading.Thread(target=body)
    thread.start()
    std_threading.stack_size(before)
    thread.join()


def links(name):
    """The links of that name; all of them in turn, if it is `mixed`."""
    return list(LINKS.values()) if name == "mixed" else [LINKS[name]]
