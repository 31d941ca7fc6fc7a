"""`Queue.shutdown` and `queue.ShutDown`, on every version of Python."""

import pytest
from support.target import ours_before, queue
from support.workers import blocked, run_all, start, until

ShutDown = getattr(queue, "ShutDown", None)
KINDS = ["Queue", "LifoQueue", "PriorityQueue"]
since_shutdown = ours_before(3, 13)


@pytest.fixture(params=KINDS)
def cls(request):
    return getattr(queue, request.param)


@since_shutdown
def test_a_shut_down_queue_takes_nothing_more(cls):
    q = cls()
    assert q.is_shutdown is False
    assert q.shutdown() is None
    assert q.is_shutdown is True
    for call in (q.put, q.put_nowait, lambda item: q.put(item, timeout=1)):
        with pytest.raises(ShutDown) as error:
            call(1)
        assert error.value.args == ()
    assert q.qsize() == 0


@since_shutdown
def test_a_shut_down_queue_gives_what_it_has_and_then_ends(cls):
    q = cls()
    q.put(1)
    q.put(1)
    q.shutdown()
    assert [q.get(), q.get_nowait()] == [1, 1]
    for call in (q.get, q.get_nowait, lambda: q.get(timeout=1)):
        with pytest.raises(ShutDown):
            call()


@since_shutdown
def test_an_immediate_shutdown_drops_the_remaining_items(cls):
    q = cls()
    for number in range(3):
        q.put(number)
    q.shutdown(immediate=True)
    assert (q.qsize(), q.unfinished_tasks) == (0, 0)
    with pytest.raises(ShutDown):
        q.get_nowait()
    q.join()


@since_shutdown
def test_shutdown_wakes_every_getter(cls):
    q = cls()
    getters = [blocked(q.get), blocked(q.get), blocked(q.get, True, 60)]
    q.shutdown()
    for getter in getters:
        with pytest.raises(ShutDown):
            getter.result()


@since_shutdown
@pytest.mark.parametrize("immediate", [False, True])
def test_shutdown_wakes_every_putter(cls, immediate):
    q = cls(1)
    q.put(1)
    putters = [blocked(q.put, 2), blocked(q.put, 3), blocked(q.put, 4, True, 60)]
    q.shutdown(immediate)
    for putter in putters:
        with pytest.raises(ShutDown):
            putter.result()
    assert list(q.queue) == ([] if immediate else [1])


@since_shutdown
def test_an_immediate_shutdown_lets_joiners_go(cls):
    q = cls()
    q.put(1)
    joiner = blocked(q.join)
    q.shutdown(immediate=True)
    assert joiner.result() is None


@since_shutdown
def test_after_a_shutdown_joiners_still_wait_for_the_tasks(cls):
    q = cls()
    q.put(1)
    joiner = blocked(q.join)
    q.shutdown()
    joiner.blocks()
    assert q.get() == 1
    q.task_done()
    assert joiner.result() is None


@since_shutdown
def test_an_immediate_shutdown_lets_joiners_go_even_with_tasks_at_work(cls):
    q = cls()
    q.put(1)
    q.put(2)
    q.get()
    q.shutdown(immediate=True)
    assert q.unfinished_tasks == 1
    q.task_done()
    q.join()
    with pytest.raises(ValueError, match="too many times"):
        q.task_done()


@since_shutdown
def test_shutdown_may_be_called_again_and_sharpened(cls):
    q = cls()
    q.put(1)
    q.shutdown()
    q.shutdown()
    assert q.qsize() == 1
    q.shutdown(True)
    assert q.qsize() == 0
    q.shutdown(False)
    with pytest.raises(ShutDown):
        q.get()


@since_shutdown
def test_the_flag_may_be_taken_back(cls):
    q = cls()
    q.shutdown()
    q.is_shutdown = False
    q.put(1)
    assert q.get() == 1


@since_shutdown
def test_a_subclass_sees_its_items_dropped_one_by_one(cls):
    class Logged(cls):
        """Logs the items that leave it."""

        def _get(self):
            item = super()._get()
            log.append(item)
            return item

    log = []
    q = Logged()
    for number in range(3):
        q.put(number)
    q.shutdown(immediate=True)
    assert sorted(log) == [0, 1, 2]


@since_shutdown
def test_workers_end_with_the_queue_and_no_item_is_lost(cls):
    q = cls(3)
    taken = []

    def consume():
        try:
            while True:
                taken.append(q.get())
                q.task_done()
        except ShutDown:
            return "ended"

    def produce():
        for number in range(300):
            q.put(number)

    consumers = [start(consume) for _ in range(3)]
    run_all(produce, produce)
    q.shutdown()
    assert [consumer.result() for consumer in consumers] == ["ended"] * 3
    q.join()
    assert sorted(taken) == sorted([*range(300)] * 2)


@since_shutdown
def test_a_shutdown_in_full_flight_reaches_every_thread(cls):
    for _ in range(30):
        q = cls(2)

        def put(q=q):
            sent = 0
            try:
                while True:
                    q.put(1)
                    sent += 1
            except ShutDown:
                return sent

        def get(q=q):
            got = 0
            try:
                while True:
                    got += q.get()
            except ShutDown:
                return got

        putters = [start(put), start(put)]
        getters = [start(get), start(get)]
        until(lambda q=q: q.unfinished_tasks >= 20)
        q.shutdown()
        sent = sum(putter.result() for putter in putters)
        assert sum(getter.result() for getter in getters) == sent


@since_shutdown
def test_a_simple_queue_has_no_shutdown():
    assert not hasattr(queue.SimpleQueue(), "shutdown")
