"""SimpleQueue."""

import queue as std_queue

from classes.queue_memory import no_memory_for_items
from classes.queues import (
    getting,
    items_reentered,
    put_into,
    use_items,
)
from classes.row import Class


def _hammer(q):
    q.put(1)
    try:
        q.get(timeout=0.0005)
    except std_queue.Empty:
        pass


SIMPLE_QUEUE = Class(
    name="SimpleQueue",
    perturbed=("SimpleQueue", "get get_nowait qsize empty", "put put_nowait"),
    module="queue",
    rust=("SimpleQueue",),
    readme="`weftline::SimpleQueue<T>`",
    rustdoc=("`queue.SimpleQueue`", "[`SimpleQueue<T>`]"),
    core="`queue/simple.rs`",
    binding="`queue/simple.rs`",
    tests="`test_simple_queue.py` · `simple_queue.rs`",
    in_c=True,
    waits={"SimpleQueue.get": getting()},
    hammered={"SimpleQueue": lambda m: m.queue.SimpleQueue()},
    hammer=_hammer,
    use=use_items,
    reentered={"SimpleQueue": items_reentered()},
    no_memory=lambda m: no_memory_for_items(m.queue.SimpleQueue),
    links={"simple item": lambda m, inner: put_into(m.queue.SimpleQueue(), inner)},
    without=dict.fromkeys(
        ("parts", "calls", "replaceable", "left_out", "make_anew", "work", "read"),
        "its objects have no attributes",
    ),
)
