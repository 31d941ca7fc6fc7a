"""The workers of a `ThreadPoolExecutor`: their start, their names, their initializer, and a system
without threads.
"""

import contextvars
import gc
import sys
import threading

import pytest
from support.differ import outcome
from support.pools import MODULES, busy, futures
from support.target import ours_only
from support.workers import until

Pool = futures.ThreadPoolExecutor


def test_an_idle_worker_is_used_before_another_is_started():
    with Pool(8) as pool:
        for _ in range(50):
            pool.submit(abs, 1).result()
            until(lambda: pool._work_queue.empty())
        assert len(pool._threads) == 1


def test_as_many_workers_are_started_as_calls_wait_for_one_and_no_more_than_allowed():
    with Pool(5) as pool:
        for count in range(1, 6):
            with busy(pool, count):
                assert len(pool._threads) == count
        with busy(pool, 5):
            waiting = [pool.submit(abs, n) for n in range(20)]
            assert len(pool._threads) == 5
            assert pool._work_queue.qsize() == 20
        assert [f.result() for f in waiting] == list(range(20))


def test_threads_are_named_after_the_pool():
    with Pool(3, "prefix") as pool, busy(pool, 3):
        assert {t.name for t in pool._threads} == {f"prefix_{n}" for n in range(3)}
    with Pool(1) as pool, busy(pool):
        (thread,) = pool._threads
        assert thread.name.startswith("ThreadPoolExecutor-")


def test_each_worker_runs_the_initializer_before_its_calls():
    local, begun = threading.local(), []

    def begin(value):
        local.value = value
        begun.append(value)

    with Pool(3, initializer=begin, initargs=("set",)) as pool:
        with busy(pool, 3):
            assert begun == ["set"] * 3
        assert pool.submit(lambda: local.value).result() == "set"


def test_a_pool_whose_initializer_fails_is_broken(caplog):
    told = []
    for module in MODULES:
        caplog.clear()
        fail = threading.Event()

        def begin(fail=fail):
            fail.wait()
            raise ValueError("no")

        pool = module.ThreadPoolExecutor(2, initializer=begin)
        waiting = [pool.submit(abs, n) for n in range(5)]
        fail.set()
        answers = [outcome(f.result) for f in waiting]
        until(lambda pool=pool: not any(t.is_alive() for t in pool._threads))
        answers.append(outcome(pool.submit, abs, 1))
        pool.shutdown()
        told.append(answers + [r.getMessage() for r in caplog.records])
    assert told[0] == told[1]
    assert "BrokenThreadPool" in str(told[0][0])


@pytest.fixture
def no_more_threads(monkeypatch):
    """A function after whose call no thread can be started."""
    start_thread = threading.Thread.start

    def refuse(thread):
        if "worker" in thread.name:
            return start_thread(thread)
        raise RuntimeError("can't start new thread")

    return lambda: monkeypatch.setattr(threading.Thread, "start", refuse)


@ours_only
def test_a_call_for_which_no_thread_can_be_started_is_refused_and_not_made_later(
    no_more_threads, monkeypatch
):
    done = []
    with Pool(2) as pool:
        no_more_threads()
        for _ in range(3):
            with pytest.raises(RuntimeError, match="can't start new thread"):
                pool.submit(done.append, 1)
        monkeypatch.undo()
        pool.submit(done.append, 2).result()
        assert done == [2]
        gate = threading.Event()
        some = [pool.submit(gate.wait) for _ in range(2)]
        until(lambda: all(f.running() for f in some))
        gate.set()


@ours_only
def test_a_call_for_which_no_other_thread_can_be_started_waits_for_those_that_are_there(
    no_more_threads, monkeypatch
):
    with Pool(3) as pool:
        gate = threading.Event()
        first = pool.submit(gate.wait)
        until(first.running)
        no_more_threads()
        left = [pool.submit(abs, -n) for n in range(10)]
        assert len(pool._threads) == 1
        monkeypatch.undo()
        left.append(pool.submit(abs, -10))
        assert len(pool._threads) == 2
        gate.set()
        assert [f.result() for f in left] == list(range(11))


@ours_only
def test_calls_run_in_a_copy_of_the_context_of_their_submission_if_asked():
    variable = contextvars.ContextVar("variable", default="none")

    def swap(new):
        before = variable.get()
        variable.set(new)
        return before

    with Pool(1, context=True) as pool:
        variable.set("one")
        assert pool.submit(swap, "changed").result() == "one"
        assert list(pool.map(swap, ["changed"])) == ["one"]
        variable.set("two")
        assert pool.submit(swap, new="changed").result() == "two"
    if sys.version_info < (3, 14):
        with Pool(1) as pool:
            assert pool.submit(swap, "kept").result() == "none"
            assert pool.submit(swap, "kept").result() == "kept"


@ours_only
def test_a_copied_context_is_that_of_the_call_and_not_of_the_worker():
    variable = contextvars.ContextVar("variable")
    contexts = [contextvars.copy_context() for _ in range(3)]
    with Pool(2, context=True) as pool:
        got = []
        for number, context in enumerate(contexts):
            context.run(variable.set, number)
            got.append(context.run(pool.submit, variable.get))
        assert [f.result() for f in got] == [0, 1, 2]


@ours_only
@pytest.mark.parametrize("allocations", range(1, 12))
def test_a_pool_that_is_shut_down_in_the_middle_of_a_submission_makes_or_refuses_the_call(
    allocations,
):
    """By the collector, which may run in the middle of any allocation."""
    thresholds = gc.get_threshold()
    with Pool(1, context=True) as pool:
        pool.submit(abs, 1).result()

        def shut_down(phase, info):
            if shut_down in gc.callbacks:
                gc.callbacks.remove(shut_down)
                # The collector may run on the worker, which cannot join itself.
                pool.shutdown(
                    wait=threading.current_thread() is threading.main_thread()
                )

        gc.collect()
        gc.callbacks.append(shut_down)
        gc.set_threshold(allocations)
        try:
            assert pool.submit(abs, -1).result(5) == 1
        except RuntimeError as refused:
            assert "after shutdown" in str(refused)
        finally:
            gc.set_threshold(*thresholds)
            gc.callbacks[:] = [each for each in gc.callbacks if each is not shut_down]
