"""Code that runs while an exception propagates finds it in `sys.exc_info()`.

So does code after `except` and `finally`. An exception of such code has that exception as its
context.
"""

import logging
import signal
import sys
import traceback

import pytest
from support.alike import SIDES
from support.differ import shape


def handled():
    return repr(sys.exc_info()[1])


def lines(error):
    """The functions of this file in the traceback of `error`."""
    frames = traceback.extract_tb(error.__traceback__) if error else ()
    return [frame.name for frame in frames if frame.filename == __file__]


def error_and_context(error):
    context = error.__context__
    return shape(repr(error)), shape(repr(context)), lines(error), lines(context)


def alike(act):
    """Asserts that `act` returns the same on both sides, and leaves no exception as handled."""
    before = sys.exc_info()
    theirs, mine = (act(*side) for side in SIDES)
    assert mine == theirs
    assert sys.exc_info() == before
    return mine


class Records(logging.Handler):
    def __init__(self):
        super().__init__()
        self.seen = []

    def emit(self, record):
        self.seen.append((handled(), repr(record.exc_info[1])))


@pytest.fixture
def records():
    logger, handler = logging.getLogger("concurrent.futures"), Records()
    logger.addHandler(handler)
    yield handler.seen
    logger.removeHandler(handler)


@pytest.mark.parametrize("when", ["before", "late", "cancelled", "inflated", "inside"])
def test_the_logger_of_a_callback_finds_its_exception(when, records):
    def use(t, q, f):
        records.clear()
        future = f.Future()
        if when == "inflated":
            future.__dict__["mine"] = 1
        if when == "late":
            future.set_result(1)
        future.add_done_callback(lambda _: 1 / 0)
        if when == "cancelled":
            future.cancel()
        elif when == "inside":
            try:
                int("x")
            except ValueError:
                future.set_result(1)
                records.append(handled())
        elif when != "late":
            future.set_result(1)
        return [*records, handled()]

    seen = alike(use)
    assert "ZeroDivisionError" in seen[0][0] and seen[-1] == "None"


@pytest.mark.parametrize("when", ["before", "late", "inflated"])
def test_the_logger_of_a_callback_finds_the_lines_that_have_raised(when):
    def raises(future):
        return future.result() / 0

    def use(t, q, f):
        seen = []
        logger, handler = logging.getLogger("concurrent.futures"), logging.Handler()
        handler.emit = lambda record: seen.append(lines(record.exc_info[1]))
        logger.addHandler(handler)
        future = f.Future()
        if when == "inflated":
            future.__dict__["mine"] = 1
        if when == "late":
            future.set_result(1)
        future.add_done_callback(raises)
        if when != "late":
            future.set_result(1)
        logger.removeHandler(handler)
        return seen

    assert alike(use) == [["raises"]]


def broken(t):
    """A barrier whose `_exit` is the program's; `seen` holds what that sees."""

    class Mine(t.Barrier):
        seen = []  # noqa: RUF012 - one class for each use

        def _exit(self):
            self.seen.append(handled())
            super()._exit()

        def _break(self):
            self.seen.append((handled(), lines(sys.exc_info()[1])))
            super()._break()

    return Mine


def test_a_barriers_exit_finds_the_exception_of_the_wait():
    def use(t, q, f):
        barrier = broken(t)(2)
        with pytest.raises(t.BrokenBarrierError) as caught:
            barrier.wait(0.001)
        return barrier.seen, error_and_context(caught.value)

    assert "BrokenBarrierError" in alike(use)[0][-1]


def test_a_barrier_that_breaks_finds_the_exception_of_the_action():
    def use(t, q, f):
        barrier = broken(t)(1, lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError) as caught:
            barrier.wait()
        return barrier.seen, error_and_context(caught.value)

    [(error, functions)] = [seen for seen in alike(use)[0] if type(seen) is tuple]
    assert "ZeroDivisionError" in error and functions == ["<lambda>"]


def test_what_a_barriers_exit_raises_has_the_exception_of_the_wait_as_context():
    def use(t, q, f):
        class Mine(t.Barrier):
            def _exit(self):
                raise KeyError("mine")

        with pytest.raises(KeyError) as caught:
            Mine(2).wait(0.001)
        return error_and_context(caught.value)

    assert "BrokenBarrierError" in alike(use)[1]


class Refusing:
    """A lock that a condition can release and cannot take again."""

    def __init__(self, seen):
        self.seen = seen

    def acquire(self, *_):
        return True

    def release(self):
        pass

    def locked(self):
        return True

    __enter__ = acquire

    def __exit__(self, kind, error, _):
        self.seen.append((handled(), lines(error)))

    def _is_owned(self):
        return True

    def _release_save(self):
        pass

    def _acquire_restore(self, _):
        self.seen.append(handled())
        raise KeyError("mine")


class Interrupted(BaseException):
    pass


@pytest.fixture
def interrupting():
    """Raises `Interrupted` in the wait of the main thread that follows the call."""

    def interrupt(*_):
        raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    yield lambda: signal.setitimer(signal.ITIMER_REAL, 0.05)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("inflate", [False, True])
def test_a_lock_that_is_taken_again_finds_the_interrupt_of_the_wait(
    inflate, interrupting
):
    def use(t, q, f):
        condition = t.Condition(Refusing(seen := []))
        if inflate:
            condition.__dict__["mine"] = 1
        interrupting()
        with pytest.raises(KeyError) as caught:
            condition.wait(30)
        return seen, error_and_context(caught.value)

    assert alike(use)[0] == [repr(Interrupted())]


def test_a_condition_of_the_programs_is_left_with_the_exception_of_the_body():
    def use(t, q, f):
        event = t.Event()
        event._cond = Refusing(seen := [])
        with pytest.raises(AttributeError):
            event.set()
        return seen

    [(error, _)] = alike(use)
    assert "notify_all" in error


def test_a_lock_that_cannot_be_left_says_so_in_the_context_of_the_body():
    def use(t, q, f):
        event = t.Event()

        def notify_all():
            event._cond.release()
            raise KeyError("mine")

        event._cond.notify_all = notify_all
        with pytest.raises(RuntimeError) as caught:
            event.set()
        return error_and_context(caught.value)

    assert "mine" in alike(use)[1]
