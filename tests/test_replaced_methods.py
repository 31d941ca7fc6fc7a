"""A method that a program replaces in one object: the other methods of the object call it as often,
and with the same arguments, as the standard class's do.
"""

import warnings
from concurrent import futures as std_futures

import pytest
from support.pools import futures
from support.target import queue, std_queue, std_threading, threading

CONDITION = {
    "wait": lambda c: c.wait(0.001),
    "wait_for": lambda c: c.wait_for(bool, 0.001),
    "notify": lambda c: c.notify(),
    "notify_all": lambda c: c.notify_all(),
    "notifyAll": lambda c: c.notifyAll(),
    "__exit__": lambda c: c.__exit__(None, None, None),
}
SEMAPHORE = {
    "__enter__": lambda s: s.__enter__(),
    "__exit__": lambda s: s.__exit__(None, None, None),
    "acquire": lambda s: s.acquire(),
    "release": lambda s: s.release(),
}
EVENT = {
    "isSet": lambda e: e.isSet(),
    "set": lambda e: e.set(),
    "clear": lambda e: e.clear(),
    "wait": lambda e: e.wait(0.001),
}
BARRIER = {
    "wait": lambda b: b.wait(0.001),
    "reset": lambda b: b.reset(),
    "abort": lambda b: b.abort(),
}
QUEUE = {
    "put": lambda q: q.put(1),
    "put_nowait": lambda q: q.put_nowait(1),
    "get": lambda q: q.get(),
    "get_nowait": lambda q: q.get_nowait(),
    "qsize": lambda q: q.qsize(),
    "empty": lambda q: q.empty(),
    "full": lambda q: q.full(),
    "task_done": lambda q: q.task_done(),
    "shutdown": lambda q: q.shutdown(True),
}
FUTURE = {
    "set_result": lambda f: f.set_result(1),
    "set_exception": lambda f: f.set_exception(ValueError()),
    "cancel": lambda f: f.cancel(),
    "result": lambda f: f.result(0),
    "exception": lambda f: f.exception(0),
    "done": lambda f: f.done(),
    "add_done_callback": lambda f: f.add_done_callback(id),
    "set_running_or_notify_cancel": lambda f: f.set_running_or_notify_cancel(),
}
INSIDE = {
    "Condition": "_release_save _acquire_restore _is_owned wait notify",
    "Barrier": "_enter _release _wait _exit _break",
    "Queue": "_put _get _qsize _init",
    "Future": "_invoke_callbacks _Future__get_result",
}


def held(condition):
    condition.acquire()
    return condition


def filled(queue):
    queue.put(0)
    return queue


def settled(future):
    future.set_result(1)
    return future


MAKE = {
    "Condition": (CONDITION, lambda t, q, f: held(t.Condition())),
    "Semaphore": (SEMAPHORE, lambda t, q, f: t.Semaphore()),
    "BoundedSemaphore": (SEMAPHORE, lambda t, q, f: t.BoundedSemaphore()),
    "Event": (EVENT, lambda t, q, f: t.Event()),
    "Barrier": (BARRIER, lambda t, q, f: t.Barrier(1)),
    "Barrier, too few": (BARRIER, lambda t, q, f: t.Barrier(2)),
    "Queue": (QUEUE, lambda t, q, f: filled(q.Queue(2))),
    "LifoQueue": (QUEUE, lambda t, q, f: filled(q.LifoQueue(2))),
    "PriorityQueue": (QUEUE, lambda t, q, f: filled(q.PriorityQueue(2))),
    "Future": (FUTURE, lambda t, q, f: f.Future()),
    "Future, settled": (FUTURE, lambda t, q, f: settled(f.Future())),
}


def calls(make, replaced, call, is_inflated):
    """The calls of the replaced method that one call makes, and that one's outcome."""
    thing, seen = make(), []
    if is_inflated:
        vars(thing)
    real = getattr(thing, replaced)

    def replacement(*args, **kwargs):
        # The saved state of a lock has an identity of its thread and a level.
        seen.append("state" if "_restore" in replaced else repr((args, kwargs)))
        return real(*args, **kwargs)

    setattr(thing, replaced, replacement)
    try:
        return seen, repr(call(thing))
    except Exception as error:  # noqa: BLE001 - compared with the standard library's
        return seen, repr(error).split(" at 0x")[0]


@pytest.mark.parametrize("is_inflated", [False, True], ids=["compact", "inflated"])
@pytest.mark.parametrize("name", MAKE)
def test_a_replaced_method_is_called_as_the_standard_class_calls_it(name, is_inflated):
    methods, make = MAKE[name]
    inside = INSIDE.get(
        name.partition(",")[0].removeprefix("Lifo").removeprefix("Priority"), ""
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for replaced in [*inside.split(), *methods]:
            for method, call in methods.items():
                sides = []
                for modules in [
                    (std_threading, std_queue, std_futures),
                    (threading, queue, futures),
                ]:
                    thing = make(*modules)
                    if hasattr(thing, method) and hasattr(thing, replaced):
                        sides.append(
                            calls(
                                lambda m=modules: make(*m), replaced, call, is_inflated
                            )
                        )
                if len(sides) == 2:
                    assert sides[1] == sides[0], (replaced, method)


def test_a_replaced_wait_for_of_a_barriers_condition_is_called():
    for t in (std_threading, threading):
        barrier, seen = t.Barrier(2), []
        barrier._cond.wait_for = lambda _, timeout, seen=seen: seen.append(timeout)
        with pytest.raises(t.BrokenBarrierError):
            barrier.wait(0.001)
        assert seen == [0.001]


def test_a_replaced_notify_of_a_semaphores_condition_is_called():
    told = []
    for t in (std_threading, threading):
        semaphore, seen = t.Semaphore(), []
        semaphore._cond.notify = lambda *args, seen=seen: seen.append(args)
        semaphore.release(2)
        told.append(seen)
    assert told[0] == told[1]
    assert told[0]
