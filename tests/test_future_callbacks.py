"""`Future.add_done_callback`: the calling thread, the order of the calls, and the exceptions of
callbacks.
"""

import logging

import pytest
from support.differ import shape
from support.pools import MODULES, futures, std_futures
from support.workers import run_all, start


def test_callbacks_are_called_once_in_order_by_the_settling_thread():
    future, log = futures.Future(), []
    for number in range(5):
        future.add_done_callback(lambda f, number=number: log.append((number, f)))
    start(future.set_result, 1).result()
    future.add_done_callback(lambda f: log.append(("late", f)))
    assert log == [(number, future) for number in [0, 1, 2, 3, 4, "late"]]


def test_a_callback_added_twice_is_called_twice():
    future, log = futures.Future(), []
    future.add_done_callback(log.append)
    future.add_done_callback(log.append)
    future.cancel()
    assert log == [future, future]


def test_what_a_callback_raises_is_logged_and_the_others_are_called(caplog):
    told = []
    for module in MODULES:
        caplog.clear()
        future, log = module.Future(), []
        future.add_done_callback(lambda f: 1 / 0)
        future.add_done_callback(lambda f, log=log: log.append(f._state))
        future.set_result(1)
        future.add_done_callback(lambda f: int("x"))
        told.append(
            [log]
            + [
                (r.name, r.levelname, shape(r.getMessage()), r.exc_info[0])
                for r in caplog.records
            ]
        )
    assert len(told[0]) == 3
    assert told[0] == told[1]


def test_a_raised_object_that_is_no_exception_reaches_the_settling_thread_and_the_outcome_stays():
    def interrupt(_):
        raise KeyboardInterrupt

    for module in MODULES:
        future, log = module.Future(), []
        future.add_done_callback(interrupt)
        future.add_done_callback(log.append)
        with pytest.raises(KeyboardInterrupt):
            future.set_result(1)
        assert future.result(0) == 1 and log == []


def test_a_callback_may_use_its_future():
    for module in MODULES:
        future, log = module.Future(), []

        def use(done, log=log):
            log.append((done.result(), done.exception(), done.cancel(), done.done()))
            done.add_done_callback(lambda f: log.append("inner"))

        future.add_done_callback(use)
        future.add_done_callback(lambda f, log=log: log.append("second"))
        future.set_result(1)
        assert log == [(1, None, False, True), "inner", "second"]


def test_a_callback_that_settles_once_more_is_refused(caplog):
    future = futures.Future()
    future.add_done_callback(lambda f: f.set_result(2))
    future.set_result(1)
    assert future.result() == 1
    assert caplog.records[0].exc_info[0] is futures.InvalidStateError


def test_callbacks_added_by_many_threads_while_it_is_settled_are_all_called_once():
    for _ in range(30):
        future, called = futures.Future(), []

        def add(future=future, called=called):
            for _ in range(20):
                future.add_done_callback(called.append)

        run_all(add, add, lambda future=future: future.set_result(None), add)
        assert len(called) == 60


def test_a_subclass_calls_back_in_its_own_way():
    told = []
    for module in MODULES:

        class Quiet(module.Future):
            """Logs the call instead of calling back."""

            def _invoke_callbacks(self):
                self.said = [self._state, len(self._done_callbacks)]

        log = []
        outcomes = [lambda f: f.set_result(1), lambda f: f.set_exception(OSError())]
        for settle in [*outcomes, lambda f: f.cancel()]:
            future = Quiet()
            future.add_done_callback(log.append)
            settle(future)
            told.append(future.said)
        assert log == []
    assert told[:3] == told[3:]


def test_callbacks_are_logged_by_the_standard_logger():
    assert logging.getLogger("concurrent.futures") is std_futures._base.LOGGER
