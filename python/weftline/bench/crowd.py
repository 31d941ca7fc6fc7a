"""The cost of one call that wakes many threads: the call itself, the time until all have ended, and
processor time.
"""

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .contestants import Contestant
from .idle import settle

FIGURES = ("the call", "until all have ended", "processor time")

_STACK = 128 * 1024

Cost = tuple[float, float, float]
"""Seconds, in the order of `FIGURES`."""


@dataclass(frozen=True)
class Crowd:
    """One call that wakes many threads: the class that it needs, how the object is created, the
    body of each thread, and the call.
    """

    call: str
    cls: str
    make: Callable[[Contestant, int], Any]
    block: Callable[[Any], object]
    wake: Callable[[Any, int], object]


def _one(cls: str, *arguments: Any) -> Callable[[Contestant, int], Any]:
    return lambda contestant, _: contestant.make(cls, *arguments)


def _wait_with(condition: Any) -> None:
    with condition:
        condition.wait()


def _notify_all(condition: Any, _: int) -> None:
    with condition:
        condition.notify_all()


def _get_in_vain(queue: Any) -> None:
    with contextlib.suppress(Exception):
        queue.get()


def _put_all(queue: Any, count: int) -> None:
    for _ in range(count):
        queue.put(0)


CROWDS = (
    Crowd(
        "Event.set",
        "Event",
        _one("Event"),
        lambda event: event.wait(),
        lambda event, _: event.set(),
    ),
    Crowd(
        "Condition.notify_all", "Condition", _one("Condition"), _wait_with, _notify_all
    ),
    Crowd(
        "Barrier.wait",
        "Barrier",
        lambda contestant, count: contestant.make("Barrier", count + 1),
        lambda barrier: barrier.wait(),
        lambda barrier, _: barrier.wait(),
    ),
    Crowd(
        "Semaphore.release(n)",
        "Semaphore",
        _one("Semaphore", 0),
        lambda semaphore: semaphore.acquire(),
        lambda semaphore, count: semaphore.release(count),
    ),
    Crowd(
        "Queue.shutdown",
        "Queue",
        _one("Queue"),
        _get_in_vain,
        lambda queue, _: queue.shutdown(),
    ),
    Crowd("Queue.put, n times", "Queue", _one("Queue"), lambda q: q.get(), _put_all),
    Crowd(
        "Future.set_result",
        "Future",
        _one("Future"),
        lambda future: future.result(),
        lambda future, _: future.set_result(None),
    ),
)


def can_take_part(contestant: Contestant, crowd: Crowd) -> bool:
    """Whether the contestant has the call: queues of the standard library have shutdown() from 3.13
    on.
    """
    cls = contestant.classes.get(crowd.cls)
    return cls is not None and (
        crowd.call != "Queue.shutdown" or hasattr(cls, "shutdown")
    )


def rounds(
    contestants: Sequence[Contestant],
    crowd: Crowd,
    count: int,
    number: int,
    order: random.Random,
) -> dict[str, list[Cost]]:
    """The costs of each round by contestant. Each contestant wakes ``count`` threads once in every
    round.
    """
    costs: dict[str, list[Cost]] = {one.name: [] for one in contestants}
    for _ in range(number):
        for one in order.sample(list(contestants), len(contestants)):
            costs[one.name].append(_wake(one, crowd, count))
    return costs


def _wake(contestant: Contestant, crowd: Crowd, count: int) -> Cost:
    one = crowd.make(contestant, count)
    arrived = [0] * count

    def body(index: int) -> None:
        arrived[index] = 1
        crowd.block(one)

    threads = [
        threading.Thread(target=body, args=(index,), daemon=True)
        for index in range(count)
    ]
    with _small_stacks():
        for thread in threads:
            thread.start()
    settle(lambda: all(arrived))
    used, begin = time.process_time(), time.perf_counter()
    crowd.wake(one, count)
    call_time = time.perf_counter() - begin
    for thread in threads:
        thread.join()
    return call_time, time.perf_counter() - begin, time.process_time() - used


@contextlib.contextmanager
def _small_stacks() -> Iterator[None]:
    before = threading.stack_size(_STACK)
    try:
        yield
    finally:
        threading.stack_size(before)
