"""Subclasses of barriers that replace steps or parts, as that of `multiprocessing` does, and
signals in inflated barriers. Each test runs on both.
"""

import pytest
from support.programs import run
from support.target import std_threading
from support.workers import blocked

Broken = std_threading.BrokenBarrierError


def test_methods_that_a_subclass_replaces_are_called(module):
    class Logged(module.Barrier):
        """Logs each step."""

        def __init__(self, parties):
            self.log = []
            super().__init__(parties)

        def _enter(self):
            self.log.append("enter")
            super()._enter()

        def _release(self):
            self.log.append("release")
            super()._release()

        def _wait(self, timeout):
            self.log.append(f"wait {timeout}")
            super()._wait(timeout)

        def _exit(self):
            self.log.append("exit")
            super()._exit()

        def _break(self):
            self.log.append("break")
            super()._break()

    barrier = Logged(2)
    waiter = blocked(barrier.wait, 60)
    assert barrier.wait() == 1
    assert waiter.result() == 0
    steps = ["enter", "wait 60", "enter", "release", "exit", "exit"]
    assert barrier.log == steps
    with pytest.raises(Broken):
        barrier.wait(0)
    assert barrier.log == [*steps, "enter", "wait 0", "break", "exit"]


def test_a_subclass_may_keep_the_parts_elsewhere(module):
    class Elsewhere(module.Barrier):
        """Its state and count are in a list, as those of `multiprocessing.Barrier` are in shared
        memory.
        """

        def __init__(self, parties):
            self._parties, self._action, self._timeout = parties, None, None
            self._cond, self.places = module.Condition(), [0, 0]

        _state = property(
            lambda self: self.places[0], lambda self, to: self.places.__setitem__(0, to)
        )
        _count = property(
            lambda self: self.places[1], lambda self, to: self.places.__setitem__(1, to)
        )

    barrier = Elsewhere(2)
    for _ in range(3):
        waiter = blocked(barrier.wait)
        assert barrier.places == [0, 1]
        assert (barrier.n_waiting, barrier.broken) == (1, False)
        assert ": waiters=1/2>" in repr(barrier)
        assert barrier.wait() == 1
        assert waiter.result() == 0
    barrier.abort()
    assert barrier.places == [-2, 0]
    assert barrier.broken


def test_the_barrier_of_multiprocessing_waits_for_all_processes(module):
    run(
        """
import sys
import weftline
if sys.argv[1] == "ours":
    weftline.install()
import multiprocessing, pickle, threading

context = multiprocessing.get_context("fork")
barrier = context.Barrier(3)
assert isinstance(barrier, threading.Barrier)
try:
    barrier.wait(0.01)
except threading.BrokenBarrierError:
    assert barrier.broken
else:
    raise SystemExit("no thread waited")
barrier.reset()
processes = [context.Process(target=barrier.wait, args=(20,)) for _ in range(2)]
for process in processes:
    process.start()
assert barrier.wait(20) in (0, 1, 2)
for process in processes:
    process.join()
    assert process.exitcode == 0
assert barrier.parties == 3
if weftline.installed():
    weftline.uninstall()
""",
        "plain" if module is std_threading else "ours",
        within=60,
    )


def test_ctrl_c_ends_an_inflated_wait_and_frees_the_place(module):
    run(
        """
import os, signal, sys, threading as std
from support.workers import asleep, blocked, start

module = std if sys.argv[1] == "plain" else threading
signal.signal(signal.SIGINT, signal.default_int_handler)

for reached in ("before", "meanwhile", "in the handler"):
    barrier = module.Barrier(2)
    def handler(*_):
        if reached == "in the handler":
            barrier._cond
        raise KeyboardInterrupt
    signal.signal(signal.SIGUSR1, handler)
    if reached == "before":
        barrier._cond
    def interrupt():
        asleep(std.main_thread())
        if reached == "meanwhile":
            with barrier._cond:
                assert barrier._count == 1
            asleep(std.main_thread())
        os.kill(os.getpid(), signal.SIGUSR1)
    sender = start(interrupt)
    try:
        barrier.wait()
    except KeyboardInterrupt:
        pass
    else:
        raise SystemExit("the interrupt was lost")
    sender.result()
    assert (barrier._count, barrier._state) == (0, 0), reached
    assert not barrier._cond._is_owned()
    waiter = blocked(barrier.wait)
    assert barrier.wait() == 1
    assert waiter.result() == 0
""",
        "plain" if module is std_threading else "ours",
    )
