"""The transition from compact to inflated, the same for every class: by several threads at once,
inside itself, and over attributes of the program.
"""

import os

import pytest
from support.forking import expect_success, in_child
from support.pools import futures
from support.target import ours_only, queue, threading
from support.workers import run_all, start

MADE = {
    "Queue": (lambda: queue.Queue(3), "mutex"),
    "LifoQueue": (lambda: queue.LifoQueue(), "queue"),
    "PriorityQueue": (lambda: queue.PriorityQueue(), "not_empty"),
    "Event": (lambda: threading.Event(), "_cond"),
    "Condition": (lambda: threading.Condition(), "_waiters"),
    "Semaphore": (lambda: threading.Semaphore(2), "_cond"),
    "BoundedSemaphore": (lambda: threading.BoundedSemaphore(2), "_value"),
    "Barrier": (lambda: threading.Barrier(2), "_cond"),
    "Future": (lambda: futures.Future(), "_condition"),
}
KINDS = pytest.mark.parametrize("kind", MADE)
# A call for which the object must be whole, and what it returns.
USES = {
    "Queue": (lambda thing: (thing.put(1, timeout=5), thing.get(timeout=5))[1], 1),
    "Event": (lambda thing: (thing.set(), thing.wait(5))[1], True),
    "Condition": (lambda thing: thing.acquire(timeout=5), True),
    "Semaphore": (lambda thing: thing.acquire(timeout=5), True),
    "Barrier": (lambda thing: (thing.abort(), thing.broken)[1], True),
    "Future": (lambda thing: (thing.set_result(1), thing.result(5))[1], 1),
}
USES["LifoQueue"] = USES["PriorityQueue"] = USES["Queue"]
USES["BoundedSemaphore"] = USES["Semaphore"]


def with_key(thing, part, compare):
    """Gives the object an attribute whose name calls `compare` when it is compared with that of
    the part.
    """

    class Key(str):
        def __hash__(self):
            return hash(part)

        def __eq__(self, other):
            compare()
            return False

    setattr(thing, Key("key"), None)


@KINDS
def test_threads_that_inflate_an_object_at_once_find_the_same_parts(kind, rounds=50):
    make, part = MADE[kind]
    for _ in range(rounds):
        thing = make()
        first, *others = run_all(*[lambda thing=thing: dict(vars(thing))] * 4)
        for parts in others:
            assert parts.keys() == first.keys()
            assert parts[part] is first[part]


@KINDS
def test_a_part_is_there_while_another_thread_initialises_the_object_again(
    kind, reads=500
):
    make, part = MADE[kind]
    arguments = {"Queue": [3], "Barrier": [2]}.get(kind, [2] * ("Semaphore" in kind))
    for _ in range(10):
        thing, over = make(), []

        def initialise(thing=thing, over=over):
            while not over:
                thing.__init__(*arguments)

        initialising = start(initialise)
        try:
            for _ in range(reads):
                getattr(thing, part)
        finally:
            over.append(True)
        initialising.result()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@KINDS
def test_a_child_that_is_forked_beside_inflations_has_whole_objects(kind, forks=20):
    make, part = MADE[kind]
    use, result = USES[kind]

    def use_all(things):
        for thing in things:
            assert vars(thing)[part] is getattr(thing, part)
            assert use(thing) == result

    for _ in range(forks):
        # A list would be locked when it changes, and that lock does not survive a fork.
        things = tuple(make() for _ in range(500))
        inflating = start(lambda things=things: [vars(thing) for thing in things])
        expect_success(in_child(use_all, things))
        inflating.result()


@ours_only
@KINDS
def test_an_inflation_inside_that_of_the_same_object_is_refused(kind):
    make, part = MADE[kind]
    thing, armed, refused = make(), [], []

    def compare():
        if armed:
            try:
                vars(thing)
            except RuntimeError as error:
                refused.append(str(error))
                raise

    with_key(thing, part, compare)
    armed.append(True)
    with pytest.raises(RuntimeError):
        vars(thing)
    assert set(refused) == {"cannot use the parts of an object that is being inflated"}
    armed.clear()
    assert part in vars(thing)
    assert getattr(thing, part) is vars(thing)[part]


@KINDS
def test_an_inflation_inside_that_of_another_object_is_whole(kind):
    make, part = MADE[kind]
    thing, other, found = make(), make(), []
    with_key(thing, part, lambda: found.append(vars(other)[part]))
    assert part in vars(thing)
    assert found
    assert all(one is vars(other)[part] for one in found)
    assert getattr(other, part) is found[0]


@ours_only
def test_an_object_is_compact_to_what_runs_inside_its_inflation():
    event, seen, armed = threading.Event(), [], []

    def compare():
        if armed:
            event.set()
            seen.append(event.is_set())

    with_key(event, "_cond", compare)
    armed.append(True)
    vars(event)
    armed.clear()
    assert seen
    assert all(seen)
    assert event._flag is True
    assert event.wait(0) is True


@KINDS
def test_an_attribute_that_a_subclass_hides_keeps_the_value_of_the_program(kind):
    make, part = MADE[kind]
    mine = type("Mine", (type(make()),), {part: None, "__init__": lambda self: None})
    thing, value = mine(), object()
    setattr(thing, part, value)
    assert vars(thing)[part] is value
    assert getattr(thing, part) is value
