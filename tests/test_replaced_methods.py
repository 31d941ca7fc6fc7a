"""A method that a program replaces in one object: the other methods of the object call it as often,
and with the same arguments, as the standard class's do.
"""

import warnings

import pytest
from classes import standard
from support.target import SIDES, std_threading, threading

ROWS = standard("replaceable")
OBJECTS = {name: (row, row.new_for_one) for name, row in ROWS.items()} | {
    name: (row, new) for row in ROWS.values() for name, new in row.replaced.items()
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
@pytest.mark.parametrize("name", OBJECTS)
def test_a_replaced_method_is_called_as_the_standard_class_calls_it(name, is_inflated):
    row, make = OBJECTS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for replaced in [*row.inside, *row.replaceable]:
            for method, call in row.replaceable.items():
                sides = [
                    calls(lambda m=side: make(m), replaced, call, is_inflated)
                    for side in SIDES
                    if all(hasattr(make(side), part) for part in (method, replaced))
                ]
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
    calls_of_notify = []
    for t in (std_threading, threading):
        semaphore, seen = t.Semaphore(), []
        semaphore._cond.notify = lambda *args, seen=seen: seen.append(args)
        semaphore.release(2)
        calls_of_notify.append(seen)
    assert calls_of_notify[0] == calls_of_notify[1]
    assert calls_of_notify[0]
