"""Deep calls through futures and pools."""

import functools
import itertools

from support.deep import DEPTH, call, too_deep
from support.pools import futures
from support.target import queue


def settled_by_each_other(settle, cls=futures.Future):
    """A chain of futures, each of which settles the next, after the first was settled."""
    many = [cls() for _ in range(DEPTH)]
    for one, following in itertools.pairwise(many):
        one.add_done_callback(functools.partial(settle, following))
    settle(many[0])
    done = [one.done() for one in many]
    # Up to some depth all are settled, and beyond it none.
    assert done[20]
    assert done == sorted(done, reverse=True)
    # The others are unchanged.
    for one in many[sum(done) :][:10]:
        assert not one.done()
    return many


@call
def callbacks_that_set_a_result():
    many = [futures.Future() for _ in range(DEPTH)]
    for one, following in itertools.pairwise(many):
        one.add_done_callback(functools.partial(futures.Future.set_result, following))
    many[0].set_result(1)
    assert many[20].done()


@call
def callbacks_in_python():
    settled_by_each_other(lambda future, _=None: future.set_result(1))


@call
def callbacks_that_set_an_exception():
    settled_by_each_other(lambda future, _=None: future.set_exception(KeyError()))


@call
def callbacks_that_cancel():
    settled_by_each_other(lambda future, _=None: future.cancel())


@call
def callbacks_of_futures_with_conditions():
    def settle(future, _=None):
        future._condition  # noqa: B018
        future.set_result(1)

    many = settled_by_each_other(settle)
    for one in many[:1000]:
        assert one._condition.acquire(blocking=False)
        one._condition.release()


@call
def callbacks_called_in_another_way():
    class Other(futures.Future):
        def _invoke_callbacks(self):
            for callback in self._done_callbacks:
                callback(self)

    with too_deep():
        settled_by_each_other(lambda future, _=None: future.set_result(1), Other)


@call
def late_callbacks():
    count = 0

    def again(_):
        nonlocal count
        count += 1
        future = futures.Future()
        future.set_result(None)
        future.add_done_callback(again)

    again(None)
    assert count > 20


@call
def work_items():
    from weftline import _weftline

    work = _weftline._WorkQueue()

    def run_the_next():
        try:
            item = work.get_nowait()
        except queue.Empty:
            return
        item.run()

    for _ in range(DEPTH):
        work.submit_anyway(run_the_next, (), None)
    run_the_next()


@call
def iterators_over_iterators():
    with futures.ThreadPoolExecutor(1) as pool:
        results = iter([1])
        for _ in range(1000):
            results = pool.map(abs, results, buffersize=1)
        with too_deep():
            assert list(results) == [1]
        with too_deep():
            del results
