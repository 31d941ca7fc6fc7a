"""Programs that use a `ThreadPoolExecutor` beyond its methods: they subclass it, replace its parts
and read them.
"""

import queue as std_queue
import threading
import weakref

import pytest
from support.pools import futures, std_thread
from support.workers import blocked, run_all, until

Pool = futures.ThreadPoolExecutor

# From 3.14 on workers have a context, which runs the task of a work item.
HAS_CONTEXTS = hasattr(Pool, "prepare_context")


class DaemonPool(Pool):
    """Starts daemon threads by the standard worker function, in the manner of many programs."""

    def _adjust_thread_count(self):
        if self._idle_semaphore.acquire(timeout=0):
            return

        def woken(_, q=self._work_queue):
            q.put(None)

        count = len(self._threads)
        if count < self._max_workers:
            thread = threading.Thread(
                name=f"daemon-{count}",
                target=std_thread._worker,
                args=(weakref.ref(self, woken), *self._rest_for_the_worker()),
                daemon=True,
            )
            thread.start()
            self._threads.add(thread)

    def _rest_for_the_worker(self):
        if HAS_CONTEXTS:
            return self._create_worker_context(), self._work_queue
        return self._work_queue, self._initializer, self._initargs


class NewThreadForEach(Pool):
    """Overrides `submit` and makes standard work items."""

    def submit(self, fn, /, *args, **kwargs):
        with self._shutdown_lock:
            if self._shutdown:
                raise RuntimeError("cannot schedule new futures after shutdown")
            future = futures.Future()
            task = ((fn, args, kwargs),) if HAS_CONTEXTS else (fn, args, kwargs)
            self._work_queue.put(std_thread._WorkItem(future, *task))
            self._adjust_thread_count()
            return future


class Bounded(Pool):
    """Has a bounded queue: the submitting thread waits while it is full."""

    def __init__(self, workers, size):
        super().__init__(workers)
        self._work_queue = std_queue.Queue(maxsize=size)


KINDS = {
    "daemons": lambda: DaemonPool(3),
    "items of one's own": lambda: NewThreadForEach(3),
    "bounded": lambda: Bounded(3, 2),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_subclass_that_replaces_parts_makes_every_call(kind):
    with KINDS[kind]() as pool:
        for _ in range(20):
            assert pool.submit(int, "10", base=2).result() == 2
        assert list(pool.map(abs, range(0, -300, -1))) == list(range(300))
        with pytest.raises(ZeroDivisionError):
            pool.submit(divmod, 1, 0).result()
        some = [pool.submit(abs, -n) for n in range(50)]
        assert {f.result() for f in futures.as_completed(some)} == set(range(50))

        def submit():
            return [pool.submit(abs, n).result() for n in range(100)]

        assert run_all(*[submit] * 4) == [list(range(100))] * 4
        assert 1 <= len(pool._threads) <= 3
        threads = list(pool._threads)
    assert not any(thread.is_alive() for thread in threads)
    with pytest.raises(RuntimeError, match="after shutdown"):
        pool.submit(abs, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_cancelling_shutdown_of_such_a_pool_cancels_what_waits(kind):
    pool, gate = KINDS[kind](), threading.Event()
    begun = [pool.submit(gate.wait) for _ in range(3)]
    until(lambda: all(f.running() for f in begun))
    left = [pool.submit(abs, n) for n in range(2)]
    pool.shutdown(wait=False, cancel_futures=True)
    assert all(f.cancelled() for f in left)
    gate.set()
    assert futures.wait(begun).done == set(begun)
    pool.shutdown()


def test_daemon_threads_are_what_the_subclass_makes_them():
    with DaemonPool(2) as pool:
        assert pool.submit(lambda: threading.current_thread().daemon).result()


def test_a_bounded_queue_bounds_the_pool():
    pool, gate = Bounded(1, 2), threading.Event()
    first = pool.submit(gate.wait)
    until(first.running)
    left = [pool.submit(abs, n) for n in range(2)]
    waiter = blocked(pool.submit, abs, 9)
    assert pool._work_queue.full()
    gate.set()
    assert waiter.result().result() == 9
    assert [f.result() for f in left] == [0, 1]
    pool.shutdown()


def test_the_number_of_workers_may_be_raised():
    pool, gate = Pool(1), threading.Event()
    some = [pool.submit(gate.wait) for _ in range(2)]
    until(some[0].running)
    assert len(pool._threads) == 1
    pool._max_workers = 3
    more = [pool.submit(gate.wait) for _ in range(2)]
    until(lambda: sum(f.running() for f in some + more) == 3)
    assert pool._max_workers == 3 and len(pool._threads) == 3
    gate.set()
    pool.shutdown()


def test_the_number_of_workers_may_be_lowered():
    pool, gate = Pool(4), threading.Event()
    first = pool.submit(gate.wait)
    until(first.running)
    pool._max_workers = 1
    left = [pool.submit(abs, n) for n in range(5)]
    assert len(pool._threads) == 1
    gate.set()
    assert [f.result() for f in left] == list(range(5))
    pool.shutdown()


def test_a_pool_marked_as_shut_down_or_broken_takes_no_calls_until_that_is_taken_back():
    pool = Pool(1)
    assert pool.submit(abs, 1).result() == 1
    assert pool._shutdown is False and pool._broken is False
    pool._shutdown = True
    with pytest.raises(RuntimeError, match="after shutdown"):
        pool.submit(abs, 1)
    pool._shutdown = False
    assert pool.submit(abs, 1).result() == 1
    pool._broken = "out of order"
    with pytest.raises(futures.BrokenExecutor, match="out of order"):
        pool.submit(abs, 1)
    pool._broken = False
    assert pool.submit(abs, 1).result() == 1
    pool.shutdown()
    assert pool._shutdown is True


class Raises:
    """An object whose truth raises."""

    def __bool__(self):
        raise LookupError("no truth")


@pytest.mark.parametrize("name", ["_broken", "_shutdown"])
def test_a_pool_without_one_of_its_marks_takes_no_calls_until_that_is_there_again(name):
    pool = Pool(1)
    delattr(pool, name)
    for act in (lambda: pool.submit(abs, 1), lambda: delattr(pool, name)):
        with pytest.raises(AttributeError, match=name) as caught:
            act()
        assert caught.value.__context__ is None
    setattr(pool, name, False)
    assert pool.submit(abs, 1).result() == 1
    pool.shutdown()


@pytest.mark.parametrize("name", ["_broken", "_shutdown"])
def test_a_mark_of_a_pool_is_asked_for_its_truth_by_submit_and_not_before(name):
    pool = Pool(1)
    setattr(pool, name, Raises())
    with pytest.raises(LookupError):
        pool.submit(abs, 1)
    setattr(pool, name, False)
    pool.shutdown()


def test_a_pool_whose_shutdown_failed_by_cancel_futures_takes_no_calls():
    pool = Pool(1)
    with pytest.raises(LookupError):
        pool.shutdown(cancel_futures=Raises())
    assert pool._shutdown is True
    with pytest.raises(RuntimeError, match="after shutdown"):
        pool.submit(abs, 1)
    pool.shutdown()


def test_workers_are_known_to_the_standard_module():
    pool = Pool(2)
    pool.submit(abs, 1).result()
    (thread,) = pool._threads
    assert std_thread._threads_queues[thread] is pool._work_queue
    pool.shutdown()


def test_a_worker_forgotten_by_the_standard_module_is_not_waited_for_at_exit():
    pool = Pool(1)
    pool.submit(abs, 1).result()
    del std_thread._threads_queues[next(iter(pool._threads))]
    assert pool.submit(abs, -2).result() == 2
    pool.shutdown()


def test_the_lock_of_the_pool_may_be_held_by_other_threads():
    with Pool(1) as pool:
        with pool._shutdown_lock:
            # The first call needs it, to start a worker.
            first = blocked(pool.submit, abs, -1)
        assert first.result().result() == 1


def test_a_pool_that_compares_need_not_be_hashable():
    class Equal(Pool):
        def __eq__(self, other):
            return type(other) is Equal

    assert Equal.__hash__ is None
    with Equal(1) as pool, Equal(1) as other:
        assert pool == other
        assert pool.submit(abs, -1).result() == 1
        assert list(other.map(abs, [-2])) == [2]
    for ended in (pool, other):
        with pytest.raises(RuntimeError, match="after shutdown"):
            ended.submit(abs, -1)
