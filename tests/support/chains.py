"""Chains of objects that hold each other: each of `LINKS` makes an object whose last reference to
`inner` is its own.
"""

import functools
import itertools
import threading as std_threading

from classes import having
from weftline import _weftline

from support.pools import futures
from support.target import MODULES, queue


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
        thing = make(inner)
        getattr(thing, name)
        return thing

    return link


def _attribute(make):
    def link(inner):
        thing = make()
        thing.attribute = inner
        return thing

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
    "call": _work_queue,
    "work item": _work_item,
    "outcome": lambda inner: _weftline._Tasks(_weftline._WorkQueue(), [inner]),
    "group": _group,
    "not done": _not_done,
    **{
        name: functools.partial(link, MODULES)
        for row in having("links").values()
        for name, link in row.links.items()
    },
    **{
        f"attribute of {name}": _attribute(functools.partial(row.new, MODULES))
        for name, row in having("parts").items()
    },
    "attribute of AFuture": _attribute(AFuture),
    "attribute of AQueue": _attribute(AQueue),
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
