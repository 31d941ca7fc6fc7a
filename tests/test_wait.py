"""`concurrent.futures.wait`: until several futures are done, or some of them."""

import concurrent.futures as std_futures
import copy
import gc
import itertools
import pickle
import time
import weakref

import pytest
from support.differ import outcome
from support.pools import MODULES, STATES, futures, in_state
from support.programs import run
from support.target import ours_only
from support.workers import blocked, run_all, start, took, until

WHEN = [
    futures.FIRST_COMPLETED,
    futures.FIRST_EXCEPTION,
    futures.ALL_COMPLETED,
]
PAIRS = list(itertools.combinations_with_replacement(STATES, 2))


def told(module, states, *args, **kwargs):
    """The result of `wait` for futures in those states, as numbers."""
    all_of_them = [in_state(module, state) for state in states]
    done, not_done = module.wait(all_of_them, *args, **kwargs)
    assert type(done) is set and isinstance(not_done, set)
    number = all_of_them.index
    return sorted(map(number, done)), sorted(map(number, not_done))


@pytest.mark.parametrize("when", WHEN)
def test_wait_answers_as_the_standard_one(when):
    for states in PAIRS:
        standard, ours = [
            told(module, states, timeout=0, return_when=when) for module in MODULES
        ]
        assert ours == standard, states


@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("wait", [futures.wait, std_futures.wait])
def test_standard_futures_and_ours_may_be_waited_for_together(when, wait):
    for first, second in PAIRS:
        pure = [in_state(std_futures, state) for state in (first, second)]
        mixed = [in_state(std_futures, first), in_state(futures, second)]
        answers = [
            [sorted(map(some.index, part)) for part in waiting(some, 0, when)]
            for some, waiting in [(pure, std_futures.wait), (mixed, wait)]
        ]
        assert answers[0] == answers[1], (first, second)


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.wait([]),
        lambda m: m.wait([], 0, "FIRST_COMPLETED"),
        lambda m: m.wait([in_state(m, "pending")], 0, "SOON"),
        lambda m: m.wait([in_state(m, "pending")], 0, None),
        lambda m: m.wait(None),
        lambda m: m.wait([[]]),
        lambda m: m.wait(3),
        lambda m: m.wait([None]),
        lambda m: m.wait([object()]),
        lambda m: m.wait([in_state(m, "pending")], "soon"),
        lambda m: m.wait([in_state(m, "pending")], timeout=-1),
        lambda m: m.wait(fs=[], timeout=1, return_when="ALL_COMPLETED"),
        lambda m: m.wait(iter([in_state(m, "finished")])),
        lambda m: m.wait({in_state(m, "finished"): 1}),
        lambda m: m.wait([in_state(m, "finished")] * 3),
        lambda m: m.wait([in_state(m, "finished")]).done,
        lambda m: m.wait([in_state(m, "pending")], 0).not_done,
        lambda m: m.wait([in_state(m, "pending")], 0),
    ],
)
def test_arguments_are_taken_or_refused_as_by_the_standard_one(call):
    standard, ours = [outcome(call, module) for module in MODULES]
    assert ours == standard


@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("settle", ["set_result", "set_exception", "cancel"])
def test_wait_ends_when_it_should(when, settle):
    ends = {"set_result": (1,), "set_exception": (OSError(),), "cancel": ()}
    first, second = futures.Future(), futures.Future()
    waiter = blocked(futures.wait, [first, second], None, when)
    getattr(first, settle)(*ends[settle])
    if settle == "cancel":
        # As with the standard class: only when a worker has come across it.
        waiter.blocks()
        first.set_running_or_notify_cancel()
    if when == futures.ALL_COMPLETED or (
        when == futures.FIRST_EXCEPTION and settle != "set_exception"
    ):
        waiter.blocks()
        second.set_result(2)
        assert waiter.result() == ({first, second}, set())
    else:
        assert waiter.result() == ({first}, {second})


@pytest.mark.parametrize("when", WHEN)
def test_a_wait_times_out(when):
    pending = [futures.Future() for _ in range(3)]
    with took(at_least=0.03):
        assert futures.wait(pending, 0.03, when) == (set(), set(pending))


def test_several_threads_may_wait_for_the_same_futures():
    some = [futures.Future() for _ in range(3)]
    waiters = [blocked(futures.wait, some) for _ in range(3)]
    early = [
        blocked(futures.wait, some, None, futures.FIRST_COMPLETED) for _ in range(2)
    ]
    some[1].set_result(1)
    assert [w.result().done for w in early] == [{some[1]}] * 2
    some[0].set_result(0)
    some[2].set_exception(OSError())
    assert [w.result().done for w in waiters] == [set(some)] * 3


@ours_only
def test_not_done_may_be_waited_for_again_and_again():
    some = [futures.Future() for _ in range(50)]
    left, order = set(some), []
    for future in some:
        start(future.set_result, None).result()
        done, left = futures.wait(left, 20, futures.FIRST_COMPLETED)
        order.append(done)
        assert left == set(some) - set().union(*order)
    assert order == [{future} for future in some]
    assert futures.wait(left) == (set(), set())


def _without_one(left):
    return left - {next(iter(left))}


CHANGES = {
    "one added": lambda left, extra: left.add(extra),
    "one added by |=": lambda left, extra: left.__ior__({extra}),
    "one discarded": lambda left, extra: left.discard(next(iter(left))),
    "one popped": lambda left, extra: left.pop(),
    "cleared": lambda left, extra: left.clear(),
    "updated": lambda left, extra: left.update([extra]),
    "reduced": lambda left, extra: left.intersection_update([next(iter(left)), extra]),
    "made anew": lambda left, extra: left.__init__([extra]),
    "a copy changed": lambda left, extra: left.copy().add(extra),
    "a shallow copy changed": lambda left, extra: copy.copy(left).add(extra),
    "a union made": lambda left, extra: left | {extra},
    "a difference made": lambda left, extra: _without_one(left),
}


@pytest.mark.parametrize("change", CHANGES)
def test_not_done_is_a_set_like_any_other(change):
    some, extra = [futures.Future() for _ in range(4)], futures.Future()
    some[0].set_result(0)
    _, left = futures.wait(some, 0)
    assert left == set(some[1:])
    CHANGES[change](left, extra)
    expected = set(left)
    # Two equal sets may have their elements in another order.
    texts = [repr(some).strip("{}").split(", ") for some in (left, expected)]
    assert sorted(texts[0]) == sorted(texts[1])
    assert futures.wait(left, 0, futures.FIRST_COMPLETED) == (set(), expected)
    for future in [*some[1:], extra]:
        future.set_result(1)
    assert futures.wait(left) == (expected, set())
    assert futures.wait(expected) == (expected, set())


def test_not_done_passes_for_a_set():
    _, left = futures.wait([futures.Future()], 0)
    assert isinstance(left, set) and type(left).__name__ == "set"
    assert not left - left and left | left == left
    assert frozenset(left) == left
    with pytest.raises(TypeError):
        pickle.dumps(left)


@ours_only
def test_not_done_may_be_passed_in_by_several_threads_and_again():
    some = [futures.Future() for _ in range(20)]
    _, left = futures.wait(some, 0)
    waiters = [blocked(futures.wait, left) for _ in range(3)]
    for future in some:
        future.set_result(1)
    assert [w.result() for w in waiters] == [(set(some), set())] * 3


def test_futures_of_another_class_wait_as_in_the_standard_library():
    class Own(futures.Future):
        """A subclass."""

    class OwnStandard(std_futures.Future):
        """A subclass of the standard class."""

    for mixture in ([Own(), Own()], [Own(), OwnStandard()], [OwnStandard()] * 2):
        for wait in (futures.wait, std_futures.wait):
            waiter = blocked(wait, mixture)
            waiter.blocks()
            assert wait(mixture, 0).not_done == set(mixture)
            # The next round makes each anew.
            for future in set(mixture):
                future.set_result(1)
            assert waiter.result() == (set(mixture), set())
            mixture = [type(future)() for future in mixture]


@ours_only
@pytest.mark.parametrize(
    "wait", [futures.wait, lambda fs: list(futures.as_completed(fs))]
)
def test_what_is_no_future_leaves_no_future_locked(wait):
    class Own(futures.Future):
        """A subclass."""

        def _invoke_callbacks(self):
            super()._invoke_callbacks()

    for make in (futures.Future, Own):
        some = [make() for _ in range(8)]
        with pytest.raises(AttributeError, match="_condition"):
            wait([*some, object()])
        for future in some:
            start(future.set_result, 1).result()
        assert futures.wait(some).done == set(some)


def test_futures_that_were_inflated_during_a_wait_still_end_the_wait():
    some = [futures.Future() for _ in range(3)]
    waiters = [blocked(futures.wait, some), blocked(lambda: [f.result() for f in some])]
    for future in some:
        assert len(future._waiters) == (0 if futures is not std_futures else 1)
        with future._condition:
            pass
    waiters.append(blocked(std_futures.wait, some))
    for future in some:
        future.set_result(1)
    assert [w.result() for w in waiters] == [
        (set(some), set()),
        [1, 1, 1],
        (set(some), set()),
    ]


def test_a_wait_that_is_over_holds_no_future():
    gc.collect()
    one, other = futures.Future(), futures.Future()
    one.set_result(1)
    answer = futures.wait([one, other], 0)
    dead = weakref.ref(one), weakref.ref(other)
    del one, other, answer
    gc.collect()
    assert [ref() for ref in dead] == [None, None]


@ours_only
def test_waits_that_timed_out_do_not_pile_up_in_a_future():
    future, other = futures.Future(), futures.Future()
    for _ in range(20_000):
        futures.wait([future, other], 0)
    with took(less_than=1):
        for _ in range(1000):
            futures.wait([future, other], 0)
    future.set_result(1)
    assert futures.wait([future, other], 0).done == {future}


def test_concurrent_waits_and_results_lose_no_wakeup():
    for _ in range(100):
        some = [futures.Future() for _ in range(6)]

        def settle(part, some=some):
            for future in some[part::2]:
                future.set_result(part)

        def wait(some=some):
            left = set(some)
            while left:
                done, left = futures.wait(left, 20, futures.FIRST_COMPLETED)
                assert done
            return True

        def wait_for_all(some=some):
            return futures.wait(some, 20) == (set(some), set())

        got = run_all(wait, lambda: settle(0), wait_for_all, lambda: settle(1))
        assert got[0] and got[2]


def test_futures_may_be_inflated_and_settled_and_waited_for_at_once():
    for _ in range(100):
        some, called = [futures.Future() for _ in range(6)], []

        def settle(some=some):
            for future in some:
                future.set_result(1)

        def inflate_each(some=some):
            for future in reversed(some):
                with future._condition:
                    assert future._state in ("PENDING", "FINISHED")

        def add(some=some, called=called):
            for future in some:
                future.add_done_callback(called.append)

        got = run_all(
            add,
            lambda some=some: futures.wait(some, 20).not_done,
            lambda some=some: std_futures.wait(some, 20).not_done,
            inflate_each,
            settle,
            lambda some=some: [future.result(20) for future in some],
            add,
        )
        assert got[1] == got[2] == set() and got[5] == [1] * 6
        assert sorted(map(id, called)) == sorted(map(id, some * 2))


INTERRUPTED = {
    "result": "future.result()",
    "result, timed": "future.result(60)",
    "exception": "future.exception()",
    "wait": "futures.wait([future, other])",
    "wait, timed": "futures.wait([future, other], 60)",
    "wait for one": "futures.wait([future], None, futures.FIRST_COMPLETED)",
    "wait, standard": "std_futures.wait([future, std_futures.Future()])",
    "wait, mixed": "futures.wait([future, std_futures.Future()])",
    "as_completed": "next(futures.as_completed([future, other]))",
    "as_completed, timed": "next(futures.as_completed([future], 60))",
    "map": "list(pool.map(lambda _: gate.wait(), [1]))",
    "shutdown": "pool.submit(gate.wait); pool.shutdown()",
}


@pytest.mark.parametrize("name", INTERRUPTED)
def test_ctrl_c_ends_the_wait_immediately_and_leaves_everything_usable(name):
    delays = run(
        """
import os, signal, statistics, sys, time, threading as std
from support.pools import futures, std_futures
from support.workers import asleep, start
signal.signal(signal.SIGINT, signal.default_int_handler)
for _ in range(5):
    pool, gate = futures.ThreadPoolExecutor(2), std.Event()
    future, other, sent = futures.Future(), futures.Future(), []
    def interrupt():
        asleep(std.main_thread())
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)
    sender = start(interrupt)
    try:
        # Compiled: if Ctrl-C ends exec() of a text, the interpreter later ends by a signal.
        exec(compile(sys.argv[1], 'wait', 'exec'))
    except KeyboardInterrupt:
        print(time.monotonic() - sent[0])
    else:
        raise SystemExit("Ctrl-C did not end the wait")
    sender.result()
    gate.set()
    waiter = start(futures.wait, [future, other])
    future.set_result(1)
    other.set_result(2)
    assert waiter.result().done == {future, other}
    assert future.result() == 1
    pool.shutdown()
""",
        INTERRUPTED[name],
        within=40,
    )
    delays = sorted(map(float, delays.split()))
    assert len(delays) == 5
    assert delays[2] < 0.2 and delays[-1] < 2


@ours_only
def test_a_wait_costs_as_much_for_each_future_however_many_there_are():
    """A loop around FIRST_COMPLETED over n futures is not quadratic; programs have such loops."""

    def seconds(count):
        some = [futures.Future() for _ in range(count)]
        left, begin = set(some), time.perf_counter()
        for future in some:
            future.set_result(None)
            done, left = futures.wait(left, 20, futures.FIRST_COMPLETED)
            assert done == {future}
        return time.perf_counter() - begin

    until(lambda: min(seconds(4000), seconds(4000)) < 32 * seconds(500))
