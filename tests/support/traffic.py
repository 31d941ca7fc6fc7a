"""Producers and consumers at work on one queue: every item must arrive exactly once."""

import collections
import itertools
import time

from support.target import queue
from support.workers import start

MODES = ["blocking", "timed", "at once", "mixed"]


def carry(q, *, mode, producers, consumers, count):
    """Sends `producers * count` distinct numbers through `q` and returns what each consumer got, in
    order.

    A consumer takes a ticket before each item and ends when there are no tickets left. There are as
    many tickets as items, so no consumer needs a signal at the end.
    """
    # No iterator, because a shared one may yield an item twice without the interpreter lock.
    tickets = collections.deque(range(producers * count))
    ways = itertools.cycle(MODES[:3]) if mode == "mixed" else itertools.repeat(mode)

    def produce(first, how):
        for number in range(first, first + count):
            put(q, number, how)

    def takes_a_ticket():
        try:
            tickets.pop()
        except IndexError:
            return False
        return True

    def consume(how):
        got = []
        while takes_a_ticket():
            got.append(get(q, how))
        return got

    getters = [start(consume, next(ways)) for _ in range(consumers)]
    putters = [start(produce, n * count, next(ways)) for n in range(producers)]
    for putter in putters:
        putter.result()
    return [getter.result() for getter in getters]


def put(q, item, how):
    """Puts `item`, trying again after each timeout; a putter that does not wait yields between two
    tries.
    """
    while True:
        try:
            if how == "blocking":
                return q.put(item)
            if how == "timed":
                return q.put(item, timeout=0.0003)
            return q.put_nowait(item)
        except queue.Full:
            time.sleep(0)


def get(q, how):
    """Gets an item, trying again after each timeout."""
    while True:
        try:
            if how == "blocking":
                return q.get()
            if how == "timed":
                return q.get(timeout=0.0003)
            return q.get(timeout=0)
        except queue.Empty:
            time.sleep(0)


def in_order(got, producers, count):
    """Whether each consumer got each producer's items in the order in which they were put."""
    return all(
        mine == sorted(mine)
        for order in got
        for n in range(producers)
        for mine in [[number for number in order if number // count == n]]
    )
