"""Queues with methods of their own: in a subclass, or set on an instance."""

import collections

import pytest
from support.target import queue
from support.workers import blocked

KINDS = ["Queue", "LifoQueue", "PriorityQueue"]


@pytest.fixture(params=KINDS)
def cls(request):
    return getattr(queue, request.param)


class SetQueue(queue.Queue):
    """Keeps each item once."""

    def _init(self, maxsize):
        self.queue = set()

    def _put(self, item):
        self.queue.add(item)

    def _get(self):
        return self.queue.pop()


class DeduplicatingQueue(queue.Queue):
    """Ignores an item that it has seen before, and keeps the order."""

    def _init(self, maxsize):
        super()._init(maxsize)
        self.seen = set()

    def _put(self, item):
        if item not in self.seen:
            self.seen.add(item)
            super()._put(item)


class WeighedQueue(queue.Queue):
    """Counts the weight of its items as its size."""

    def _qsize(self):
        return sum(self.queue)


class DictQueue(queue.LifoQueue):
    """Keeps the newest value of each key."""

    def _init(self, maxsize):
        self.items = collections.OrderedDict()

    def _qsize(self):
        return len(self.items)

    def _put(self, item):
        self.items[item[0]] = item

    def _get(self):
        return self.items.popitem()[1]


class MaxQueue(queue.PriorityQueue):
    """Gives the greatest first."""

    def _put(self, item):
        super()._put(-item)

    def _get(self):
        return -super()._get()


def test_a_set_as_a_queue():
    q = SetQueue()
    for item in "aabbc":
        q.put(item)
    assert q.qsize() == 3
    assert {q.get() for _ in range(3)} == set("abc")
    assert q.unfinished_tasks == 5
    getter = blocked(q.get)
    q.put("d")
    assert getter.result() == "d"


def test_a_queue_that_drops_what_it_has_seen():
    q = DeduplicatingQueue(2)
    for item in (1, 1, 2, 1):
        if not q.full():
            q.put(item)
    assert q.full()
    putter = blocked(q.put, 2)
    assert q.get() == 1
    putter.result()
    assert q.get() == 2
    assert q.empty()


def test_a_queue_that_measures_itself_otherwise():
    q = WeighedQueue(10)
    q.put(4)
    q.put(6)
    assert q.full()
    assert q.qsize() == 10
    putter = blocked(q.put, 3)
    assert q.get() == 4
    putter.result()
    with pytest.raises(queue.Full):
        q.put(1, timeout=0.01) or q.put(1, timeout=0.01)
    assert list(q.queue) == [6, 3, 1]


def test_a_queue_that_keeps_its_items_elsewhere():
    q = DictQueue(2)
    q.put(("a", 1))
    q.put(("b", 2))
    putter = blocked(q.put, ("a", 3))
    assert q.get() == ("b", 2)
    putter.result()
    assert q.get() == ("a", 3)
    assert q.empty()


def test_a_priority_queue_turned_around():
    q = MaxQueue()
    for number in (3, 1, 2):
        q.put(number)
    assert [q.get() for _ in range(3)] == [3, 2, 1]


def test_its_own_methods_see_the_mutex_held_and_the_size_given(cls):
    class Spy(cls):
        """Logs the state that its methods see."""

        def _init(self, maxsize):
            self.sizes = [maxsize, self.maxsize]
            self.held = []
            super()._init(maxsize)

        def _put(self, item):
            self.held.append(self.mutex.locked())
            super()._put(item)

        def _get(self):
            self.held.append(self.mutex.locked())
            return super()._get()

    q = Spy(5)
    q.put(1)
    assert q.get() == 1
    assert q.sizes == [5, 5]
    assert q.held == [True, True]


@pytest.mark.parametrize("name", ["_put", "_get", "_qsize"])
def test_an_exception_of_its_own_method_frees_the_mutex_and_counts_no_task(cls, name):
    class Failing(cls):
        """Fails in the chosen method."""

        fail = False

    def method(self, *args):
        if self.fail:
            raise KeyError(name)
        return getattr(cls, name)(self, *args)

    setattr(Failing, name, method)
    q = Failing(5)
    q.put(1)
    q.fail = True
    with pytest.raises(KeyError):
        q.get() if name == "_get" else q.put(2)
    q.fail = False
    assert not q.mutex.locked()
    assert q.unfinished_tasks == 1
    assert q.get() == 1


def test_methods_may_be_set_on_an_instance():
    q = queue.Queue()
    q.put(1)
    q._put = q.queue.appendleft
    q.put(2)
    assert list(q.queue) == [2, 1]
    q._get = q.queue.pop
    assert q.get() == 1
    q._qsize = lambda: 0
    assert q.empty()
    del q._get, q._put, q._qsize
    q.put(3)
    assert [q.get(), q.get()] == [2, 3]


def test_a_method_set_on_an_instance_counts_for_threads_that_already_wait():
    q = queue.Queue()
    getter = blocked(q.get)
    q._put = lambda item: q.queue.append(("wrapped", item))
    q.put(1)
    assert getter.result() == ("wrapped", 1)


def test_put_and_get_may_be_written_anew(cls):
    class Handmade(cls):
        """Has its own put and get."""

        def put(self, item, block=True, timeout=None):
            with self.not_full:
                while 0 < self.maxsize <= self._qsize():
                    if not block or not self.not_full.wait(timeout):
                        raise queue.Full
                self._put(item)
                self.unfinished_tasks += 1
                self.not_empty.notify()

        def get(self, block=True, timeout=None):
            with self.not_empty:
                while not self._qsize():
                    if not block or not self.not_empty.wait(timeout):
                        raise queue.Empty
                self.not_full.notify()
                return self._get()

    q = Handmade(1)
    getter = blocked(q.get)
    q.put(1)
    assert getter.result() == 1
    q.put_nowait(2)
    with pytest.raises(queue.Full):
        q.put_nowait(3)
    putter = blocked(q.put, 3)
    assert q.get_nowait() == 2
    putter.result()
    assert cls.get(q) == 3
    getter = blocked(cls.get, q)
    q.put(4)
    assert getter.result() == 4
    for _ in range(4):
        q.task_done()
    q.join()
    with pytest.raises(queue.Empty):
        q.get_nowait()


def test_nowait_calls_go_through_an_overridden_put_and_get(cls):
    class Logged(cls):
        """Logs how it is called."""

        def put(self, item, block=True, timeout=None):
            log.append(("put", item, block, timeout))
            super().put(item, block, timeout)

        def get(self, block=True, timeout=None):
            log.append(("get", block, timeout))
            return super().get(block, timeout)

    log = []
    q = Logged()
    q.put_nowait(1)
    q.get_nowait()
    assert log == [("put", 1, False, None), ("get", False, None)]


def test_a_subclass_may_have_another_constructor(cls):
    class Named(cls):
        """Has a name, and initial items."""

        def __init__(self, name, *items):
            self.name = name
            super().__init__(maxsize=len(items))
            for item in items:
                self.put_nowait(item)

    q = Named("ready", 1, 2)
    assert (q.name, q.maxsize, q.full()) == ("ready", 2, True)
    assert isinstance(q, queue.Queue)
    assert "Named" in repr(q)
