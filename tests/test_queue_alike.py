"""A queue of each kind answers and raises in each of its states as the standard one, and has its
names.
"""

import copy
import pickle
import types

import pytest
from support.differ import assert_same_face, error_class, outcome, shape
from support.target import ours_before, queue, std_queue

MODULES = [std_queue, queue]
KINDS = ["Queue", "LifoQueue", "PriorityQueue"]

CALLS = {
    "put": lambda q: q.put(1),
    "put by keyword": lambda q: q.put(item=1, block=True, timeout=None),
    "put, not blocking": lambda q: q.put(1, False),
    "put, not blocking, timeout ignored": lambda q: q.put(1, False, -1),
    "put with a timeout": lambda q: q.put(1, True, 0.01),
    "put with a timeout of nothing": lambda q: q.put(1, timeout=0),
    "put with a negative timeout": lambda q: q.put(1, timeout=-1),
    "put with a slightly negative timeout": lambda q: q.put(1, timeout=-0.001),
    "put with a timeout as a str": lambda q: q.put(1, timeout="x"),
    "put with an infinite timeout": lambda q: q.put(1, timeout=float("inf")),
    "put with a timeout too large": lambda q: q.put(1, timeout=1e100),
    "put with no number as a timeout": lambda q: q.put(1, timeout=float("nan")),
    "put, blocking as a str": lambda q: q.put(1, "yes", 0.01),
    "put, nowait": lambda q: q.put_nowait(1),
    "get": lambda q: q.get(),
    "get by keyword": lambda q: q.get(block=True, timeout=None),
    "get, not blocking": lambda q: q.get(False),
    "get, not blocking, timeout ignored": lambda q: q.get(False, -1),
    "get with a timeout": lambda q: q.get(True, 0.01),
    "get with a timeout of nothing": lambda q: q.get(timeout=0),
    "get with a negative timeout": lambda q: q.get(timeout=-1),
    "get with a slightly negative timeout": lambda q: q.get(timeout=-0.001),
    "get with a timeout as a str": lambda q: q.get(timeout="x"),
    "get with an infinite timeout": lambda q: q.get(timeout=float("inf")),
    "get with a timeout too large": lambda q: q.get(timeout=1e100),
    "get with no number as a timeout": lambda q: q.get(timeout=float("nan")),
    "get, blocking as None": lambda q: q.get(None),
    "get, nowait": lambda q: q.get_nowait(),
    "sizes": lambda q: (q.qsize(), q.empty(), q.full()),
    "put and get": lambda q: (q.get(), q.put(7), q.get(), q.qsize()),
    "task done": lambda q: (q.task_done(), q.unfinished_tasks),
    "task done three times": lambda q: (q.task_done(), q.task_done(), q.task_done()),
    "attributes": lambda q: (q.maxsize, q.unfinished_tasks, q.queue, q._qsize()),
    "inner get": lambda q: (q._get(), q.queue),
    "inner put": lambda q: (q._put(0), q.queue),
    "inner init": lambda q: (q._init(3), q.queue, q.qsize()),
    "mutex": lambda q: (
        q.mutex.locked(),
        q.mutex.acquire(),
        q.mutex.locked(),
        type(q.mutex),
    ),
    "conditions": lambda q: [
        (type(c), c._lock is q.mutex)
        for c in (q.not_empty, q.not_full, q.all_tasks_done)
    ],
    "repr": repr,
    "pickle": pickle.dumps,
    "deepcopy": copy.deepcopy,
    "truth": bool,
    "length": len,
    "iteration": iter,
    "a new attribute": lambda q: setattr(q, "note", 1) or q.note,
    "an unknown attribute": lambda q: q.note,
    "dict": lambda q: "note" in q.__dict__,
    "type": type,
}

STATES = {
    "unbounded and empty": lambda cls: cls(),
    "unbounded with items": lambda cls: filled(cls()),
    "of negative size": lambda cls: filled(cls(-1)),
    "bounded and empty": lambda cls: cls(2),
    "bounded and full": lambda cls: filled(cls(maxsize=2)),
}

WAITS_FOR_EVER = {
    "get": "empty",
    "get by keyword": "empty",
    "put and get": "empty",
    "get with no number as a timeout": "empty",
    "put": "full",
    "put by keyword": "full",
    "put with no number as a timeout": "full",
}

PAIRS = [
    (state, case)
    for state in STATES
    for case in CALLS
    if not state.endswith(WAITS_FOR_EVER.get(case, "never"))
]


def filled(q):
    q.put(3)
    q.put(2)
    return q


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def cls(kind):
    return getattr(queue, kind)


@pytest.mark.parametrize(("state", "case"), PAIRS)
def test_a_queue_answers_as_the_standard_one(kind, state, case):
    queues = [STATES[state](getattr(module, kind)) for module in MODULES]
    standard, ours = [
        (outcome(CALLS[case], q), list(q.queue), q.unfinished_tasks, q.mutex.locked())
        for q in queues
    ]
    assert ours == standard


@pytest.mark.parametrize("size", [0, -5, 1.5, True, None, "x", 2**70])
def test_a_size_is_taken_or_refused_as_by_the_standard_one(kind, size):
    def use(module):
        q = getattr(module, kind)(size)
        q.put_nowait(1)
        return q.maxsize, q.full(), q.qsize(), error_class(q.put_nowait, 2)

    standard, ours = [outcome(use, module) for module in MODULES]
    assert ours == standard


@pytest.mark.parametrize(
    "call",
    [
        lambda cls: cls(1, 2),
        lambda cls: cls(size=1),
        lambda cls: cls().put(),
        lambda cls: cls().put(1, True, 1, 2),
        lambda cls: cls().get(True, 1, 2),
        lambda cls: cls().get_nowait(1),
        lambda cls: cls().qsize(1),
    ],
)
def test_a_call_of_another_shape_is_a_type_error(kind, call):
    assert [error_class(call, getattr(m, kind)) for m in MODULES] == [
        TypeError,
        TypeError,
    ]


def test_queue_is_a_class_with_every_standard_name(kind, cls):
    assert repr(cls) == f"<class 'queue.{kind}'>"
    assert cls.__module__ == "queue"
    assert shape(cls()) == f"<queue.{kind} object at 0x>"
    assert issubclass(cls, queue.Queue)
    assert_same_face(getattr(std_queue, kind)(), cls())


def test_its_exceptions_are_the_standard_classes():
    assert queue.Empty is std_queue.Empty
    assert queue.Full is std_queue.Full


@ours_before(3, 13)
def test_shut_down_is_the_standard_class_where_there_is_one():
    assert queue.ShutDown is getattr(std_queue, "ShutDown", queue.ShutDown)
    assert issubclass(queue.ShutDown, Exception)
    assert repr(queue.ShutDown) == "<class 'queue.ShutDown'>"


def test_the_type_of_items_may_be_noted(kind, cls):
    alias = cls[int]
    assert isinstance(alias, types.GenericAlias)
    assert repr(alias) == f"queue.{kind}[int]"
    q = alias(3)
    q.put(1)
    assert (q.maxsize, q.get()) == (3, 1)
