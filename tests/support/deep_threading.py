"""Deep calls through conditions, semaphores, events and barriers."""

import copy
import itertools
import pickle

from support.deep import DEPTH, assert_free, call, chained, too_deep
from support.pools import futures
from support.target import threading


@call
def conditions_over_conditions():
    condition = chained(threading.Condition, threading.RLock())
    condition.acquire()
    assert condition._is_owned()
    condition.notify()
    condition.notify_all()
    assert not condition.wait(0.001)
    assert not condition.wait_for(lambda: False, 0.001)
    state = condition._release_save()
    assert not condition._is_owned()
    condition._acquire_restore(state)
    condition.release()
    assert not condition._is_owned()
    with too_deep(), condition:
        condition.wait(0.001)
    condition._at_fork_reinit()
    for _ in range(2):
        with too_deep():
            repr(condition)
        with too_deep(TypeError):
            copy.copy(condition)
        with too_deep(TypeError, AttributeError):
            pickle.dumps(condition)
    assert_free(condition)


@call
def conditions_over_conditions_of_a_subclass():
    class Other(threading.Condition):
        pass

    condition = chained(Other, threading.Lock())
    condition.acquire()
    assert condition._is_owned()
    condition.notify()
    condition.wait(0.001)
    condition.release()
    with too_deep(), condition:
        pass
    with too_deep():
        repr(condition)
    assert_free(condition)


@call
def conditions_with_methods_of_their_own():
    class Other(threading.Condition):
        def __enter__(self):
            return super().__enter__()

        def __exit__(self, *error):
            return super().__exit__(*error)

        def _is_owned(self):
            return self._lock._is_owned()

        def notify(self, n=1):
            other = self._lock
            if isinstance(other, Other):
                other.notify_all()

    condition = chained(Other, threading.RLock())
    with too_deep(), condition:
        pass
    condition.acquire()
    for ask in [condition._is_owned, condition.notify_all, condition.wait]:
        with too_deep(RuntimeError):
            ask(*([0.001] if ask == condition.wait else []))
    condition.release()
    assert_free(condition)


@call
def locks_that_enter_conditions():
    class Lock:
        def __init__(self, inner):
            self.inner = threading.Condition(inner)

        def acquire(self, *arguments):
            return self.inner.__enter__()

        def release(self):
            self.inner.__exit__(None, None, None)

        def locked(self):
            return False

        def __enter__(self):
            return self.acquire()

        def __exit__(self, *error):
            self.release()

    innermost = threading.Lock()
    with too_deep():
        condition = threading.Condition(chained(Lock, innermost))
        with condition:
            condition.notify()
            condition.wait(0.001)
    assert not innermost.locked()


@call
def predicates():
    condition = threading.Condition()

    def wait():
        return condition.wait_for(wait)

    with too_deep(), condition:
        wait()
    assert_free(condition)


def assert_too_deep_for_actions(barriers):
    """The action of each barrier waits in the barrier before it."""
    with too_deep(threading.BrokenBarrierError):
        barriers[-1].wait()
    for barrier in barriers:
        assert barrier.n_waiting == 0
        barrier.reset()
        assert not barrier.broken


@call
def actions_that_wait():
    barriers = [threading.Barrier(1)]
    for _ in range(DEPTH):
        barriers.append(threading.Barrier(1, barriers[-1].wait))
    assert_too_deep_for_actions(barriers)


@call
def actions_that_wait_with_conditions():
    barriers = [threading.Barrier(1)]
    for _ in range(2000):
        barriers.append(threading.Barrier(1, barriers[-1].wait))
        barriers[-1]._cond  # noqa: B018
    assert_too_deep_for_actions(barriers)


@call
def objects_under_conditions_over_conditions():
    condition = chained(threading.Condition, threading.RLock())
    semaphore, event = threading.Semaphore(1), threading.Event()
    bounded, barrier = threading.BoundedSemaphore(1), threading.Barrier(1)
    for one in [semaphore, event, bounded, barrier]:
        one._cond = condition
    for _ in range(2):
        with too_deep():
            semaphore.acquire()
            semaphore.release()
        with too_deep():
            bounded.acquire(timeout=0.001)
            bounded.release()
        with too_deep():
            event.set()
            event.wait()
            event.clear()
        with too_deep(threading.BrokenBarrierError):
            barrier.wait()
        assert_free(condition)
    assert semaphore._value == 1
    assert bounded._value == 1


@call
def semaphores_with_a_release_of_their_own():
    class Other(threading.Semaphore):
        following = None

        def release(self, n=1):
            super().release(n)
            if self.following:
                with self.following:
                    pass

    many = [Other() for _ in range(DEPTH)]
    for one, following in itertools.pairwise(many):
        one.following = following
    with too_deep(), many[0]:
        pass
    assert many[0]._value == 1


class Shows:
    """An object of which every question asks for the next object's representation."""

    def __init__(self, inner):
        self.inner = inner

    def __bool__(self):
        return bool(repr(self.inner))

    @property
    def __class__(self):
        repr(self.inner)
        return type(self)

    def __repr__(self):
        return repr(self.inner)


@call
def representations():
    def event(inner):
        thing = threading.Event()
        thing._flag = Shows(inner)
        return thing

    def semaphore(inner):
        thing = threading.Semaphore()
        thing._value = Shows(inner)
        return thing

    def bounded(inner):
        thing = threading.BoundedSemaphore()
        thing._initial_value = Shows(inner)
        return thing

    def future(inner):
        thing = futures.Future()
        thing.set_result(Shows(inner))
        return thing

    class Barrier(threading.Barrier):
        broken = property(lambda self: repr(self.inner) and False)

    def barrier(inner):
        thing = Barrier(1)
        thing.inner = inner
        return thing

    for make in [event, semaphore, bounded, future, barrier]:
        with too_deep():
            repr(chained(make))
