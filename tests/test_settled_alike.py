"""Programs that read the parts of futures, pools and conditions find the standard ones' parts."""

import pytest
from support.alike import SIDES, alike
from support.differ import outcome, shape


@pytest.mark.parametrize("name", ["_result", "_exception"])
@pytest.mark.parametrize("state", ["pending", "running", "done", "failed", "cancelled"])
def test_the_representation_asks_only_for_what_it_shows(state, name):
    def use(t, q, f):
        future = f.Future()
        if state == "running":
            future.set_running_or_notify_cancel()
        elif state == "done":
            future.set_result(1)
        elif state == "failed":
            future.set_exception(KeyError())
        elif state == "cancelled":
            future.cancel()
        delattr(future, name)
        return shape(future)

    alike(use)


@pytest.mark.parametrize("state", [[], {}, None, "x", (1, 2), KeyError("k")])
def test_the_representation_looks_the_state_up(state):
    def use(t, q, f):
        future = f.Future()
        future._state = state
        return repr(future)

    theirs, mine = (outcome(use, *side) for side in SIDES)
    assert mine == theirs and mine[0][0] == "raised"


def test_callbacks_that_a_program_calls_early_are_called_again_at_the_end():
    def use(t, q, f):
        future, seen = f.Future(), []
        future.add_done_callback(lambda future: seen.append(future._state))
        future._invoke_callbacks()
        seen.append(len(future._done_callbacks))
        future.add_done_callback(lambda future: seen.append("late"))
        future.set_result(1)
        return seen

    assert alike(use)[0] == "returned"


@pytest.mark.parametrize("inflate", [False, True])
def test_no_exception_takes_the_place_of_one(inflate):
    def use(t, q, f):
        future = f.Future()
        if inflate:
            future.__dict__["mine"] = 1
        future._exception = KeyError("mine")
        future._result = "as it was"
        future.set_exception(None)
        return future._state, future._result, future.result(0), future._exception

    assert alike(use)[0] == "returned"


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("value", [None, 1, object(), "missing"])
def test_a_pool_whose_threads_are_not_a_set_refuses_the_task(value, workers):
    """No task waits for a worker for ever."""

    def use(t, q, f):
        pool = f.ThreadPoolExecutor(1)
        threads = pool._threads
        if workers:
            pool.submit(int).result()
        if value == "missing":
            del pool._threads
        else:
            pool._threads = value
        try:
            pool.submit(int).result(9)
        finally:
            pool._threads = threads
            pool.shutdown()

    theirs, mine = (outcome(use, *side)[0] for side in SIDES)
    assert mine[0] == theirs[0] and "Timeout" not in mine[1]


def test_a_broken_pool_asks_nothing_of_the_program():
    def use(t, q, f):
        asked = []

        class Mine(f.ThreadPoolExecutor):
            def __getattr__(self, name):
                asked.append(name)
                raise AttributeError(name)

        with Mine(1, initializer=lambda: 1 / 0) as pool:
            for _ in range(2):
                with pytest.raises(f.thread.BrokenThreadPool):
                    pool.submit(int).result(9)
        return asked

    alike(use)


@pytest.mark.parametrize("inflate", [False, True])
def test_a_condition_shows_its_lock_as_text(inflate):
    class Lock:
        def __init__(self):
            self.acquire = self.release = self.locked = lambda *_: True

        def __str__(self):
            return "a lock"

        def __repr__(self):
            return "Lock()"

    def use(t, q, f):
        condition = t.Condition(Lock())
        if inflate:
            condition.__dict__["mine"] = 1
        return repr(condition)

    assert "a lock" in alike(use)[2]


def test_a_name_that_was_deleted_is_missing_in_the_context_of_what_is_handled():
    def use(t, q, f):
        event = t.Event()
        del event._flag
        try:
            1 / 0  # noqa: B018 - it raises
        except ZeroDivisionError:
            try:
                event._flag  # noqa: B018 - it raises
            except AttributeError as error:
                return repr(error.__context__), error.name, error.obj is event

    assert alike(use)[0] == "returned"


@pytest.mark.parametrize("order", ["outer first", "inner first", "outer", "inner"])
@pytest.mark.parametrize("kind", ["Lock", "RLock"])
def test_a_condition_over_a_condition_waits_whatever_was_read(kind, order):
    def use(t, q, f):
        inner = t.Condition(getattr(t, kind)())
        outer = t.Condition(inner)
        for one in {"outer first": "oi", "inner first": "io"}.get(order, order[0]):
            vars({"o": outer, "i": inner}[one])
        with outer:
            owned = outer._is_owned(), inner._is_owned()
            outer.notify()
            seen = outer.wait(0.001), outer.wait_for(lambda: False, 0.001)
        return owned, seen, outer._is_owned(), inner._is_owned()

    assert alike(use)[0] == "returned"


def test_a_wait_for_the_first_exception_asks_a_subclass():
    def use(t, q, f):
        asked = []

        class Mine(f.Future):
            def exception(self, timeout=None):
                asked.append(timeout)
                return super().exception(timeout)

        future = Mine()
        future.set_result(1)
        done, left = f.wait([future], 0, f.FIRST_EXCEPTION)
        return asked, done == {future}, len(left)

    alike(use)


def test_the_results_of_a_map_have_the_standard_name():
    def use(t, q, f):
        with f.ThreadPoolExecutor(1) as pool:
            results = pool.map(str, [1])
            return results.__name__, results.__qualname__, shape(results)

    alike(use)


def test_a_future_in_an_unexpected_state_is_logged_while_its_condition_is_held(caplog):
    def use(t, q, f):
        future = f.Future()
        future._state = future._condition
        with pytest.raises(RuntimeError):
            future.set_running_or_notify_cancel()
        *_, record = caplog.records
        return record.message.partition(": ")[2].partition("_thread")[0]

    assert "<locked" in str(alike(use))


def test_wait_for_passes_its_timeout_to_wait():
    def use(t, q, f):
        calls = []

        class Mine(t.Condition):
            def wait(self, *args, **kwargs):
                calls.append((args, kwargs))
                return super().wait(0)

        with Mine() as condition:
            condition.wait_for(lambda: len(calls) > 1)
        return calls

    alike(use)


@pytest.mark.parametrize("answers", [True, False])
def test_a_barrier_waits_with_the_wait_for_of_its_condition(answers):
    def use(t, q, f):
        calls = []

        class Mine(t.Condition):
            def wait_for(self, predicate, timeout=None):
                calls.append((predicate(), timeout))
                if answers:
                    barrier._state = 1
                return predicate()

        barrier = t.Barrier(2)
        barrier._cond = Mine(t.Lock())
        try:
            calls.append(barrier.wait(5))
        except t.BrokenBarrierError:
            calls.append("broken")
        return calls, barrier.broken

    alike(use)
