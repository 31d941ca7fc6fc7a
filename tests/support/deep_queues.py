"""Deep calls through queues."""

import itertools

from support.deep import call, too_deep
from support.target import queue


class Compared:
    """An item whose comparison puts something into the next queue."""

    def __init__(self, following):
        self.following = following

    def __lt__(self, other):
        if self.following:
            self.following.put(Compared(self.following.following))
        return True


@call
def comparisons():
    for is_inflated in [False, True]:
        many = []
        for _ in range(2000):
            items = queue.PriorityQueue()
            items.following = many[-1] if many else None
            if is_inflated:
                items.mutex  # noqa: B018
            items.put(Compared(None))
            many.append(items)
        with too_deep():
            many[-1].put(Compared(many[-1].following))
        for items in many:
            size = items.qsize()
            assert 1 <= size <= 2
            for _ in range(size):
                items.get_nowait()
            assert items.empty()


@call
def queues_with_methods_of_their_own():
    class Putting(queue.Queue):
        following = None

        def _put(self, item):
            super()._put(item)
            if self.following:
                self.following.put(item)

    class Getting(queue.Queue):
        following = None

        def _get(self):
            if self.following:
                self.following.get(block=False)
            return super()._get()

    class Asking(queue.Queue):
        following = None

        def _qsize(self):
            return self.following.qsize() if self.following else 1

    class Passing(queue.LifoQueue):
        following = None

        def put(self, item, block=True, timeout=None):
            if self.following:
                self.following.put_nowait(item)

    for cls, ask in [
        (Putting, lambda items: items.put(1)),
        (Getting, lambda items: items.get()),
        (Asking, lambda items: items.qsize()),
        (Asking, lambda items: items.full()),
        (Passing, lambda items: items.put_nowait(1)),
    ]:
        many = [cls(5) for _ in range(2000)]
        for one, following in itertools.pairwise(many):
            one.following = following
            queue.Queue._put(one, 1)
        with too_deep(queue.Empty):
            ask(many[0])
        for one in many:
            assert not one.mutex.locked()
