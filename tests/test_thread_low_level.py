"""`weftline._thread` is the low level of the running version, with weftline's locks."""

import _thread as std_thread
import queue as std_queue
import signal
import sys
import threading as std_threading

import pytest
import weftline
from support.workers import blocked
from weftline import _thread

LIMIT = 60
OURS = {"LockType", "RLock", "allocate", "allocate_lock", "lock"}


def from_a_thread(function, *arguments):
    """The item that `function`, in a thread started by the low level, puts into the queue that is
    its argument.
    """
    answers = std_queue.SimpleQueue()
    _thread.start_new_thread(function, (answers, *arguments))
    return answers.get(timeout=LIMIT)


def test_every_name_of_the_standard_module_is_there():
    for name in dir(std_thread):
        assert hasattr(_thread, name) and name in dir(_thread), name


def test_the_locks_are_ours_and_the_rest_is_the_interpreters_own():
    for name in {name for name in dir(std_thread) if not name.startswith("__")}:
        same = getattr(_thread, name) is getattr(std_thread, name)
        assert same == (name not in OURS), name
    assert _thread.lock is _thread.LockType
    assert type(_thread.allocate_lock()) is type(_thread.allocate()) is _thread.LockType
    assert type(_thread.RLock()) is type(weftline.threading.RLock())


def test_installed_both_modules_have_the_same_locks():
    weftline.install()
    try:
        for name in OURS & set(dir(std_thread)):
            assert getattr(_thread, name) is getattr(std_thread, name), name
    finally:
        weftline.uninstall()


@pytest.mark.parametrize("start", ["start_new_thread", "start_new"])
def test_a_thread_runs_with_its_arguments_and_gets_its_identity(start):
    answers = std_queue.SimpleQueue()
    ident = getattr(_thread, start)(
        lambda *args, **kwargs: answers.put((args, kwargs, _thread.get_ident())),
        (1, 2),
        {"three": 3},
    )
    assert answers.get(timeout=LIMIT) == ((1, 2), {"three": 3}, ident)
    assert ident != _thread.get_ident()


def test_a_lock_may_be_released_by_another_thread():
    lock = _thread.allocate_lock()
    assert lock.acquire() is True
    waiter = blocked(lock.acquire)
    _thread.start_new_thread(lock.release, ())
    assert waiter.result() is True
    assert lock.locked()


def test_the_locks_old_spellings_work():
    lock = _thread.allocate()
    assert lock.acquire_lock() is True
    assert lock.locked_lock() is True
    assert lock.acquire_lock(0) is False
    lock.release_lock()
    assert lock.locked_lock() is False


def test_releasing_a_free_lock_raises_the_modules_error():
    assert _thread.error is RuntimeError
    with pytest.raises(_thread.error, match="release unlocked lock"):
        _thread.allocate_lock().release()


@pytest.mark.parametrize("leave", ["exit", "exit_thread"])
def test_exit_ends_the_thread_silently(leave, monkeypatch):
    reported = []
    monkeypatch.setattr(sys, "unraisablehook", reported.append)

    def work(answers):
        try:
            getattr(_thread, leave)()
        finally:
            answers.put("left")

    assert from_a_thread(work) == "left"
    assert reported == []


def test_an_exception_is_reported_and_ends_the_thread_alone(monkeypatch):
    reported = std_queue.SimpleQueue()
    monkeypatch.setattr(
        sys, "unraisablehook", lambda args: reported.put((args.exc_type, args.object))
    )

    def fail():
        raise LookupError

    _thread.start_new_thread(fail, ())
    kind, function = reported.get(timeout=LIMIT)
    assert kind is LookupError
    # Newer versions put the function into the message instead.
    assert function in (fail, None)


def test_interrupt_main_runs_the_handler_in_the_main_thread():
    ran_in = []
    before = signal.signal(signal.SIGINT, lambda *_: ran_in.append(_thread.get_ident()))
    try:
        answers = std_queue.SimpleQueue()
        _thread.start_new_thread(lambda: (_thread.interrupt_main(), answers.put(1)), ())
        answers.get(timeout=LIMIT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert ran_in == [_thread.get_ident()]


def test_the_stack_size_holds_for_the_threads_that_follow():
    before = _thread.stack_size(1 << 20)
    try:
        # Asking sets it back to the default.
        assert _thread.stack_size(1 << 20) == 1 << 20
        assert from_a_thread(lambda answers: answers.put("ran")) == "ran"
    finally:
        _thread.stack_size(before)
    with pytest.raises(ValueError, match="size (not valid|must be at least)"):
        _thread.stack_size(1)


def test_a_wait_has_the_limits_of_the_running_version():
    assert _thread.TIMEOUT_MAX == std_threading.TIMEOUT_MAX
    refused = []
    for lock in (_thread.allocate_lock(), std_thread.allocate_lock()):
        with pytest.raises(OverflowError) as error:
            lock.acquire(timeout=_thread.TIMEOUT_MAX * 2)
        refused.append(str(error.value))
    assert refused[0] == refused[1]


def test_thread_locals_are_each_threads_own():
    local = _thread._local()
    local.value = "main"
    assert from_a_thread(lambda answers: answers.put(hasattr(local, "value"))) is False
    assert local.value == "main"
