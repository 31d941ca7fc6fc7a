"""`concurrent.futures.Future`: the outcome of a call, as soon as there is one."""

import copy
import gc
import pickle
import signal
import types
import weakref

import pytest
from support.differ import assert_same_face, error_class, outcome, shape
from support.pools import MODULES, STATES, futures, in_state, std_futures
from support.target import ours_before, ours_only
from support.workers import blocked, run_all, took

UNDONE = {"pending", "running"}


def log_of(call, future):
    """The log of the callbacks of `call(future)`, beside its outcome."""
    log = []
    future.add_done_callback(lambda done: log.append(done is future))
    return outcome(call, future), log


CALLS = {
    "cancel": lambda f: f.cancel(),
    "cancel twice": lambda f: (f.cancel(), f.cancel()),
    "cancelled": lambda f: f.cancelled(),
    "running": lambda f: f.running(),
    "done": lambda f: f.done(),
    "result, at once": lambda f: f.result(0),
    "result, within a time": lambda f: f.result(timeout=0.01),
    "result, negative time": lambda f: f.result(-1),
    "exception, at once": lambda f: f.exception(0),
    "exception, within a time": lambda f: f.exception(timeout=0.01),
    "exception, negative time": lambda f: f.exception(-1),
    "set_result": lambda f: (f.set_result(7), f._state, f._result),
    "set_result of None": lambda f: (f.set_result(None), f.result(0)),
    "set_exception": lambda f: (f.set_exception(OSError(5)), f._state, f._exception),
    "set_exception of None": lambda f: (f.set_exception(None), f._state, f.result(0)),
    "set_exception, then result": lambda f: (f.set_exception(OSError(5)), f.result(0)),
    "repr": repr,
    "repr after a failure": lambda f: (f.set_exception(OSError(5)), f),
    "state": lambda f: f._state,
    "snapshot of the parts": lambda f: (f._result, f._exception),
    "waiters": lambda f: f._waiters,
    "a new attribute": lambda f: setattr(f, "note", 1) or f.note,
    "an unknown attribute": lambda f: f.note,
    "truth": bool,
    "set by force": lambda f: (setattr(f, "_state", "FINISHED"), f.done(), f._state),
    "cancel by force": lambda f: (setattr(f, "_state", "CANCELLED"), f.cancelled()),
    "invoke callbacks": lambda f: f._invoke_callbacks(),
    "a late callback": lambda f: f.add_done_callback(lambda _: None),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("case", CALLS)
def test_a_future_answers_as_the_standard_one(case, state):
    standard, ours = [log_of(CALLS[case], in_state(m, state)) for m in MODULES]
    assert ours == standard


@pytest.mark.parametrize("state", STATES)
def test_beginning_with_a_call_answers_and_logs_as_the_standard_one(state, caplog):
    told = []
    for module in MODULES:
        caplog.clear()
        future = in_state(module, state)
        told.append(
            (
                outcome(lambda f: (f.set_running_or_notify_cancel(), f._state), future),
                [
                    (r.levelname, r.getMessage().replace(str(id(future)), "id"))
                    for r in caplog.records
                ],
            )
        )
    assert told[0] == told[1]


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.Future(1),
        lambda m: m.Future(x=1),
        lambda m: m.Future().result(0, 1),
        lambda m: m.Future().result(limit=0),
        lambda m: m.Future().result("soon"),
        lambda m: m.Future().set_result(),
        lambda m: m.Future().add_done_callback(),
        lambda m: m.Future().cancel(True),
        lambda m: pickle.dumps(m.Future()),
        lambda m: pickle.dumps(m.Future(), 0),
        lambda m: pickle.dumps(m.Future(), 1),
        lambda m: copy.deepcopy(m.Future()),
    ],
)
def test_a_call_of_another_shape_is_the_same_error(call):
    standard, ours = [error_class(call, module) for module in MODULES]
    assert standard is TypeError
    assert ours is standard


@pytest.mark.parametrize("call", [pickle.dumps, copy.deepcopy])
def test_a_future_is_not_pickled_for_the_reason_of_the_standard_one(call):
    standard, ours = [outcome(call, m.Future()) for m in MODULES]
    assert ours == standard


@pytest.mark.parametrize("ask", ["result", "exception"])
@pytest.mark.parametrize("module", MODULES)
def test_what_is_being_handled_is_the_context_of_what_is_raised(module, ask):
    future = module.Future()
    if ask == "result":
        future.set_exception(KeyError("inner"))
    else:
        future.cancel()
    with pytest.raises((KeyError, module.CancelledError)) as caught:
        try:
            raise OSError("outer")
        except OSError as error:
            outer = error
            getattr(future, ask)()
    assert caught.value.__context__ is outer
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("module", MODULES)
def test_an_exception_keeps_its_context_where_none_is_being_handled(module):
    inner, raised = OSError("inner"), KeyError("raised")
    raised.__context__ = inner
    future = module.Future()
    future.set_exception(raised)
    with pytest.raises(KeyError) as caught:
        future.result()
    assert (caught.value, caught.value.__context__) == (raised, inner)


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("is_open", [False, True])
@pytest.mark.parametrize("state", STATES)
def test_a_future_that_is_begun_again_is_new(module, is_open, state):
    future, called = in_state(module, state), []
    if is_open:
        assert future._waiters == []
    if not future.done():
        future.add_done_callback(called.append)
    future.__init__()
    assert (future._state, future._result, future._exception) == ("PENDING", None, None)
    future.set_result(1)
    assert (future.result(0), called) == (1, [])


@pytest.mark.parametrize("module", MODULES)
def test_a_future_may_become_one_of_a_subclass(module):
    class Named(module.Future):
        name = "named"

    future = module.Future()
    future.set_result(1)
    future.__class__ = Named
    assert (type(future), future.name, future.result()) == (Named, "named", 1)
    with pytest.raises(TypeError, match="^__class__ must be set to a class"):
        future.__class__ = "Named"


@pytest.mark.parametrize(
    "call",
    [
        lambda f, value: (f.set_result(result=value), f.result(timeout=0)),
        lambda f, value: (f.set_exception(exception=value), f.exception(timeout=0)),
        lambda f, value: f.add_done_callback(fn=print),
    ],
)
def test_arguments_may_be_passed_by_keyword(call):
    standard, ours = [outcome(call, m.Future(), ValueError(1)) for m in MODULES]
    assert ours == standard


def test_a_future_has_every_standard_name():
    assert repr(futures.Future) == "<class 'concurrent.futures._base.Future'>"
    assert_same_face(std_futures.Future(), futures.Future())
    assert vars(std_futures.Future()).keys() <= set(dir(futures.Future()))


def test_a_generic_alias_is_made():
    alias = futures.Future[int]
    assert isinstance(alias, types.GenericAlias)
    assert alias.__origin__ is futures.Future and alias.__args__ == (int,)


def test_a_future_passes_for_a_standard_one():
    assert isinstance(futures.Future(), std_futures.Future)
    assert isinstance(futures.Future(), futures.Future)


def test_the_same_exception_object_is_raised_and_its_traceback_grows_as_in_the_standard_one():
    for module in MODULES:
        future, error = module.Future(), OSError(5)
        future.set_exception(error)
        with pytest.raises(OSError) as caught:
            future.result()
        assert caught.value is error is future.exception()
        assert error.__traceback__ is not None


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_what_is_no_exception_is_kept_and_raised_too(error):
    future = futures.Future()
    future.set_exception(error)
    assert future.exception() is error
    with pytest.raises(type(error)) as caught:
        future.result()
    assert caught.value is error


def test_a_class_as_exception_is_raised_as_an_instance():
    standard, ours = [
        outcome(lambda f: (f.set_exception(OSError), f.result(0)), m.Future())
        for m in MODULES
    ]
    assert ours == standard


def test_result_and_exception_wait_until_there_is_one():
    future = futures.Future()
    waiters = [
        blocked(f, *limit)
        for limit in [(), (60,)]
        for f in (future.result, future.exception)
    ]
    future.set_result(7)
    assert [waiter.result() for waiter in waiters] == [7, None, 7, None]


def test_a_cancellation_wakes_the_waiters():
    future = futures.Future()
    waiters = [blocked(future.result), blocked(future.exception)]
    assert future.cancel()
    for waiter in waiters:
        with pytest.raises(futures.CancelledError):
            waiter.result()


def test_a_wait_times_out():
    future = futures.Future()
    for wait in (future.result, future.exception):
        with took(at_least=0.03), pytest.raises(TimeoutError):
            wait(0.03)
    future.set_result(1)
    assert future.result(0.03) == 1


def test_one_outcome_of_many_wins():
    for _ in range(50):
        future = futures.Future()

        def settle(number, future=future):
            try:
                future.set_result(number)
            except futures.InvalidStateError:
                return None
            return number

        got = run_all(*[lambda n=n: settle(n) for n in range(4)])
        assert [n for n in got if n is not None] == [future.result()]


class Logged(futures.Future):
    """A future that logs its calls."""

    def __init__(self, name):
        super().__init__()
        self.name, self.log = name, []

    def set_result(self, result):
        self.log.append("set_result")
        super().set_result([result])

    def add_done_callback(self, fn):
        self.log.append("add")
        super().add_done_callback(fn)

    def cancel(self):
        self.log.append("cancel")
        return super().cancel()


def test_a_subclass_may_carry_attributes_and_override_methods():
    future = Logged("mine")
    waiter = blocked(future.result)
    future.add_done_callback(lambda f: f.log.append("called"))
    future.set_result(1)
    assert waiter.result() == [1]
    assert not future.cancel()
    assert future.log == ["add", "set_result", "called", "cancel"]
    assert shape(future) == "<Logged at 0x state=finished returned list>"
    assert isinstance(future, futures.Future)


def test_a_method_set_on_an_instance_is_found():
    future, log = futures.Future(), []
    future.cancel = lambda: log.append("mine")
    future.cancel()
    assert log == ["mine"] and future.__dict__.keys() >= {"cancel"}


def test_a_future_dies_with_its_last_reference_and_drops_its_outcome():
    class Thing:
        """An object that takes weak references."""

    gc.collect()
    gc.disable()
    try:
        future, thing = futures.Future(), Thing()
        future.add_done_callback(lambda f, thing=thing: None)
        future.set_result(thing)
        dead = weakref.ref(future), weakref.ref(thing)
        del thing
        assert dead[1]() is not None
        del future
        assert [ref() for ref in dead] == [None, None]
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "tie",
    {
        "its result": lambda f: f.set_result([f]),
        "its exception": lambda f: f.set_exception(ValueError(f)),
        "a callback": lambda f: f.add_done_callback(lambda _, f=f: None),
        "an attribute": lambda f: setattr(f, "me", f),
        "a callback in the list": lambda f: f._done_callbacks.append(lambda _: f),
        "a waiter": lambda f: f._waiters.append(f),
    }.items(),
    ids=lambda item: item[0],
)
def test_a_future_in_a_cycle_is_freed(tie):
    gc.collect()
    future = futures.Future()
    tie[1](future)
    dead = weakref.ref(future)
    del future
    gc.collect()
    assert dead() is None


@ours_only
def test_a_destructor_that_settles_the_future_whose_result_it_was_part_of_does_no_harm():
    class Settles:
        """Settles a future when it dies."""

        def __init__(self, future):
            self.future = future

        def __del__(self):
            self.future.set_result("last")
            self.future.add_done_callback(log.append)

    log, other = [], futures.Future()
    other._result = Settles(other)
    other._result = 1
    assert log == [other] and other.result(0) == "last"


SNAPSHOTS = {
    "pending": (False, False, None, None),
    "running": (False, False, None, None),
    "cancelled": (True, True, None, None),
    "notified": (True, True, None, None),
    "finished": (True, False, 42, None),
}


@ours_before(3, 14)
@pytest.mark.parametrize("state", SNAPSHOTS)
def test_a_snapshot_is_the_state_of_one_moment(state):
    assert in_state(futures, state)._get_snapshot() == SNAPSHOTS[state]


@ours_before(3, 14)
def test_a_snapshot_of_a_failure_has_its_exception():
    future = in_state(futures, "failed")
    assert future._get_snapshot() == (True, False, None, future.exception())


@ours_only
def test_a_signal_handler_may_settle_what_the_main_thread_waits_for():
    future = futures.Future()
    before = signal.signal(signal.SIGALRM, lambda *_: future.set_result("rung"))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        assert future.result(20) == "rung"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
