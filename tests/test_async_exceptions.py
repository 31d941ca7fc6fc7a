"""An exception that another thread sends (`PyThreadState_SetAsyncExc`): the place where it is
raised when a wait times out.
"""

import ctypes
import threading as std
import time

import pytest
from classes import STANDARD_MODULES, standard
from support.target import MODULES
from support.workers import LIMIT, asleep


class Sent(Exception):
    """The exception that the other thread sends."""


def waits(row, wait):
    """The wait on an object that it makes itself."""

    def use(modules, seconds):
        thing = (wait.new or row.new)(modules)
        wait.block(thing)
        wait.timed(thing, seconds)

    return use


WAITS = {
    name: waits(row, wait)
    for row in standard("waits").values()
    for name, wait in row.waits.items()
    if wait.timed and not wait.admits_blocker
} | {
    name: call for row in standard().values() for name, call in row.timed_calls.items()
}


def is_asleep(thread):
    """Whether the thread falls asleep, rather than ends."""
    try:
        asleep(thread, lambda: not thread.is_alive())
    except AssertionError:
        return False
    return True


def met(wait, modules):
    """The place where a thread meets an exception that is sent to it while it sleeps in `wait`,
    which times out.
    """
    timeout = 0.1
    while True:
        seen, is_in_time = met_in(wait, modules, timeout)
        if is_in_time:
            # After the call it may come before or in the program's handler of `Empty`.
            return seen[-1]
        assert timeout < LIMIT
        timeout *= 2


def met_in(wait, modules, timeout):
    """The same, and whether it was sent before the wait was over."""
    seen = []

    def body():
        try:
            try:
                wait(modules, timeout)
                seen.append("returned")
            except Sent:
                seen.append("in the call")
            except BaseException as error:  # noqa: BLE001 - any other comes first
                seen.append(type(error).__name__)
            for _ in range(1000):
                pass
        except Sent:
            seen.append("after the call")

    begun = time.monotonic()
    thread = std.Thread(target=body, daemon=True)
    thread.start()
    while not seen and not is_asleep(thread):
        pass
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident), ctypes.py_object(Sent)
    )
    is_in_time = not seen and time.monotonic() < begun + timeout
    thread.join(LIMIT)
    assert not thread.is_alive()
    return seen, is_in_time


@pytest.mark.parametrize("name", WAITS)
def test_a_wait_that_ends_in_vain_meets_it_where_the_standard_one_does(name):
    assert met(WAITS[name], MODULES) == met(WAITS[name], STANDARD_MODULES)
