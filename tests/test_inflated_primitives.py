"""Events and semaphores that inflate: amid traffic, at the end of their life, and across signals
and forks.

Each test runs on the standard library too, unless its promise is weftline's alone.
"""

import copy
import gc
import pickle
import weakref

import pytest
from support.foreign import FOREIGN, OwnedLock
from support.programs import run
from support.target import ours_only, std_threading, threading
from support.workers import blocked, run_all, start

SEMAPHORES = ["Semaphore", "BoundedSemaphore"]


@pytest.mark.parametrize("kind", ["Event", *SEMAPHORES])
def test_conditions_that_are_replaced_die_and_cycles_are_freed(module, kind):
    thing = getattr(module, kind)()
    first = weakref.ref(thing._cond)
    thing._cond = module.Condition(OwnedLock())
    thing._cond._lock.owner = thing
    if kind == "Event":
        thing._flag = [thing]
    else:
        thing._value = type("Number", (float,), {})(3)
        thing._value.owner = thing
    dead = weakref.ref(thing)
    del thing
    gc.collect()
    assert dead() is None
    assert first() is None


@pytest.mark.parametrize("kind", ["Event", *SEMAPHORES])
def test_pickling_and_copying_fail_for_the_lock_inside(module, kind):
    thing = getattr(module, kind)()
    with thing._cond:
        pass
    for attempt in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="^cannot pickle '_thread.lock' object"):
            attempt(thing)


class Portable(threading.Semaphore):
    """A semaphore with its own pickling."""

    def __getstate__(self):
        return {"value": self._value}

    def __setstate__(self, state):
        self.__init__(state["value"])


class Reduced(threading.Event):
    """An event with its own `__reduce__`."""

    def __reduce__(self):
        return (type(self), ())


def test_a_subclass_may_bring_its_own_way_of_being_pickled():
    assert pickle.loads(pickle.dumps(Portable(7)))._value == 7
    assert copy.copy(Portable(7))._value == 7
    assert type(pickle.loads(pickle.dumps(Reduced()))) is Reduced


@pytest.mark.parametrize("kind", ["Event", *SEMAPHORES])
def test_the_condition_may_be_made_anew_in_the_child_of_a_fork(module, kind):
    thing = getattr(module, kind)()
    condition = thing._cond
    if kind == "Event":
        thing._at_fork_reinit()
    else:
        condition._at_fork_reinit()
    with condition:
        assert condition.acquire(False) is False
    assert thing._cond is condition


@pytest.mark.parametrize("kind", SEMAPHORES)
def test_no_permit_is_lost_when_the_condition_is_reached_for_amid_traffic(
    module, kind, rounds=25
):
    for _ in range(rounds):
        semaphore, gate = getattr(module, kind)(2), std_threading.Barrier(5)

        def use(semaphore=semaphore, gate=gate):
            gate.wait(20)
            for step in range(40):
                assert semaphore.acquire(timeout=20 if step % 2 else None)
                semaphore.release()

        def reach(semaphore=semaphore, gate=gate):
            gate.wait(20)
            with semaphore._cond:
                assert 0 <= semaphore._value <= 2
                semaphore._cond.notify_all()

        run_all(use, use, use, use, reach)
        assert semaphore._value == 2


def test_each_permit_goes_to_one_thread_when_inflated_amid_waits(module, rounds=40):
    for _ in range(rounds):
        semaphore = module.Semaphore(0)
        limits = [None, 20, None, 20, 0.0005, 0]
        takers = [start(semaphore.acquire, True, limit) for limit in limits]

        def reach(semaphore=semaphore):
            with semaphore._cond:
                semaphore._value += 1
                semaphore._cond.notify()

        run_all(semaphore.release, reach, lambda s=semaphore: s.release(4))
        got = [taker.result() for taker in takers]
        assert got[:4] == [True] * 4
        assert sum(got) + semaphore._value == 6


def test_no_set_is_missed_when_the_condition_is_reached_for_amid_waits(
    module, rounds=40
):
    for _ in range(rounds):
        event = module.Event()
        waiters = [blocked(event.wait, limit) for limit in (None, 20)]
        late = [start(event.wait, limit) for limit in (None, 20, 0.0005)]

        def reach(event=event):
            with event._cond:
                event._cond.wait(0)

        def pulse(event=event):
            event.set()
            event.clear()

        run_all(reach, pulse, reach)
        assert [waiter.result() for waiter in waiters] == [True, True]
        event.set()
        for waiter in late[:2]:
            assert waiter.result() is True
        assert late[2].result() in (True, False)


@ours_only
@pytest.mark.parametrize("make_lock", FOREIGN.values(), ids=FOREIGN)
def test_a_waiter_goes_on_under_a_condition_that_the_program_brings(make_lock):
    semaphore, event = threading.Semaphore(0), threading.Event()
    waiters = [
        blocked(semaphore.acquire),
        blocked(semaphore.acquire, True, 60),
        blocked(event.wait),
        blocked(event.wait, 60),
    ]
    semaphore._cond = event._cond = threading.Condition(make_lock())
    for waiter in waiters:
        waiter.blocks()
    semaphore.release(2)
    event.set()
    assert [waiter.result() for waiter in waiters] == [True] * 4


OPENED = """
import os, signal, sys, threading as std
from support.forking import expect_success, in_child
from support.workers import asleep, blocked, start

module = std if sys.argv[1] == "plain" else threading
signal.signal(signal.SIGINT, signal.default_int_handler)

def interrupted(wait):
    def interrupt():
        asleep(std.main_thread())
        os.kill(os.getpid(), signal.SIGINT)
    sender = start(interrupt)
    try:
        wait()
    except KeyboardInterrupt:
        pass
    else:
        raise SystemExit("the interrupt was lost")
    sender.result()
"""


def run_on(module, source):
    run(OPENED + source, "plain" if module is std_threading else "ours")


def test_ctrl_c_ends_an_inflated_wait_and_leaves_the_condition_free(module):
    run_on(
        module,
        """
event, semaphore = module.Event(), module.Semaphore(0)
for thing, wait in ((event, event.wait), (semaphore, semaphore.acquire)):
    with thing._cond:
        pass
    interrupted(wait)
    interrupted(lambda: wait(timeout=60))
    assert not thing._cond._is_owned()
    assert len(thing._cond._waiters) == 0
semaphore.release()
assert semaphore._value == 1
event.set()
assert event.wait()
""",
    )


def test_a_handler_that_reaches_for_the_condition_of_what_its_thread_waits_for(module):
    run_on(
        module,
        """
event, semaphore = module.Event(), module.Semaphore(0)
steps = []

def handler(*_):
    # Nothing that would wait for the lock: the standard wait may hold it here.
    steps.append(semaphore._cond)
    steps.append(event._cond)
signal.signal(signal.SIGUSR1, handler)

for wait, end in ((event.wait, event.set), (semaphore.acquire, semaphore.release)):
    def other():
        asleep(std.main_thread())
        os.kill(os.getpid(), signal.SIGUSR1)
        asleep(std.main_thread())
        end()
    sender = start(other)
    assert wait() is True
    sender.result()
assert len(steps) == 4
assert semaphore._value == 0
""",
    )


@ours_only
@pytest.mark.parametrize("order", ["open, release", "release, open"])
def test_an_exception_that_comes_with_a_permit_gives_it_to_the_next(order):
    run_on(
        threading,
        f"order = {order!r}"
        + """
class Stop(Exception):
    pass

def handler(*_):
    for step in order.split(", "):
        semaphore._cond if step == "open" else semaphore.release()
    raise Stop
signal.signal(signal.SIGUSR1, handler)

for next_comes in ("before", "later", "never"):
    semaphore, nexts = module.Semaphore(0), []
    def signal_me():
        asleep(std.main_thread())
        if next_comes == "before":
            nexts.append(blocked(semaphore.acquire))
        os.kill(os.getpid(), signal.SIGUSR1)
    sender = start(signal_me)
    try:
        semaphore.acquire()
    except Stop:
        pass
    else:
        raise SystemExit("the exception was lost")
    sender.result()
    if next_comes == "later":
        nexts.append(start(semaphore.acquire))
    for taker in nexts:
        assert taker.result() is True
    assert semaphore._value == 1 - len(nexts), (next_comes, semaphore._value)
""",
    )


@ours_only
def test_an_exception_that_comes_with_a_notification_passes_it_on():
    run_on(
        threading,
        """
class Stop(Exception):
    pass

def handler(*_):
    with event._cond:
        event._cond.notify()
    raise Stop
signal.signal(signal.SIGUSR1, handler)

event, nexts = module.Event(), []
def signal_me():
    asleep(std.main_thread())
    nexts.append(blocked(event.wait))
    os.kill(os.getpid(), signal.SIGUSR1)
sender = start(signal_me)
try:
    event.wait()
except Stop:
    pass
else:
    raise SystemExit("the exception was lost")
sender.result()
assert nexts[0].result() is True
""",
    )


def test_a_child_can_use_an_inflated_object_in_which_other_threads_waited(module):
    run_on(
        module,
        """
event, semaphore = module.Event(), module.Semaphore(0)
with event._cond, semaphore._cond:
    pass
parents = [blocked(event.wait), blocked(semaphore.acquire)]

def child():
    for thing in (event, semaphore):
        thing._cond._at_fork_reinit()
    waiters = [blocked(event.wait), blocked(semaphore.acquire)]
    event.set()
    semaphore.release()
    assert [waiter.result() for waiter in waiters] == [True, True]
    assert semaphore._value == 0

expect_success(in_child(child))
event.set()
semaphore.release()
for parent in parents:
    assert parent.result() is True
""",
    )


@ours_only
def test_a_child_needs_nothing_made_anew():
    run_on(
        threading,
        """
event, semaphore = module.Event(), module.Semaphore(0)
parents = [blocked(event.wait), blocked(semaphore.acquire)]
with event._cond, semaphore._cond:
    pass
later = [blocked(event.wait), blocked(semaphore.acquire)]
holder = start(lambda: (event._cond.acquire(), semaphore._cond.acquire()))
holder.result()

def child():
    waiters = [blocked(event.wait), blocked(semaphore.acquire)]
    event.set()
    semaphore.release()
    assert [waiter.result() for waiter in waiters] == [True, True]
    assert semaphore._value == 0

expect_success(in_child(child))
event._cond.release()
semaphore._cond.release()
event.set()
semaphore.release(2)
for parent in parents + later:
    assert parent.result() is True
""",
    )


@ours_only
def test_release_and_set_from_where_the_standard_ones_would_wait_for_themselves():
    event, semaphore = threading.Event(), threading.Semaphore(0)
    with event._cond, semaphore._cond:
        event.set()
        semaphore.release()
        assert semaphore.acquire() is True
        assert event.wait() is True
