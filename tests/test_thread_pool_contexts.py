"""The contexts of a pool's workers, which the standard library has from 3.14 on: the workers use
the contexts of the pool's class.
"""

import sys
import threading

import pytest
from support.beside import both
from support.pools import futures, std_thread
from support.target import ours_only
from support.workers import until

Pool = futures.ThreadPoolExecutor

pytestmark = pytest.mark.skipif(
    not hasattr(Pool, "prepare_context"), reason="workers have contexts from 3.14 on"
)


class Context:
    """Does as the usual context, and logs it."""

    def __init__(self, events, initializer, initargs):
        self.events, self.initializer, self.initargs = events, initializer, initargs

    def initialize(self):
        self.events.append("initialize")
        if self.initializer is not None:
            self.initializer(*self.initargs)

    def finalize(self):
        self.events.append("finalize")

    def run(self, task):
        function, args, kwargs, note = task
        self.events.append(f"run {note}")
        return function(*args, **kwargs)


class Own(Pool):
    @classmethod
    def prepare_context(cls, initializer, initargs, *, events, note="it"):
        def create_context():
            return Context(events, initializer, initargs)

        def resolve_task(function, args, kwargs):
            return function, args, kwargs, note

        return create_context, resolve_task


def test_a_context_of_ones_own_begins_runs_and_ends():
    events = []
    with Own(
        1, "w", events.append, ("initializer",), events=events, note="that"
    ) as pool:
        assert pool.submit(pow, 2, exp=5).result() == 32
        with pytest.raises(ZeroDivisionError):
            pool.submit(divmod, 1, 0).result()
        assert list(pool.map(abs, [-1, -2], buffersize=1)) == [1, 2]
    assert events == ["initialize", "initializer", *["run that"] * 4, "finalize"]


def test_what_the_context_refuses_is_refused_by_submit():
    class Picky(Own):
        @classmethod
        def prepare_context(cls, initializer, initargs):
            create, _ = super().prepare_context(initializer, initargs, events=[])

            def resolve_task(function, args, kwargs):
                raise LookupError(function.__name__)

            return create, resolve_task

    with Picky(1) as pool, pytest.raises(LookupError, match="abs"):
        pool.submit(abs, 1)


def test_unknown_options_are_refused():
    with pytest.raises(TypeError):
        Pool(1, note="what for?")


def test_a_worker_whose_context_does_not_begin_breaks_the_pool_in_the_class_own_way():
    class Gone(futures.BrokenExecutor):
        pass

    class Weak(Pool):
        BROKEN = Gone

    def fail():
        raise LookupError("no connection")

    with Weak(1, initializer=fail) as pool:
        with pytest.raises(Gone):
            pool.submit(abs, 1).result()
        until(lambda: pool._broken)
        with pytest.raises(Gone):
            pool.submit(abs, 1)


@pytest.mark.parametrize("cls", [Pool, Own])
def test_a_work_item_of_ones_own_is_run_by_the_context(cls):
    events = []
    options = {} if cls is Pool else {"events": events}
    with cls(1, **options) as pool:
        assert pool.submit(abs, -1).result() == 1
        future = futures.Future()
        task = pool._resolve_work_item_task(pow, (2, 5), {})
        pool._work_queue.put(std_thread._WorkItem(future, task))
        assert future.result() == 32
    assert events == (["initialize", "run it", "run it", "finalize"] if events else [])


def test_a_context_that_is_made_for_one_pool_begins_and_ends_its_workers():
    with Pool(2) as pool:
        events, lock = [], threading.Lock()
        make = pool._create_worker_context

        def create_context():
            context = make()
            finalize = context.finalize
            with lock:
                events.append("made")

            def end():
                with lock:
                    events.append("ended")
                finalize()

            context.finalize = end
            return context

        pool._create_worker_context = create_context
        assert list(pool.map(abs, range(-9, 0))) == list(range(9, 0, -1))
        threads = len(pool._threads)
    assert events == ["made"] * threads + ["ended"] * threads


def test_a_replaced_resolver_resolves_later_calls():
    with Own(1, events=[]) as pool:
        resolve = pool._resolve_work_item_task
        assert pool.submit(pow, 2, 5).result() == 32

        def resolve_doubled(function, args, kwargs):
            return resolve(function, (2 * args[0],), kwargs)

        pool._resolve_work_item_task = resolve_doubled
        assert pool.submit(abs, -2).result() == 4
        assert list(pool.map(abs, [-1, -3])) == [2, 6]


def test_a_waiting_call_has_its_resolved_task():
    released = threading.Event()
    with Own(1, events=[], note="mine") as pool:
        blocking = pool.submit(released.wait)
        until(blocking.running)
        try:
            waiting = pool.submit(divmod, 7, 2)
            item = pool._work_queue.get_nowait()
            assert item.task == (divmod, (7, 2), {}, "mine")
            assert item.future is waiting
            with pytest.raises(AttributeError, match="args"):
                item.args  # noqa: B018 - reading it is the test
            with pytest.raises(TypeError):
                item.run()
            pool._work_queue.put(item)
        finally:
            released.set()
        assert waiting.result() == (3, 1)


def test_waiting_calls_of_a_pool_with_contexts_are_cancelled_by_shutdown():
    log, released = [], threading.Event()
    pool = Own(1, events=log)
    blocking = pool.submit(released.wait)
    until(blocking.running)
    waiting = [pool.submit(abs, n) for n in range(5)]
    pool.shutdown(wait=False, cancel_futures=True)
    assert [future.cancelled() for future in waiting] == [True] * 5
    released.set()
    pool.shutdown()
    assert log == ["initialize", "run it", "finalize"]


@ours_only
def test_a_worker_with_a_context_is_free_before_its_result_is_seen():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with Own(1_000, events=[]) as pool:
            for n in range(2_000):
                assert pool.submit(abs, -n).result() == n
            assert len(pool._threads) == 1
    finally:
        sys.setswitchinterval(interval)


@ours_only
def test_a_context_of_ones_own_leaves_no_room_for_ours():
    with pytest.raises(TypeError, match="this interpreter"):
        Own(1, events=[], context=True)


def test_a_pool_of_interpreters_works_as_it_does_without(tmp_path):
    output = both(
        tmp_path,
        """
        from concurrent.futures import InterpreterPoolExecutor, as_completed, wait
        with InterpreterPoolExecutor(2) as pool:
            futures = [pool.submit(pow, 2, n) for n in range(5)]
            print([future.result() for future in futures])
            print(sorted(future.result() for future in as_completed(futures)), len(wait(futures).done))
            print(list(pool.map(abs, range(-3, 0))), list(pool.map(abs, range(-3, 0), buffersize=1)))
            print(type(pool.submit(divmod, 1, 0).exception()).__name__)
            print(isinstance(pool, InterpreterPoolExecutor.__mro__[1]))
        """,
    )
    assert output.splitlines() == [
        "[1, 2, 4, 8, 16]",
        "[1, 2, 4, 8, 16] 5",
        "[3, 2, 1] [3, 2, 1]",
        "ZeroDivisionError",
        "True",
    ]
