"""`threading.Barrier`: threads that wait for each other."""

import gc
import weakref
from decimal import Decimal
from fractions import Fraction

import pytest
from support.differ import assert_same_face, error_class, outcome, shape
from support.target import ours_before, std_threading, threading
from support.workers import blocked, run_all, start, took, until

MODULES = [std_threading, threading]
Broken = threading.BrokenBarrierError


@ours_before(3, 13)
@pytest.mark.parametrize("parties", [0, -1, -(2**40)])
def test_no_parties_at_all_are_refused(parties):
    with pytest.raises(ValueError, match="^parties must be > 0$"):
        threading.Barrier(parties)


@ours_before(3, 13)
@pytest.mark.parametrize("parties", ["x", None, []])
def test_parties_that_are_no_number_are_refused(parties):
    with pytest.raises(TypeError):
        threading.Barrier(parties)


@pytest.mark.parametrize("parties", [2.0, Fraction(2), Decimal(2)])
def test_any_number_of_parties_that_can_be_reached_will_do(parties):
    barriers = [module.Barrier(parties) for module in MODULES]
    assert shape(barriers[1]) == shape(barriers[0])
    for barrier in barriers:
        assert sorted(run_all(barrier.wait, barrier.wait)) == [0, 1]


@pytest.mark.parametrize("parties", [1, True, 1.5, 2**40, 2**80, float("inf")])
def test_parties_are_counted_as_passed(parties):
    assert threading.Barrier(parties=parties).parties == parties


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.Barrier(),
        lambda m: m.Barrier(1, None, None, 1),
        lambda m: m.Barrier(count=1),
        lambda m: m.Barrier(1).wait(1, 2),
        lambda m: m.Barrier(1).abort(1),
    ],
)
def test_a_call_of_another_shape_is_a_type_error(call):
    assert [error_class(call, module) for module in MODULES] == [TypeError, TypeError]


def test_barrier_is_a_class_with_every_standard_name():
    assert repr(threading.Barrier) == "<class 'threading.Barrier'>"
    assert_same_face(std_threading.Barrier(1), threading.Barrier(1))


def test_its_error_is_the_standard_class():
    assert threading.BrokenBarrierError is std_threading.BrokenBarrierError
    assert issubclass(threading.BrokenBarrierError, RuntimeError)


def test_repr_shows_how_many_wait():
    barrier = threading.Barrier(3)
    assert shape(barrier) == "<threading.Barrier at 0x: waiters=0/3>"
    blocked(barrier.wait)
    assert shape(barrier) == "<threading.Barrier at 0x: waiters=1/3>"
    barrier.abort()
    until(lambda: shape(barrier) == "<threading.Barrier at 0x: broken>")


def test_the_last_thread_lets_all_go_on_each_with_its_index():
    barrier = threading.Barrier(3)
    first, second = blocked(barrier.wait), blocked(barrier.wait)
    assert barrier.n_waiting == 2
    assert barrier.wait() == 2
    assert [first.result(), second.result()] == [0, 1]
    assert (barrier.n_waiting, barrier.broken, barrier.parties) == (0, False, 3)


def test_a_barrier_serves_again_and_again():
    barrier, rounds, phase = threading.Barrier(4), 100, [0] * 4

    def work(me):
        def loop():
            indices = []
            for step in range(rounds):
                phase[me] = step
                indices.append(barrier.wait())
                assert min(phase) == step
                barrier.wait()
            return indices

        return loop

    indices = run_all(*[work(me) for me in range(4)])
    assert [sorted(step) for step in zip(*indices, strict=True)] == [
        [0, 1, 2, 3]
    ] * rounds


def test_the_action_runs_once_in_a_waiting_thread_before_any_party_goes_on():
    ran = []
    waiting = {}
    barrier = threading.Barrier(3, action=lambda: ran.append(std_threading.get_ident()))

    def work():
        waiting[std_threading.get_ident()] = True
        barrier.wait()
        return list(ran)

    seen = run_all(work, work, work)
    assert len(ran) == 1
    assert ran[0] in waiting
    assert seen == [ran] * 3


def test_the_result_of_the_action_is_ignored_and_wait_returns_the_index():
    assert threading.Barrier(1, lambda: "ignored").wait() == 0


def test_an_action_that_raises_breaks_the_barrier_for_the_others():
    barrier = threading.Barrier(2, lambda: 1 // 0)
    waiter = blocked(barrier.wait)
    with pytest.raises(ZeroDivisionError):
        barrier.wait()
    with pytest.raises(Broken):
        waiter.result()
    assert barrier.broken
    with pytest.raises(Broken):
        barrier.wait()


def test_an_action_that_cannot_be_called_breaks_the_barrier():
    standard, ours = [
        (outcome(barrier.wait), barrier.broken)
        for barrier in [module.Barrier(1, "not a function") for module in MODULES]
    ]
    assert ours == standard


def test_the_action_may_read_the_barrier():
    seen = []
    barrier = threading.Barrier(
        2, lambda: seen.append((barrier.n_waiting, barrier.broken))
    )
    waiter = blocked(barrier.wait)
    barrier.wait()
    waiter.result()
    assert seen == [(2, False)]


def test_a_wait_that_times_out_breaks_the_barrier_for_every_party():
    barrier = threading.Barrier(3)
    patient = blocked(barrier.wait)
    with took(at_least=0.03), pytest.raises(Broken):
        barrier.wait(0.03)
    with pytest.raises(Broken):
        patient.result()
    assert barrier.broken
    assert barrier.n_waiting == 0


def test_the_default_timeout_holds_for_each_wait():
    barrier = threading.Barrier(2, timeout=0.02)
    with took(at_least=0.02), pytest.raises(Broken):
        barrier.wait()
    barrier.reset()
    waiter = blocked(barrier.wait, 60)
    assert barrier.wait() == 1
    assert waiter.result() == 0


def test_abort_breaks_the_barrier_for_waiting_and_later_threads():
    barrier = threading.Barrier(3)
    waiters = [blocked(barrier.wait), blocked(barrier.wait, 60)]
    assert barrier.abort() is None
    for waiter in waiters:
        with pytest.raises(Broken):
            waiter.result()
    assert barrier.broken
    with pytest.raises(Broken):
        barrier.wait()


def test_reset_turns_waiting_threads_away_and_leaves_the_barrier_whole():
    barrier = threading.Barrier(2)
    waiter = blocked(barrier.wait)
    assert barrier.reset() is None
    with pytest.raises(Broken):
        waiter.result()
    assert not barrier.broken
    waiter = blocked(barrier.wait)
    assert barrier.wait() == 1
    assert waiter.result() == 0


def test_reset_repairs_a_broken_barrier():
    barrier = threading.Barrier(2)
    waiter = blocked(barrier.wait)
    barrier.abort()
    with pytest.raises(Broken):
        waiter.result()
    barrier.reset()
    assert not barrier.broken
    waiter = blocked(barrier.wait)
    assert barrier.wait() == 1
    assert waiter.result() == 0


def test_concurrent_abort_and_reset_turn_every_waiter_away():
    barrier = threading.Barrier(3)
    waiters = [blocked(barrier.wait) for _ in range(2)]
    barrier.abort()
    barrier.reset()
    for waiter in waiters:
        with pytest.raises(Broken):
            waiter.result()
    until(lambda: not barrier.broken)


def test_a_subclass_may_carry_attributes_and_override_methods():
    class Named(threading.Barrier):
        """A barrier with a name."""

        def __init__(self, parties, name):
            super().__init__(parties)
            self.name = name

        def wait(self, timeout=None):
            return self.name, super().wait(timeout)

    barrier = Named(2, "gate")
    waiter = blocked(barrier.wait)
    assert barrier.wait() == ("gate", 1)
    assert waiter.result() == ("gate", 0)
    assert vars(barrier)["name"] == "gate"
    assert "Named" in repr(barrier)
    barrier.me = barrier
    dead = weakref.ref(barrier)
    del barrier, waiter
    gc.collect()
    assert dead() is None


def test_a_subclass_may_keep_its_state_elsewhere():
    """As `multiprocessing.Barrier` does: its state is in shared memory, and it sets up the parts of
    the standard class by itself.
    """

    class Elsewhere(threading.Barrier):
        def __init__(self, parties, state):
            self._parties, self._action, self._timeout = parties, None, 20
            self._cond, self._elsewhere = threading.Condition(), state

        _state = property(
            lambda self: self._elsewhere["state"],
            lambda self, value: self._elsewhere.update(state=value),
        )
        _count = property(
            lambda self: self._elsewhere["count"],
            lambda self, value: self._elsewhere.update(count=value),
        )

    class Further(Elsewhere):
        pass

    state = {"state": 0, "count": 0}
    barrier = Further(2, state)
    waiter = blocked(barrier.wait)
    assert (state["count"], barrier.n_waiting, barrier.parties) == (1, 1, 2)
    assert sorted([barrier.wait(), waiter.result()]) == [0, 1]
    assert not barrier.broken and isinstance(barrier, threading.Barrier)
    state["state"] = -2
    assert barrier.broken
    with pytest.raises(threading.BrokenBarrierError):
        barrier.wait()
    barrier.reset()
    assert state == {"state": 0, "count": 0}


def test_a_subclass_takes_keywords_and_other_bases():
    seen = []

    class Mixin:
        def __init_subclass__(cls, /, **keywords):
            seen.append(keywords)

    class Mixed(threading.Barrier, Mixin, colour="red"):
        pass

    assert seen == [{"colour": "red"}] and Mixed(1).wait() == 0
    with pytest.raises(TypeError):
        type("Wrong", (threading.Barrier,), {}, colour="red")


def test_timeouts_racing_with_arrivals_either_pass_or_break_for_both():
    for step in range(60):
        barrier = threading.Barrier(2)
        pair = [start(outcome, barrier.wait, 0.0002 * (step % 6)) for _ in range(2)]
        kinds = {worker.result()[0][0] for worker in pair}
        assert kinds == ({"raised"} if barrier.broken else {"returned"})


class Counted:
    """An action that counts as true or false, or refuses to say."""

    def __init__(self, truth):
        self.truth, self.calls = truth, 0

    def __bool__(self):
        if self.truth is None:
            raise LookupError("neither")
        return self.truth

    def __call__(self):
        self.calls += 1


@pytest.mark.parametrize("action", [0, False, "", [], 0.0, 5])
def test_an_action_that_counts_as_false_is_none(action):
    answers = []
    for module in MODULES:
        barrier = module.Barrier(1, action)
        answers.append((outcome(barrier.wait), barrier.broken, barrier._action))
    assert answers[1] == answers[0]


@pytest.mark.parametrize("truth", [True, False, None])
def test_an_action_is_asked_at_each_end_of_a_cycle_whether_it_counts(truth):
    answers = []
    for module in MODULES:
        action = Counted(truth)
        barrier = module.Barrier(1, action)
        first = outcome(barrier.wait)
        barrier.reset()
        action.truth = True
        answers.append((first, barrier.wait(), action.calls, barrier.broken))
    assert answers[1] == answers[0]
