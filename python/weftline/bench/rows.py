"""The compared operations, with the target ratio of each.

A row has the statement that each of its threads repeats, in the standard spelling (``{put}`` stands
for a contestant's own name of the method). The targets are for CPython 3.13 with the interpreter
lock.
"""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .contestants import Contestant
from .statement import REPEAT

Objects = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One operation. `threads` holds one statement for each thread; a single one runs in the
    calling thread.
    """

    operation: str
    needs: str
    target: float | None
    """The ratio that is meant; None where the standard library lacks the class."""
    make: Callable[[Contestant], Objects]
    threads: tuple[str, ...]
    per_turn: int = 1
    """Operations of all threads together while each runs its statement once."""
    empty: str = "pass"
    """The statement without the operation; its time is subtracted."""
    repeat: int = REPEAT
    """Copies of the statement in one turn of the loop: one, for a statement that is a loop
    itself.
    """
    in_place: bool = False
    """Whether the contestant replaces the standard classes meanwhile: the operation is one of a
    standard class that uses them.
    """


def _one(name: str, cls: str, *arguments: Any) -> Callable[[Contestant], Objects]:
    """Create one object of class ``cls``, called ``name`` in the statement."""
    return lambda contestant: {name: contestant.make(cls, *arguments)}


def _priority_queue_of_1000(contestant: Contestant) -> Objects:
    """A thousand rising numbers: each put is the largest so far and each get takes the smallest, as
    in a schedule of times.
    """
    queue, numbers = contestant.make("PriorityQueue"), itertools.count()
    put = getattr(queue, contestant.spell("{put}"))
    for number in itertools.islice(numbers, 1000):
        put(number)
    return {"queue": queue, "numbers": numbers}


def _ping_pong(contestant: Contestant) -> Objects:
    return {
        "ping": contestant.make("Semaphore", 0),
        "pong": contestant.make("Semaphore", 0),
    }


def _turns(contestant: Contestant) -> Objects:
    return {"condition": contestant.make("Condition"), "turn": [0]}


def _timers(number: int) -> Row:
    """Timers that are cancelled before they fire.

    All are joined, so that the standard library's threads are gone before the next contestant's
    turn. All are cancelled even if one cannot be started, so that none outlives the measurement by
    an hour.
    """
    return Row(
        f"{number:,} timers started, then cancelled and joined",
        "Timer",
        20,
        lambda contestant: {"Timer": contestant.classes["Timer"]},
        (
            f"""\
timers = [Timer(3600, None) for _ in range({number})]
try:
    for timer in timers: timer.start()
finally:
    for timer in timers: timer.cancel()
for timer in timers: timer.join()""",
        ),
        per_turn=number,
        repeat=1,
    )


def _threads(contestant: Contestant) -> Objects:
    return {"Thread": contestant.classes["Thread"], "nothing": int}


def _counter(contestant: Contestant) -> Objects:
    return {"lock": contestant.make("Lock"), "total": [0]}


def _pool_of_4(contestant: Contestant) -> Objects:
    """A pool that has started its workers."""
    pool = contestant.make("ThreadPoolExecutor", 4)
    for future in [pool.submit(time.sleep, 0.001) for _ in range(4)]:
        future.result()
    return {"pool": pool, "as_completed": contestant.classes["as_completed"]}


def _futures(contestant: Contestant) -> Objects:
    return {
        "Future": contestant.classes["Future"],
        "wait": contestant.classes["wait"],
    }


_WAIT_FOR_FIRST = """\
futures = [Future() for _ in range(2000)]
left = set(futures)
for future in futures:
    future.set_result(None)
    _, left = wait(left, None, "FIRST_COMPLETED")"""

_WAIT_AND_ADD = """\
futures = [Future() for _ in range(2500)]
left = set(futures[:2000])
for future, another in zip(futures, futures[2000:]):
    future.set_result(None)
    _, left = wait(left, None, "FIRST_COMPLETED")
    left.add(another)"""

_TAKE_TURNS = """\
with condition:
    while turn[0] != {me}:
        condition.wait()
    turn[0] = {other}
    condition.notify()"""

_PUT_GET = "queue.{put}(None); queue.{get}()"
_PUT_GET_1 = "queue.{put}(1); queue.{get}()"

ROWS: tuple[Row, ...] = (
    Row(
        "Lock acquire+release",
        "Lock",
        1.4,
        _one("lock", "Lock"),
        ("lock.{acquire}(); lock.{release}()",),
    ),
    Row("with lock", "Lock", 1.25, _one("lock", "Lock"), ("with lock: pass",)),
    Row("with rlock", "RLock", 1.3, _one("lock", "RLock"), ("with lock: pass",)),
    Row(
        "Event set, is_set, wait, clear",
        "Event",
        9,
        _one("event", "Event"),
        ("event.set(); event.is_set(); event.wait(); event.clear()",),
    ),
    Row(
        "with semaphore",
        "Semaphore",
        7,
        _one("semaphore", "Semaphore"),
        ("with semaphore: pass",),
    ),
    Row(
        "with bounded_semaphore",
        "BoundedSemaphore",
        7,
        _one("semaphore", "BoundedSemaphore"),
        ("with semaphore: pass",),
    ),
    Row(
        "with condition: notify(), no waiter",
        "Condition",
        2.5,
        _one("condition", "Condition"),
        ("with condition: condition.notify()",),
    ),
    Row("Queue put+get, one thread", "Queue", 12, _one("queue", "Queue"), (_PUT_GET,)),
    Row(
        "LifoQueue put+get, one thread",
        "LifoQueue",
        12,
        _one("queue", "LifoQueue"),
        (_PUT_GET,),
    ),
    Row(
        "PriorityQueue put+get, empty",
        "PriorityQueue",
        9,
        _one("queue", "PriorityQueue"),
        (_PUT_GET_1,),
    ),
    Row(
        "PriorityQueue put+get, 1,000 items",
        "PriorityQueue",
        2,
        _priority_queue_of_1000,
        ("queue.{put}(next(numbers)); queue.{get}()",),
        empty="next(numbers)",
    ),
    Row(
        "SimpleQueue put+get",
        "SimpleQueue",
        0.9,
        _one("queue", "SimpleQueue"),
        (_PUT_GET,),
    ),
    Row(
        "Queue between 2 threads, unbounded",
        "Queue",
        6,
        _one("queue", "Queue"),
        ("queue.{put}(None)", "queue.{get}()"),
    ),
    Row(
        "Queue between 2 threads, maxsize 100",
        "Queue",
        4,
        _one("queue", "Queue", 100),
        ("queue.{put}(None)", "queue.{get}()"),
    ),
    Row(
        "Semaphore ping-pong",
        "Semaphore",
        2.5,
        _ping_pong,
        ("ping.{release}(); pong.{acquire}()", "ping.{acquire}(); pong.{release}()"),
    ),
    Row(
        "Condition ping-pong",
        "Condition",
        2.5,
        _turns,
        (_TAKE_TURNS.format(me=0, other=1), _TAKE_TURNS.format(me=1, other=0)),
    ),
    Row(
        "Barrier(2)",
        "Barrier",
        2.5,
        _one("barrier", "Barrier", 2),
        ("barrier.wait()", "barrier.wait()"),
    ),
    Row(
        "with rwlock.read()",
        "RWLock",
        None,
        _one("lock", "RWLock"),
        ("with lock.{read}(): pass",),
    ),
    Row(
        "with rwlock.write()",
        "RWLock",
        None,
        _one("lock", "RWLock"),
        ("with lock.{write}(): pass",),
    ),
    Row(
        "RWLock of 3 readers and a writer",
        "RWLock",
        None,
        _one("lock", "RWLock"),
        ("with lock.{read}(): pass",) * 3 + ("with lock.{write}(): pass",),
        per_turn=4,
    ),
    _timers(10_000),
    Row(
        "Thread start+join",
        "Thread",
        1,
        _threads,
        ("thread = Thread(target=nothing); thread.start(); thread.join()",),
        repeat=1,
        in_place=True,
    ),
    Row(
        "Lock contended by 4 threads",
        "Lock",
        1,
        _counter,
        ("with lock: total[0] += 1",) * 4,
        per_turn=4,
    ),
    Row(
        "pool: submit 10,000 calls, then each result",
        "ThreadPoolExecutor",
        5,
        _pool_of_4,
        (
            "for future in [pool.submit(abs, 1) for _ in range(10_000)]: future.result()",
        ),
        per_turn=10_000,
        repeat=1,
    ),
    Row(
        "pool: map over 10,000",
        "ThreadPoolExecutor",
        5,
        _pool_of_4,
        ("for _ in pool.map(abs, range(10_000)): pass",),
        per_turn=10_000,
        repeat=1,
    ),
    Row(
        "pool: submit, result, one call after the other",
        "ThreadPoolExecutor",
        1.8,
        _pool_of_4,
        ("pool.submit(abs, 1).result()",),
    ),
    Row(
        "pool: as_completed over 10,000",
        "ThreadPoolExecutor",
        6,
        _pool_of_4,
        ("for _ in as_completed([pool.submit(abs, 1) for _ in range(10_000)]): pass",),
        per_turn=10_000,
        repeat=1,
    ),
    Row(
        "wait for the first of 2,000, again and again",
        "Future",
        50,
        _futures,
        (_WAIT_FOR_FIRST,),
        per_turn=2000,
        repeat=1,
    ),
    Row(
        "wait for the first of 2,000, add another, again and again",
        "Future",
        50,
        _futures,
        (_WAIT_AND_ADD,),
        per_turn=500,
        repeat=1,
    ),
)

QUICK_ROWS = tuple(_timers(300) if row.needs == "Timer" else row for row in ROWS)
"""With fewer threads."""
