"""Queue, LifoQueue and PriorityQueue."""

import functools
import queue as std_queue

from classes.condition import notifies, waits
from classes.queue_memory import no_memory_of_queue
from classes.row import Class, Reentered, Wait


@functools.cache
def own_queue(queue):
    """A queue with methods of its own, which are called under its mutex."""

    class OwnQueue(queue.Queue):
        def _put(self, item):
            super()._put(item)

        def _get(self):
            return super()._get()

    return OwnQueue


def getting(new=None):
    """A wait for an item."""
    return Wait(
        new=new,
        call=lambda q: q.get(),
        timed=lambda q, limit: q.get(timeout=limit),
        free=lambda q: q.put(1),
    )


def _putting(new):
    return Wait(
        new=new,
        block=lambda q: q.put(1),
        call=lambda q: q.put(2),
        timed=lambda q, limit: q.put(2, timeout=limit),
        free=lambda q: q.get(),
    )


def _hammer(q):
    try:
        q.put(1, timeout=0.0005)
        q.get(timeout=0.0005)
        q.task_done()
        q.qsize()
    except (std_queue.Empty, std_queue.Full):
        pass


def _use(q, start):
    use_items(q, start)
    for _ in range(q.maxsize):
        q.put_nowait(1)
    if q.maxsize:
        putter = start(lambda: q.put(2))
        q.get()
        putter.result()
    joiner = start(q.join)
    with q.mutex:
        q.unfinished_tasks = 1
    q.task_done()
    joiner.result()
    q.shutdown()


def use_items(q, start):
    """Empties a queue, and hands an item to a getter."""
    while not q.empty():
        q.get()
    getter = start(q.get)
    q.put(1)
    assert getter.result() == 1


def _hammer_alone(q):
    q.put(1)
    q.put(2)
    q.qsize()
    q.get()
    q.get(timeout=1)


def _intrude(q):
    q.put(3)
    q.empty()
    if q.qsize() % 3:
        return 1
    try:
        q.get_nowait()
    except std_queue.Empty:
        return 1
    return 0


def _check(q, added):
    assert q.qsize() == added, (q.qsize(), added)
    while not q.empty():
        q.get()


def items_reentered(new=None):
    """A queue whose items handlers and destructors put and get."""
    return Reentered(new=new, hammer=_hammer_alone, intrude=_intrude, check=_check)


class _Item:
    """An item whose comparison is in Python, and allocates."""

    def __init__(self, rank):
        self.rank = rank

    def __lt__(self, other):
        [rank for rank in (self.rank, other.rank)]
        return self.rank < other.rank


def _hammer_ranks(q):
    for rank in (3, 1, 2):
        q.put(_Item(rank))
    for _ in range(3):
        q.get()


def _intrude_rank(q):
    q.put(_Item(5))
    return 1


def _check_ranks(q, added):
    assert q.qsize() == added, (q.qsize(), added)
    ranks = [q.get().rank for _ in range(q.qsize())]
    assert ranks == sorted(ranks)


def put_into(q, inner):
    """The queue, which holds `inner`."""
    q.put(inner)
    return q


def _item_with_the_mutex(m, inner):
    q = put_into(m.queue.Queue(), inner)
    q.mutex  # noqa: B018
    return q


@functools.cache
def _a_queue(queue):
    return type("AQueue", (queue.Queue,), {})


def _make_anew(q, m):
    q.mutex = m.threading.Lock()
    for name in ("not_empty", "not_full", "all_tasks_done"):
        setattr(q, name, m.threading.Condition(q.mutex))


def _filled_by_half(cls):
    return lambda m: put_into(getattr(m.queue, cls)(2), 0)


def _row(name, **columns):
    defaults = {
        "name": name,
        "module": "queue",
        "rust": (name,),
        "readme": f"`weftline::{name}<T>`",
        "arguments": (3,),
        "hammered": {name: lambda m: getattr(m.queue, name)(2)},
        "hammer": _hammer,
        "use": _use,
        "reentered": {name: items_reentered(lambda m: getattr(m.queue, name)())},
        "no_memory": lambda m: no_memory_of_queue(m, getattr(m.queue, name)),
        "parts": frozenset(
            (
                *("maxsize", "mutex", "queue", "not_empty", "not_full"),
                *("all_tasks_done", "unfinished_tasks", "is_shutdown"),
            )
        ),
        "missed": ("queue", "mutex", "maxsize"),
        "uses": (lambda q: q.put(1), lambda q: q.qsize(), lambda q: q.get(False)),
        "calls": (
            lambda q: q.get(1, 2, 3),
            lambda q: q.get(True, timeout=1),
            lambda q: q.put(),
            lambda q: q.put(1, colour=2),
            lambda q: q.put(item=1, block=False),
            lambda q: q.qsize(1),
            lambda q: q._init(maxsize=3),
            lambda q: q._init(),
        ),
        "replaceable": {
            "put": lambda q: q.put(1),
            "put_nowait": lambda q: q.put_nowait(1),
            "get": lambda q: q.get(),
            "get_nowait": lambda q: q.get_nowait(),
            "qsize": lambda q: q.qsize(),
            "empty": lambda q: q.empty(),
            "full": lambda q: q.full(),
            "task_done": lambda q: q.task_done(),
            "shutdown": lambda q: q.shutdown(True),
        },
        "inside": ("_put", "_get", "_qsize", "_init"),
        "replaced": {name: _filled_by_half(name)},
        "left_out": ("mutex", "not_empty", "not_full", "all_tasks_done"),
        "make_anew": _make_anew,
        "work": lambda q: [q.put(n) for n in (2, 1, 3)],
        "read": lambda q: (
            q.maxsize,
            q.unfinished_tasks,
            [q.get(timeout=1) for _ in range(q.qsize())],
        ),
    }
    return Class(**(defaults | columns))


QUEUE = _row(
    "Queue",
    rustdoc=(
        "`queue.Queue`, `LifoQueue`, `PriorityQueue`",
        "[`Queue<T>`], [`LifoQueue<T>`], [`PriorityQueue<T>`]",
    ),
    perturbed=(
        "Queue",
        "get get_nowait join qsize empty full",
        "put put_nowait task_done shutdown",
    ),
    core="`queue/core/`",
    model="queue",
    binding="`queue/queue.rs`",
    tests="`test_queue*.py` · `queue.rs`, `queue_raw.rs`",
    beyond="any method from anywhere; `shutdown()` on every version",
    waits={
        "Queue.get": getting(),
        "Queue.put": _putting(lambda m: m.queue.Queue(1)),
        "Queue.join": Wait(
            block=lambda q: q.put(1),
            call=lambda q: q.join(),
            free=lambda q: q.task_done(),
            again=lambda q: q.put(1),
        ),
        "get of a queue of one's own": getting(lambda m: own_queue(m.queue)()),
        "put of a queue of one's own": _putting(lambda m: own_queue(m.queue)(1)),
        "Queue.not_empty.wait": Wait(
            call=lambda q: waits(q.not_empty),
            timed=lambda q, limit: waits(q.not_empty, limit),
            free=lambda q: notifies(q.not_empty),
        ),
        "Queue.put while the mutex is held": Wait(
            block=lambda q: q.mutex.acquire(),
            call=lambda q: q.put(1),
            timed=lambda q, limit: q.put(1, timeout=limit),
            free=lambda q: q.mutex.release(),
            again=lambda q: q.mutex.acquire(),
            is_limited=False,
            admits_blocker=True,
        ),
    },
    hammered={
        "Queue": lambda m: m.queue.Queue(2),
        "Queue, unbounded": lambda m: m.queue.Queue(),
        "a queue of one's own": lambda m: own_queue(m.queue)(2),
    },
    reentered={
        "Queue": items_reentered(lambda m: m.queue.Queue()),
        "Queue, bounded": items_reentered(lambda m: m.queue.Queue(100_000)),
    },
    links={
        "item": lambda m, inner: put_into(m.queue.Queue(), inner),
        "item of a subclass": lambda m, inner: put_into(_a_queue(m.queue)(), inner),
        "item, with the mutex": _item_with_the_mutex,
    },
)

LIFO_QUEUE = _row(
    "LifoQueue",
    core="`queue/order.rs`",
    binding="`queue/lifo.rs`",
    tests="`test_lifo_queue.py` · `lifo_queue.rs`",
    beyond="the same",
    waits={
        "LifoQueue.get": getting(),
        "LifoQueue.put": _putting(lambda m: m.queue.LifoQueue(1)),
    },
    links={"item, last in": lambda m, inner: put_into(m.queue.LifoQueue(), inner)},
)

PRIORITY_QUEUE = _row(
    "PriorityQueue",
    readme="`weftline::PriorityQueue<T: Ord>`",
    core="`queue/priority.rs`",
    model="priority_queue",
    binding="`queue/priority.rs`",
    tests="`test_priority_queue.py` · `priority_queue*.rs`",
    beyond="a comparison that raises leaves the queue as it was; one may use the queue",
    waits={
        "PriorityQueue.get": getting(),
        "PriorityQueue.put": _putting(lambda m: m.queue.PriorityQueue(1)),
    },
    reentered={
        "PriorityQueue": items_reentered(lambda m: m.queue.PriorityQueue()),
        "PriorityQueue with a comparison in Python": Reentered(
            new=lambda m: m.queue.PriorityQueue(),
            hammer=_hammer_ranks,
            intrude=_intrude_rank,
            check=_check_ranks,
        ),
    },
    links={
        "item with priority": lambda m, inner: put_into(m.queue.PriorityQueue(), inner)
    },
)
