"""Programs that replace a queue's parts to observe it, or to test with a clock of their own:
methods of its conditions, the clock.
"""

import pytest
from support.target import queue, std_queue, threading
from support.workers import LIMIT, blocked

KINDS = ["Queue", "LifoQueue", "PriorityQueue"]


@pytest.fixture(params=KINDS)
def cls(request):
    return getattr(queue, request.param)


def log_calls(condition, name, calls):
    """Replaces the method `name` of `condition` by a function that logs the call and makes it."""
    original = getattr(condition, name)

    def method(*arguments):
        calls.append((name, *arguments))
        return original(*arguments)

    setattr(condition, name, method)


def test_a_put_waits_through_the_wait_that_its_condition_has(cls):
    calls, q = [], cls(1)
    q.put(1)
    log_calls(q.not_full, "wait", calls)
    putter = blocked(q.put, 2)
    assert calls == [("wait",)]
    assert q.get() == 1
    putter.result()
    assert q.get() == 2


def test_a_get_waits_through_the_wait_that_its_condition_has(cls):
    calls, q = [], cls()
    log_calls(q.not_empty, "wait", calls)
    getter = blocked(q.get, timeout=LIMIT)
    q.put(1)
    assert getter.result() == 1
    ((name, seconds),) = calls
    assert name == "wait"
    assert 0 < seconds <= LIMIT


def test_join_waits_through_the_wait_that_its_condition_has(cls):
    calls, q = [], cls()
    q.put(1)
    log_calls(q.all_tasks_done, "wait", calls)
    joiner = blocked(q.join)
    q.task_done()
    joiner.result()
    assert calls == [("wait",)]


def test_notifications_go_through_what_the_conditions_have(cls):
    calls, q = [], cls()
    for condition in (q.not_empty, q.not_full, q.all_tasks_done):
        for name in ("notify", "notify_all"):
            log_calls(condition, name, calls)
    # The standard `notify_all` calls `notify` of the same condition.
    q.put(1)
    assert calls.pop() == ("notify",)
    q.get()
    assert calls.pop() == ("notify",)
    assert calls == []
    q.task_done()
    assert calls[0] == ("notify_all",)


def test_a_wait_that_the_class_has_got_counts_too(cls, monkeypatch):
    calls, q = [], cls(1)
    original = threading.Condition.wait

    def wait(self, timeout=None):
        calls.append(self)
        return original(self, timeout)

    condition = q.not_empty
    monkeypatch.setattr(threading.Condition, "wait", wait)
    getter = blocked(q.get)
    q.put(1)
    assert getter.result() == 1
    assert condition in calls


def test_an_exception_of_such_a_wait_ends_the_call_and_frees_the_mutex(cls):
    q = cls()

    def wait(timeout=None):
        raise LookupError("no more")

    q.not_empty.wait = wait
    with pytest.raises(LookupError, match="no more"):
        q.get()
    assert not q.mutex.locked()


def test_a_clock_put_into_the_module_says_when_the_time_is_over(cls, monkeypatch):
    now, waits = [100.0], []
    q = cls(1)

    def wait(seconds):
        waits.append(seconds)
        now[0] += seconds / 2 if len(waits) == 1 else seconds

    q.not_empty.wait = q.not_full.wait = wait
    monkeypatch.setattr(std_queue, "time", lambda: now[0])
    with pytest.raises(std_queue.Empty):
        q.get(timeout=8)
    q.put(1)
    with pytest.raises(std_queue.Full):
        q.put(2, timeout=16.0)
    assert waits == [8.0, 4.0, 16.0]
    assert now == [124.0]
