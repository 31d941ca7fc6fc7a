"""The cost of waiting: the processor time of this process while many threads are blocked on one
object.

A waiting thread should use none. The figure is processor time over the time of the clock, so 1% is
a hundredth of one core.
"""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from .contestants import LOCKS, QUEUES, Contestant

LIMIT = 0.01
"""The most that may be used, as a part of one core."""

_STACK = 256 * 1024
_QUIET = 0.06
"""Seconds of quiet before measuring: a wait of weftline checks for signals once after 0.05."""
_TASKS = "/proc/self/task"


@dataclass(frozen=True)
class Cost:
    """`share` of one core that `threads` waiting threads used during `seconds`."""

    threads: int
    seconds: float
    share: float

    def as_json(self) -> dict[str, float]:
        """The three figures by name."""
        return asdict(self)


@dataclass(frozen=True)
class Wait:
    """One way to wait: how the object is created, how each thread waits, and the call that releases
    all of them.
    """

    cls: str
    make: Callable[[Contestant, int], Any]
    block: Callable[[Any], None]
    release: Callable[[Any, int], None]


def _lock(cls: str) -> Wait:
    def make(contestant: Contestant, _: int) -> Any:
        lock = contestant.make(cls)
        lock.acquire()
        return lock

    return Wait(cls, make, _pass_through, lambda lock, _: lock.release())


def _pass_through(lock: Any) -> None:
    with lock:
        pass


def _wait_with(condition: Any) -> None:
    with condition:
        condition.wait()


def _notify_all(condition: Any, _: int) -> None:
    with condition:
        condition.notify_all()


def _put_all(queue: Any, count: int) -> None:
    for _ in range(count):
        queue.put(0)


def _queue(cls: str) -> Wait:
    return Wait(
        cls,
        lambda contestant, _: contestant.make(cls),
        lambda queue: queue.get(),
        _put_all,
    )


WAITS = (
    *map(_lock, LOCKS),
    Wait(
        "Condition",
        lambda contestant, _: contestant.make("Condition"),
        _wait_with,
        _notify_all,
    ),
    Wait(
        "Event",
        lambda contestant, _: contestant.make("Event"),
        lambda event: event.wait(),
        lambda event, _: event.set(),
    ),
    Wait(
        "Barrier",
        lambda contestant, count: contestant.make("Barrier", count + 1),
        lambda barrier: barrier.wait(),
        lambda barrier, _: barrier.wait(),
    ),
    *map(_queue, QUEUES),
)


def idle(contestant: Contestant, wait: Wait, count: int, seconds: float) -> Cost:
    """Block ``count`` threads on one object of ``contestant`` for ``seconds`` and measure the
    processor time of the process.

    If the system allows fewer threads, those are measured, and the cost has their number.
    """
    one = wait.make(contestant, count)
    arrived = [0] * count

    def body(index: int) -> None:
        arrived[index] = 1
        wait.block(one)

    threads = []
    stack = threading.stack_size(_STACK)
    try:
        for index in range(count):
            thread = threading.Thread(target=body, args=(index,), daemon=True)
            thread.start()
            threads.append(thread)
    except RuntimeError:
        if wait.cls == "Barrier" or not threads:
            raise
    finally:
        threading.stack_size(stack)
    settle(lambda: sum(arrived) == len(threads))
    used, begin = time.process_time(), time.perf_counter()
    time.sleep(seconds)
    used, taken = time.process_time() - used, time.perf_counter() - begin
    wait.release(one, len(threads))
    for thread in threads:
        thread.join()
    return Cost(len(threads), taken, used / taken)


def settle(arrived: Callable[[], bool]) -> None:
    """Return when every thread is asleep in its wait, or after two seconds if some never are.

    A sleeping thread may only wait for the interpreter lock, and a quiet moment may only mean that
    the machine runs other processes. Both together mean that all threads wait.
    """
    give_up = time.monotonic() + 2
    is_quiet = False
    while not is_quiet and time.monotonic() < give_up:
        asleep = arrived() and _others_sleep()
        used = time.process_time()
        time.sleep(_QUIET)
        is_quiet = asleep and time.process_time() - used < 0.0005


def _others_sleep() -> bool:
    """Whether every thread but this one sleeps, if the system reports it."""
    if not os.path.isdir(_TASKS):
        return True
    me = str(threading.get_native_id())
    states = [_state(task) for task in os.listdir(_TASKS) if task != me]
    return all(state in ("S", None) for state in states)


def _state(task: str) -> str | None:
    """The letter of a thread's state, or None if the thread has ended."""
    try:
        with open(f"{_TASKS}/{task}/stat") as file:
            # The name in parentheses before it may contain any character.
            return file.read().rpartition(")")[2].split()[0]
    except OSError:
        return None
