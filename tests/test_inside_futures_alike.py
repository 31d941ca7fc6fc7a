"""A future whose parts a program changes goes on as the standard one does."""

import pickle

import pytest
from support.alike import SIDES, alike
from support.differ import outcome
from support.workers import start, until


def test_a_future_with_another_condition_goes_on_under_that():
    def use(t, q, f):
        future = f.Future()
        future._condition = t.Condition(t.Lock())
        waiter = start(future.result, 30)
        until(lambda: len(future._condition._waiters) == 1)
        future.set_result(5)
        return waiter.result(), future.done(), future.exception()

    alike(use)


@pytest.mark.parametrize("how", ["cleared", "replaced", "deleted"])
def test_callbacks_that_were_taken_away_are_not_called(how):
    def use(t, q, f):
        called = []
        future = f.Future()
        future.add_done_callback(called.append)
        if how == "cleared":
            future._done_callbacks.clear()
        elif how == "replaced":
            future._done_callbacks = []
        else:
            del future._done_callbacks[0]
        future.set_result(1)
        future.add_done_callback(lambda _: called.append("late"))
        return called

    assert alike(use) == ("returned", "builtins.list", "['late']")


class Falsy(Exception):
    def __bool__(self):
        return False


@pytest.mark.parametrize(
    "exception", [False, None, 0, "", Falsy(), ValueError("x"), ValueError]
)
def test_an_exception_that_is_false_is_returned_and_not_raised(exception):
    for act in (
        lambda one: one.exception(),
        lambda one: one.result(),
        repr,
        lambda one: one._Future__get_result(),
    ):
        for is_inflated in (False, True):

            def use(t, q, f, act=act, is_inflated=is_inflated):
                one = f.Future()
                if is_inflated:
                    vars(one)
                one.set_exception(exception)
                return act(one)

            alike(use)


@pytest.mark.parametrize("state", ["FINISHED", "RUNNING", "CANCELLED", "odd", 5])
def test_a_state_that_was_set_counts(state):
    for act in (
        lambda one: one.done(),
        lambda one: one.cancel(),
        lambda one: one.running(),
        lambda one: one.result(0),
        lambda one: one.set_result(2),
        lambda one: one.add_done_callback(str) or one._done_callbacks == [str],
        lambda one: one._state,
    ):
        for by in (lambda one: one.__dict__.update(_state=state), None):

            def use(t, q, f, act=act, by=by):
                one = f.Future()
                if by:
                    by(one)
                else:
                    one._state = state
                return act(one)

            alike(use)


def test_a_future_that_is_waited_for_while_its_state_is_set():
    for _, _, f in SIDES:
        future, other = f.Future(), f.Future()
        waiter = start(f.wait, [future, other], 30, f.FIRST_COMPLETED)
        until(lambda w=waiter, f=future: w.finished or f._waiters)
        with future._condition:
            future._result, future._state = 7, "FINISHED"
            for one in future._waiters:
                one.add_result(future)
            future._condition.notify_all()
        done, left = waiter.result()
        assert done == {future} and left == {other} and future.result() == 7


@pytest.mark.parametrize("settle", ["set_result", "set_exception"])
def test_settling_looks_a_state_up_by_its_hash(settle):
    def use(t, q, f):
        future = f.Future()
        future._state = []
        getattr(future, settle)(KeyError("k"))

    alike(use)


def test_a_pool_is_not_pickled_for_the_queue_in_it():
    def use(t, q, f):
        with f.ThreadPoolExecutor(1) as pool:
            return pickle.dumps(pool)

    theirs, mine = (outcome(use, *side)[0][:2] for side in SIDES)
    assert mine == theirs
