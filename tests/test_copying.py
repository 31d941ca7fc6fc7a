"""Copies and pickles of weftline's objects, and of subclasses with methods for that, end as those
of the standard ones.
"""

import concurrent.futures as std_futures
import copy
import pickle

import pytest
import weftline.concurrent.futures as our_futures
from support.differ import outcome
from support.target import (
    INSTALLED,
    STANDARD,
    queue,
    std_queue,
    std_threading,
    threading,
)
from support.workers import start, until

futures = std_futures if STANDARD or INSTALLED else our_futures

SIDES = [(std_threading, std_queue, std_futures), (threading, queue, futures)]

MADE = {
    "Queue": lambda t, q, f: q.Queue(3),
    "LifoQueue": lambda t, q, f: q.LifoQueue(),
    "PriorityQueue": lambda t, q, f: q.PriorityQueue(),
    "Event": lambda t, q, f: t.Event(),
    "Condition": lambda t, q, f: t.Condition(),
    "Condition over a lock": lambda t, q, f: t.Condition(t.Lock()),
    "Semaphore": lambda t, q, f: t.Semaphore(2),
    "BoundedSemaphore": lambda t, q, f: t.BoundedSemaphore(2),
    "Barrier": lambda t, q, f: t.Barrier(2),
    "Future": lambda t, q, f: f.Future(),
    "pool": lambda t, q, f: f.ThreadPoolExecutor(1),
}

WAYS = {
    "deepcopy": copy.deepcopy,
    **{
        f"pickle, protocol {n}": lambda thing, n=n: pickle.dumps(thing, n)
        for n in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}


@pytest.mark.parametrize("is_inflated", [False, True])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", MADE)
def test_what_needs_a_second_lock_fails_as_for_the_standard_object(
    kind, way, is_inflated
):
    ends = []
    for side in SIDES:
        thing = MADE[kind](*side)
        if is_inflated:
            vars(thing)
        ends.append(outcome(WAYS[way], thing))
        if kind == "pool":
            thing.shutdown()
    assert ends[0][0][0] == ends[1][0][0] == "raised"
    if way not in ("pickle, protocol 0", "pickle, protocol 1"):
        assert ends[1] == ends[0]


@pytest.mark.parametrize("is_inflated", [False, True])
@pytest.mark.parametrize("kind", [kind for kind in MADE if kind != "pool"])
def test_a_shallow_copy_shares_what_the_object_has(kind, is_inflated):
    for side in SIDES:
        thing = MADE[kind](*side)
        if is_inflated:
            vars(thing)
        thing.note = []
        twin = copy.copy(thing)
        assert type(twin) is type(thing) and twin is not thing
        assert vars(twin) is not vars(thing)
        assert vars(twin).keys() == vars(thing).keys()
        for key in vars(thing):
            assert vars(twin)[key] is vars(thing)[key], key


def test_copies_of_an_event_share_their_condition():
    for threads, _, _ in SIDES:
        event = threads.Event()
        twin = copy.copy(event)
        waiter = start(twin.wait)
        until(lambda twin=twin: len(twin._cond._waiters) == 1)
        # Woken, though its own flag has not changed.
        event.set()
        assert waiter.result() is True and not twin.is_set()
        twin.set()
        assert twin.is_set()


def test_copies_of_a_condition_share_lock_and_waiters():
    for threads, _, _ in SIDES:
        condition = threads.Condition()
        twin = copy.copy(condition)
        assert twin._lock is condition._lock

        def wait(one=condition):
            with one:
                return one.wait(30)

        for one, other in ((condition, twin), (twin, condition)):
            waiter = start(wait, one)
            until(lambda other=other: len(other._waiters) == 1)
            with other:
                other.notify()
            assert waiter.result() is True
            assert len(condition._waiters) == len(twin._waiters) == 0
        assert repr(condition) == repr(twin)


def test_copies_of_a_future_keep_its_outcome():
    for _, _, module in SIDES:
        future = module.Future()
        pending = copy.copy(future)
        future.set_result("done")
        done = copy.copy(future)
        assert done.done() and done.result() == "done"
        assert not pending.done()
        pending.set_result("later")
        assert pending.result(0) == "later"
        finished, left = module.wait([done, pending], timeout=30)
        assert finished == {done, pending} and not left
        assert list(module.as_completed([done])) == [done]


class SavesItsDict:
    """As recipes for queues and events do it: they leave out the parts that do not pickle, and make
    them anew.
    """

    left_out = ()

    def __getstate__(self):
        state = self.__dict__.copy()
        for name in self.left_out:
            state.pop(name, None)
        return state

    def __setstate__(self, state):
        self.__dict__.update(state)
        self.make_anew()


class PicklesQueue(SavesItsDict):
    left_out = ("mutex", "not_empty", "not_full", "all_tasks_done")

    def make_anew(self):
        self.mutex = self.threads.Lock()
        for name in self.left_out[1:]:
            setattr(self, name, self.threads.Condition(self.mutex))


class PicklesCond(SavesItsDict):
    left_out = ("_cond",)

    def make_anew(self):
        self._cond = self.threads.Condition()


class PicklesCondition(SavesItsDict):
    left_out = ("_lock", "acquire", "release", "locked", "_waiters") + (
        *("_release_save", "_acquire_restore", "_is_owned"),
    )

    def make_anew(self):
        self.__init__(self.threads.Lock())


class PicklesFuture(SavesItsDict):
    left_out = ("_condition",)

    def make_anew(self):
        self._condition = self.threads.Condition()


def subclasses():
    """A subclass of each kind on each side; pickle finds it by its name in this module."""
    made = {}
    for number, (threads, queues, module) in enumerate(SIDES):
        for mixin, cls in (
            (PicklesQueue, queues.Queue),
            (PicklesQueue, queues.LifoQueue),
            (PicklesQueue, queues.PriorityQueue),
            (PicklesCond, threads.Event),
            (PicklesCond, threads.Semaphore),
            (PicklesCond, threads.BoundedSemaphore),
            (PicklesCond, threads.Barrier),
            (PicklesCondition, threads.Condition),
            (PicklesFuture, module.Future),
        ):
            name = f"{cls.__name__}On{number}"
            body = {"threads": threads, "__module__": __name__, "__qualname__": name}
            made[name] = type(cls)(name, (mixin, cls), body)
    return made


globals().update(subclasses())


def at_work(thing):
    """Gives the object a state of its own, and reads it."""
    kind = type(thing).__name__[:-3]
    acts = {
        "Queue": lambda: [thing.put(n) for n in (2, 1, 3)],
        "LifoQueue": lambda: [thing.put(n) for n in (2, 1, 3)],
        "PriorityQueue": lambda: [thing.put(n) for n in (2, 1, 3)],
        "Event": thing.set if hasattr(thing, "set") else None,
        "Semaphore": lambda: thing.acquire(),
        "BoundedSemaphore": lambda: thing.acquire(),
        "Barrier": lambda: thing.abort(),
        "Condition": lambda: None,
        "Future": lambda: thing.set_result([1]),
    }
    return acts[kind]()


def read(thing):
    kind = type(thing).__name__[:-3]
    reads = {
        "Queue": lambda: (
            thing.maxsize,
            thing.unfinished_tasks,
            [thing.get(timeout=1) for _ in range(thing.qsize())],
        ),
        "Event": lambda: (thing.is_set(), thing.wait(0)),
        "Semaphore": lambda: (thing._value, thing.acquire(timeout=1)),
        "BoundedSemaphore": lambda: (thing._value, thing._initial_value),
        "Barrier": lambda: (thing.parties, thing.broken, thing.n_waiting),
        "Condition": lambda: (thing.acquire(), thing.wait(0), thing.notify(5)),
        "Future": lambda: (thing.done(), thing.result(1), thing.exception()),
    }
    reads["LifoQueue"] = reads["PriorityQueue"] = reads["Queue"]
    return reads[kind]()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("kind", [name[:-3] for name in subclasses() if "On0" in name])
def test_a_subclass_that_saves_its_dict_keeps_its_content(kind, protocol):
    answers = []
    for number in range(len(SIDES)):
        cls = globals()[f"{kind}On{number}"]
        thing = cls(*({"Queue": [5], "Barrier": [2], "Semaphore": [4]}.get(kind, [])))
        at_work(thing)
        thing.note = "mine"
        for twin in (
            pickle.loads(pickle.dumps(thing, protocol)),
            copy.deepcopy(thing),
        ):
            assert twin.note == "mine" and type(twin) is cls
            answers.append(read(twin))
    assert all(answer == answers[0] for answer in answers)
