"""Copies and pickles of weftline's objects, and of subclasses with methods for that, end as those
of the standard ones.
"""

import copy
import pickle

import pytest
from classes import CLASSES, standard
from support.alike import SIDES
from support.differ import outcome
from support.workers import start, until

MAKERS = {name: row.new for name, row in standard("parts").items()} | {
    "Condition over a lock": lambda m: m.threading.Condition(m.threading.Lock()),
    "pool": CLASSES["ThreadPoolExecutor"].new,
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
@pytest.mark.parametrize("kind", MAKERS)
def test_what_needs_a_second_lock_fails_as_for_the_standard_object(
    kind, way, is_inflated
):
    ends = []
    for side in SIDES:
        thing = MAKERS[kind](side)
        if is_inflated:
            vars(thing)
        ends.append(outcome(WAYS[way], thing))
        if kind == "pool":
            thing.shutdown()
    assert ends[0][0][0] == ends[1][0][0] == "raised"
    if way not in ("pickle, protocol 0", "pickle, protocol 1"):
        assert ends[1] == ends[0]


@pytest.mark.parametrize("is_inflated", [False, True])
@pytest.mark.parametrize("kind", [kind for kind in MAKERS if kind != "pool"])
def test_a_shallow_copy_shares_what_the_object_has(kind, is_inflated):
    for side in SIDES:
        thing = MAKERS[kind](side)
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


SAVED = standard("left_out")


def subclasses():
    """A subclass of each class on each side; pickle finds it by its name in this module."""
    found = {}
    for row in SAVED.values():
        for number, side in enumerate(SIDES):
            name = f"{row.name}On{number}"
            body = {
                "left_out": row.left_out,
                "make_anew": lambda thing, row=row, side=side: row.make_anew(
                    thing, side
                ),
                "__module__": __name__,
                "__qualname__": name,
            }
            cls = row.get(side)
            found[name] = type(cls)(name, (SavesItsDict, cls), body)
    return found


globals().update(subclasses())


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", SAVED)
def test_a_subclass_that_saves_its_dict_keeps_its_content(name, protocol):
    row, answers = SAVED[name], []
    for number in range(len(SIDES)):
        cls = globals()[f"{name}On{number}"]
        thing = cls(*row.arguments)
        row.work(thing)
        thing.note = "mine"
        for twin in (
            pickle.loads(pickle.dumps(thing, protocol)),
            copy.deepcopy(thing),
        ):
            assert twin.note == "mine" and type(twin) is cls
            answers.append(row.read(twin))
    assert all(answer == answers[0] for answer in answers)
