"""`weftline.RWLock`: many readers or one writer."""

import copy
import gc
import os
import pickle
import signal
import sys
import threading as std_threading
import weakref

import pytest
import weftline
from support.forking import expect_success, in_child
from support.target import STANDARD
from support.workers import blocked, run_all, start, until
from weftline import RWLock

pytestmark = pytest.mark.skipif(STANDARD, reason="the standard library has none")


def in_thread(call):
    """The result of `call` on another thread."""
    return start(call).result()


def test_readers_share_it_and_a_writer_has_it_alone():
    lock = RWLock()
    with lock.read() as taken:
        assert taken is True
        assert lock.locked()
        assert in_thread(lambda: lock.acquire_write(False)) is False
        assert in_thread(lambda: (lock.acquire_read(False), lock.release_read())) == (
            True,
            None,
        )
    with lock.write() as taken:
        assert taken is True
        assert in_thread(lambda: lock.acquire_read(blocking=False)) is False
        assert in_thread(lambda: lock.acquire_write(timeout=0.01)) is False
    assert not lock.locked()


def test_a_release_lets_in_the_waiters_readers_first():
    lock, order = RWLock(), []
    lock.acquire_write()

    def reads():
        with lock.read():
            order.append("read")

    def writes():
        with lock.write():
            order.append("write")

    waiting = [blocked(reads), blocked(writes), blocked(reads)]
    assert "waiting=2+1" in repr(lock)
    lock.release_write()
    for thread in waiting:
        thread.result()
    assert order == ["read", "read", "write"]


def test_a_waiting_writer_stops_new_readers_and_no_nested_read():
    lock = RWLock()
    with lock.read():
        writer = blocked(lambda: (lock.acquire_write(), lock.release_write()))
        assert in_thread(lambda: lock.acquire_read(False)) is False
        with lock.read(), lock.read(timeout=0):
            assert lock.acquire_read(False)
            lock.release_read()
    writer.result()
    assert not lock.locked()


def test_the_context_managers_give_up_after_their_timeout():
    lock = RWLock()
    with lock.write():
        for context in (lambda: lock.read(0.01), lambda: lock.write(timeout=0)):

            def enters(context=context):
                with pytest.raises(TimeoutError), context():
                    pass
                return True

            assert in_thread(enters)
    for refused in (-2, float("nan"), "1", None, 1e100):
        with pytest.raises((TypeError, ValueError, OverflowError)):
            lock.read(refused)
        with pytest.raises((TypeError, ValueError, OverflowError)):
            lock.acquire_write(timeout=refused)
    context = lock.read(timeout=-1)
    with context, context:
        assert "readers=2" in repr(lock)


def test_a_wait_of_a_thread_for_itself_is_an_error():
    lock = RWLock()
    with lock.write():
        for wait in (lock.acquire_read, lock.acquire_write):
            with pytest.raises(RuntimeError, match="would wait for itself"):
                wait()
            assert wait(False) is False
            assert wait(timeout=0.01) is False
    with lock.read():
        with pytest.raises(RuntimeError, match="would wait for itself to write"):
            lock.acquire_write()
        with pytest.raises(RuntimeError), lock.write():
            pass
    assert not lock.locked()


def test_only_its_holder_releases_it():
    lock = RWLock()
    with pytest.raises(RuntimeError, match="does not hold the RWLock to read"):
        lock.release_read()
    with pytest.raises(RuntimeError, match="does not hold the RWLock to write"):
        lock.release_write()
    with lock.read():
        with pytest.raises(RuntimeError):
            lock.release_write()

        def releases():
            with pytest.raises(RuntimeError):
                lock.release_read()
            return True

        assert in_thread(releases)
    assert lock.acquire_read()
    lock.release_read()
    with pytest.raises(RuntimeError):
        lock.downgrade()


def test_a_downgrade_lets_readers_in_and_no_writer():
    lock = RWLock()
    with lock.write():
        writer = blocked(lambda: (lock.acquire_write(), lock.release_write()))
        reader = blocked(lambda: (lock.acquire_read(), lock.release_read()))
        lock.downgrade()
        reader.result()
        assert not writer.finished
        assert "readers=1" in repr(lock)
    writer.result()
    assert not lock.locked()


def test_its_representation_shows_its_state():
    lock = RWLock()
    assert repr(lock).startswith(
        "<unlocked weftline.RWLock object readers=0 writer=0 waiting=0+0 at 0x"
    )
    with lock.read(), lock.read():
        assert repr(lock).startswith("<read weftline.RWLock object readers=2 writer=0")
    with lock.write():
        writer = f"readers=0 writer={std_threading.get_ident()}"
        assert repr(lock).startswith(f"<written weftline.RWLock object {writer}")


def test_it_is_a_name_of_the_package():
    assert weftline.RWLock is RWLock
    assert "RWLock" in weftline.__all__
    assert "RWLock" in dir(weftline)
    assert RWLock.__module__ == "weftline"
    assert pickle.loads(pickle.dumps(RWLock)) is RWLock
    assert not hasattr(std_threading, "RWLock")


def test_it_is_weakly_referenced_and_neither_copied_nor_pickled_nor_subclassed():
    lock = RWLock()
    died = []
    reference = weakref.ref(lock, died.append)
    assert reference() is lock
    for refused in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="cannot pickle"):
            refused(lock)
    with pytest.raises(TypeError):
        type("Sub", (RWLock,), {})
    with pytest.raises(AttributeError):
        lock.attribute = 1
    with pytest.raises(TypeError):
        RWLock(1)
    context = lock.write()
    del lock
    gc.collect()
    assert reference() is not None, "a context manager keeps its lock"
    del context
    gc.collect()
    assert died == [reference]


def test_a_lock_that_is_dropped_while_held_leaves_no_trace():
    for _ in range(100):
        # Most of these lie where the one before did.
        lock = RWLock()
        assert lock.acquire_read(False)
        assert not in_thread(lambda lock=lock: lock.acquire_write(False))
        start(lock.acquire_read).result()
        del lock
    lock = RWLock()
    assert lock.acquire_write(False)
    lock.release_write()
    with pytest.raises(RuntimeError):
        lock.release_read()


@pytest.mark.parametrize("mode", ["read", "write"])
def test_a_signal_handler_runs_in_a_wait_and_its_exception_ends_the_wait(mode):
    lock = RWLock()
    holder_may_go = std_threading.Event()

    def hold():
        with lock.write():
            holder_may_go.wait()

    holder = start(hold)
    until(lock.locked)

    def interrupts(signum, frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupts)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            getattr(lock, f"acquire_{mode}")()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert "waiting=0+0" in repr(lock)
    holder_may_go.set()
    holder.result()
    assert lock.acquire_write(False)
    lock.release_write()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
def test_the_child_of_a_fork_holds_what_the_forking_thread_held():
    read, written, others = RWLock(), RWLock(), RWLock()
    may_go = std_threading.Event()

    def hold():
        with read.read(), others.write():
            may_go.wait()

    holder = start(hold)
    until(others.locked)

    def child():
        assert others.acquire_write(False), "its writer is gone"
        assert "readers=2" in repr(read)
        assert not in_thread(lambda: read.acquire_write(False))
        assert not in_thread(lambda: written.acquire_read(False))
        with pytest.raises(RuntimeError):
            read.acquire_write()
        read.release_read()
        read.release_read()
        assert read.acquire_write(False)
        written.release_write()
        assert in_thread(lambda: written.acquire_write(timeout=5))

    with read.read(), read.read(), written.write():
        waiter = blocked(lambda: (written.acquire_read(), written.release_read()))
        expect_success(in_child(child))
    may_go.set()
    holder.result()
    waiter.result()


def test_threads_that_read_and_write_see_whole_values():
    lock, pair = RWLock(), [0, 0]
    rounds = 300

    def writes():
        for _ in range(rounds):
            with lock.write():
                pair[0] += 1
                pair[1] += 1

    def reads():
        for _ in range(rounds):
            with lock.read(), lock.read():
                assert pair[0] == pair[1]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        run_all(writes, reads, writes, reads)
    finally:
        sys.setswitchinterval(interval)
    assert pair == [2 * rounds, 2 * rounds]
    assert not lock.locked()
