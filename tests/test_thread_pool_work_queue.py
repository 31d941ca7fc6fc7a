"""Programs that read and change the work queue of a `ThreadPoolExecutor`."""

import concurrent.futures as std_futures
import queue as std_queue
import sys
import threading

import pytest
from support.differ import outcome
from support.pools import futures
from support.target import ours_only
from support.workers import until

Pool = futures.ThreadPoolExecutor


# From 3.14 on workers have a context, which runs the task of a work item.
HAS_CONTEXTS = hasattr(Pool, "prepare_context")

# The arguments with which a program runs a work item that it has taken out.
CONTEXT = (Pool.prepare_context(None, ())[0](),) if HAS_CONTEXTS else ()


class Held:
    """A pool of one worker, busy until the body ends, with calls in its queue."""

    def __enter__(self):
        self.pool, self.gate, self.done = Pool(1), threading.Event(), []
        self.busy = self.pool.submit(self.gate.wait)
        until(self.busy.running)
        self.left = [self.pool.submit(self.done.append, n) for n in range(5)]
        return self

    def __exit__(self, *error):
        self.gate.set()
        self.pool.shutdown()


def test_the_work_queue_counts_the_waiting_calls():
    with Held() as held:
        work = held.pool._work_queue
        assert work.qsize() == 5 and not work.empty()
    assert held.done == list(range(5))


def test_calls_may_be_taken_out_of_the_work_queue():
    with Held() as held:
        items = []
        while True:
            try:
                items.append(held.pool._work_queue.get_nowait())
            except std_queue.Empty:
                break
        assert [item.future for item in items] == held.left
        item = items[1]
        if HAS_CONTEXTS:
            assert item.task == (held.done.append, (1,), {})
        else:
            assert (item.fn, item.args, item.kwargs) == (held.done.append, (1,), {})
        items[2].future.cancel()
        for item in items:
            item.run(*CONTEXT)
        assert held.done == [0, 1, 3, 4]
        held.gate.set()
        assert held.pool.submit(abs, -1).result() == 1
    assert [f.done() for f in held.left] == [True] * 5


def test_calls_that_were_taken_out_may_be_put_back():
    with Held() as held:
        work = held.pool._work_queue
        items = [work.get() for _ in range(5)]
        for item in reversed(items):
            work.put(item)
    assert held.done == [4, 3, 2, 1, 0]
    assert all(f.done() for f in held.left)


def test_a_call_that_raises_when_it_was_taken_out_gives_its_future_the_exception():
    with Held() as held:
        future = held.pool.submit(divmod, 1, 0)
        items = [held.pool._work_queue.get(timeout=1) for _ in range(6)]
        items[-1].run(*CONTEXT)
        assert isinstance(future.exception(), ZeroDivisionError)


@ours_only
def test_the_work_queue_may_be_cleared_as_that_of_a_queue():
    with Held() as held:
        held.pool._work_queue.queue.clear()
        assert held.pool._work_queue.qsize() == 0
        held.gate.set()
        assert held.pool.submit(abs, -1).result() == 1
    assert held.done == []


@ours_only
def test_clearing_leaves_the_count_of_workers_right():
    pool, gate = Pool(4), threading.Event()
    first = [pool.submit(gate.wait) for _ in range(4)]
    until(lambda: all(f.running() for f in first))
    for n in range(10):
        pool.submit(abs, n)
    pool._work_queue.clear()
    gate.set()
    futures.wait(first)
    gate.clear()
    second = [pool.submit(gate.wait) for _ in range(4)]
    until(lambda: all(f.running() for f in second))
    gate.set()
    pool.shutdown()


@pytest.mark.parametrize("why", ["no thread", "shut down"])
def test_a_refused_call_leaves_the_queue_as_long_as_the_standard_one(why, monkeypatch):
    starter = "_start_new_thread"
    if sys.version_info >= (3, 13):
        starter = "_start_joinable_thread"

    def refuse(*_, **__):
        raise RuntimeError("can't start new thread")

    answers = []
    for module in (std_futures, futures):
        pool = module.ThreadPoolExecutor(1)
        lengths = []
        with monkeypatch.context() as patched:
            if why == "no thread":
                patched.setattr(threading, starter, refuse)
            else:
                pool.submit(abs, 1).result()
                pool.shutdown()
            for _ in range(3):
                refused = outcome(pool.submit, abs, 1)
                lengths.append(pool._work_queue.qsize())
        if why == "no thread":
            lengths.append(pool.submit(abs, -2).result())
            lengths.append(pool._work_queue.qsize())
            pool.shutdown()
        answers.append((refused, lengths))
    assert answers[1] == answers[0]
