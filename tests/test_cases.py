"""The table of cases in `tests/cases`, from Python; `crates/weftline/tests/cases.rs` runs it from
Rust.
"""

import tomllib
from pathlib import Path

import pytest
from support.target import STANDARD, queue, threading
from support.workers import Worker

TABLE = [
    pytest.param(made, case, id=f"{made}: {case['name']}")
    for file in sorted(Path(__file__).with_name("cases").glob("*.toml"))
    for table in [tomllib.loads(file.read_text())]
    for made in table["objects"]
    for case in table["case"]
    if not STANDARD or hasattr(queue, "ShutDown") or "shut" not in case["steps"]
]

ERRORS = {
    queue.Empty: "empty",
    queue.Full: "full",
    getattr(queue, "ShutDown", KeyError): "shut-down",
    threading.BrokenBarrierError: "broken",
    ValueError: "refused",
}


def in_time(within):
    """The arguments of a call of `acquire`, `get` or `put` that has `within` seconds."""
    if within is None:
        return {}
    return {"timeout": within} if within else {"blocking": False}


def block(within):
    """The same for queues, which spell it otherwise."""
    options = in_time(within)
    return {"block": False} if "blocking" in options else options


class Locks:
    """Lock and RLock."""

    def __init__(self, made):
        self.lock = getattr(threading, made)()

    def acquire(self, within=None):
        return done(self.lock.acquire(**in_time(within)))

    def release(self):
        return done(self.lock.release())

    def is_owned(self):
        return self.lock._is_owned()

    def is_locked(self):
        return repr(self.lock).startswith("<locked")


class Conditions:
    """Condition, with the number that it guards."""

    def __init__(self, made):
        self.condition, self.number = threading.Condition(), 0

    def acquire(self, within=None):
        return done(self.condition.acquire(**in_time(within)))

    def release(self):
        return done(self.condition.release())

    def wait(self, within=None):
        return done(self.condition.wait(within))

    def pass_(self):
        with self.condition:
            return done(self.condition.wait())

    def wait_for(self, value, within=None):
        return done(self.condition.wait_for(lambda: self.number >= value, within))

    def notify(self, n):
        return done(self.condition.notify(n))

    def notify_all(self):
        return done(self.condition.notify_all())

    def set(self, value):
        self.number = value
        return "ok"

    def value(self):
        return self.number


class Events:
    """Event."""

    def __init__(self, made):
        self.event = threading.Event()

    def wait(self, within=None):
        return done(self.event.wait(within))

    def set(self):
        return done(self.event.set())

    def clear(self):
        return done(self.event.clear())

    def is_set(self):
        return self.event.is_set()


class Semaphores:
    """Semaphore and BoundedSemaphore."""

    def __init__(self, made, permits):
        self.semaphore = getattr(threading, made)(permits)

    def acquire(self, within=None):
        return done(self.semaphore.acquire(**in_time(within)))

    def release(self, n):
        return done(self.semaphore.release(n))

    def available(self):
        return self.semaphore._value


class Barriers:
    """Barrier."""

    def __init__(self, made, parties, action=False):
        self.acted = []
        self.barrier = threading.Barrier(
            parties, (lambda: self.acted.append(1)) if action else None
        )

    def wait(self, within=None):
        return self.barrier.wait(within)

    def abort(self):
        return done(self.barrier.abort())

    def reset(self):
        return done(self.barrier.reset())

    def parties(self):
        return self.barrier.parties

    def n_waiting(self):
        return self.barrier.n_waiting

    def is_broken(self):
        return self.barrier.broken

    def actions(self):
        return len(self.acted)


class Queues:
    """The four queues."""

    def __init__(self, made, bound=None):
        self.queue = getattr(queue, made)(*[bound] * (bound is not None))

    def put(self, item, within=None):
        return done(self.queue.put(item, **block(within)))

    def get(self, within=None):
        return self.queue.get(**block(within))

    def drain(self):
        return len([self.queue.get_nowait() for _ in range(self.queue.qsize())])

    def len(self):
        return self.queue.qsize()

    def is_empty(self):
        return self.queue.empty()

    def is_full(self):
        return self.queue.full()

    def task_done(self):
        return done(self.queue.task_done())

    def unfinished(self):
        return self.queue.unfinished_tasks

    def join(self):
        return done(self.queue.join())

    def shutdown(self, immediate=False):
        return done(self.queue.shutdown(immediate))

    def is_shut_down(self):
        return self.queue.is_shutdown


OBJECTS = {
    "Lock": Locks,
    "RLock": Locks,
    "Condition": Conditions,
    "Event": Events,
    "Semaphore": Semaphores,
    "BoundedSemaphore": Semaphores,
    "Barrier": Barriers,
    "Queue": Queues,
    "LifoQueue": Queues,
    "PriorityQueue": Queues,
    "SimpleQueue": Queues,
}


def done(value):
    """`ok` for a call that returned None or true, `no` for one that timed out."""
    return "no" if value is False else "ok"


def parse(step):
    """Splits `thread: verb key=value -> result`."""
    call, result = step.split("->")
    name, _, call = call.partition(":")
    verb, *words = call.split() or [""]
    options = dict(word.split("=") for word in words)
    return (
        name,
        verb.replace("-", "_"),
        {key: number(value) for key, value in options.items()},
        result.strip(),
    )


def number(word):
    """A word of a step as the number or truth that it stands for."""
    return (
        word == "true"
        if word in ("true", "false")
        else float(word)
        if "." in word
        else int(word)
    )


def answer_of(worker):
    """How the worker's call ended, in the words of the table."""
    try:
        value = worker.result()
    except tuple(ERRORS) as error:
        return ERRORS[type(error)]
    return str(value).lower()


@pytest.mark.parametrize(("made", "case"), TABLE)
def test_case(made, case):
    thing, workers = OBJECTS[made](made, **case.get("with", {})), {}
    for step in case["steps"].strip().splitlines():
        name, verb, options, result = parse(step)
        worker = workers.get(name) or workers.setdefault(name, Worker(name))
        if verb:
            worker.call(
                getattr(thing, verb, None) or getattr(thing, f"{verb}_"), **options
            )
        if result == "waits":
            worker.blocks()
        else:
            assert answer_of(worker) == result, step
    for worker in workers.values():
        worker.close()


def test_the_table_covers_every_object():
    assert {param.values[0] for param in TABLE} == set(OBJECTS)
    assert len(TABLE) >= 60
