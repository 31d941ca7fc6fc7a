"""A queue goes on as the standard one does, whatever names and parts a program uses in it."""

import sys

import pytest
from support.alike import alike
from support.target import ours_before, queue


def test_init_of_a_queue_takes_the_standard_name():
    for kind in ("Queue", "LifoQueue", "PriorityQueue"):

        def use(t, q, f, kind=kind):
            one = getattr(q, kind)()
            return one._init(maxsize=3), one.queue

        assert alike(use)[0] == "returned"


@pytest.mark.parametrize("kind", ["Queue", "LifoQueue", "PriorityQueue"])
def test_a_queue_may_use_the_name_is_shutdown_where_the_standard_one_has_none(kind):
    def method(t, q, f):
        class Mine(getattr(q, kind)):
            def is_shutdown(self):
                return "mine"

        one = Mine(3)
        one.put(1)
        return one.get(), one.is_shutdown(), "is_shutdown" in vars(one)

    def attribute(t, q, f):
        class Mine(getattr(q, kind)):
            is_shutdown = True

        one = Mine()
        one.put(1)
        one.is_shutdown = "set"
        return one.get(), one.is_shutdown

    def read_only(t, q, f):
        class Mine(getattr(q, kind)):
            @property
            def is_shutdown(self):
                return True

        one = Mine()
        one.put(1)
        return one.get(), one.mutex.locked()

    for use in (method, attribute, read_only):
        if sys.version_info < (3, 13):
            assert alike(use)[0] == "returned"
        else:
            alike(use)


@ours_before(3, 13)
def test_shutting_down_works_where_the_standard_queue_cannot():
    for inflate_first in (False, True):
        one = queue.Queue()
        if inflate_first:
            assert one.mutex.locked() is False
        one.put(1)
        assert one.is_shutdown is False
        one.shutdown()
        assert one.is_shutdown is True and one.get() == 1
        with pytest.raises(queue.ShutDown):
            one.get()
        assert ("is_shutdown" in vars(one)) == (sys.version_info >= (3, 13))
        one.is_shutdown = False
        one.put(2)
        assert one.get() == 2


@pytest.mark.skipif(
    sys.version_info < (3, 13), reason="queues are shut down from 3.13 on"
)
def test_a_shutdown_whose_argument_has_no_truth_notifies_no_thread():
    class Doubt:
        def __bool__(self):
            raise ValueError("who knows")

    def use(t, q, f):
        queue = q.Queue()
        del queue.not_empty
        try:
            queue.shutdown(immediate=Doubt())
        except Exception as error:  # noqa: BLE001 - any exception is an answer
            return repr(error), queue.is_shutdown

    alike(use)
