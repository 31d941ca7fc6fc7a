"""Shapes in which exceptions end waits: of signal handlers, or thrown into threads."""

import _thread
import contextlib
import ctypes
import queue
import signal
import sys
import threading
from concurrent import futures

from fuzz.crew import LONG, Crew


class _Stop(BaseException):
    pass


def _raise(number, frame):
    raise _Stop


def _waits():
    """By name: how to make the object, how to wait for it, and a check of it afterwards."""

    def locked(made):
        lock = made()
        thread = threading.Thread(target=lock.acquire)
        thread.start()
        thread.join()
        return lock

    def event():
        return threading.Event()

    return {
        "Lock": (
            lambda: locked(threading.Lock),
            lambda o, t: o.acquire(True, t),
            lambda o: (o.release(), o.acquire(False)),
        ),
        "Semaphore": (
            lambda: threading.Semaphore(0),
            lambda o, t: o.acquire(timeout=t),
            lambda o: (o.release(), o._value, o.acquire(False)),
        ),
        "Event": (event, lambda o, t: o.wait(t), lambda o: (o.set(), o.wait(0))),
        "Condition": (
            threading.Condition,
            lambda o, t: _held(o, lambda: o.wait(t)),
            lambda o: (len(o._waiters), o.acquire(False), o.notify(), o.release()),
        ),
        "wait_for": (
            threading.Condition,
            lambda o, t: _held(o, lambda: o.wait_for(lambda: False, t)),
            lambda o: (len(o._waiters), o._is_owned()),
        ),
        "Barrier": (
            lambda: threading.Barrier(2),
            lambda o, t: o.wait(t),
            lambda o: (o.broken, o.n_waiting, o.reset(), o.broken),
        ),
        "get": (
            queue.Queue,
            lambda o, t: o.get(timeout=t),
            lambda o: (o.put(1), o.get(False), o.qsize()),
        ),
        "lifo": (
            queue.LifoQueue,
            lambda o, t: o.get(timeout=t),
            lambda o: (o.put(1), o.get(False), o.qsize()),
        ),
        "priority": (
            queue.PriorityQueue,
            lambda o, t: o.get(timeout=t),
            lambda o: (o.put(1), o.get(False), o.qsize()),
        ),
        "simple": (
            queue.SimpleQueue,
            lambda o, t: o.get(timeout=t),
            lambda o: (o.put(1), o.get(False), o.qsize()),
        ),
        "put": (
            _full,
            lambda o, t: o.put(2, timeout=t),
            lambda o: (o.get(), o.qsize(), o.put(3, False), o.get()),
        ),
        "join": (
            _full,
            lambda o, t: o.join(),
            lambda o: (o.unfinished_tasks, o.task_done(), o.join()),
        ),
        "result": (
            futures.Future,
            lambda o, t: o.result(t),
            lambda o: (o.set_result(1), o.result(0), o.done()),
        ),
        "wait": (
            futures.Future,
            lambda o, t: futures.wait([o], t),
            lambda o: (o.set_result(1), len(futures.wait([o]).done)),
        ),
        "as_completed": (
            futures.Future,
            lambda o, t: list(futures.as_completed([o], t)),
            lambda o: (o.cancel(), o.cancelled()),
        ),
    }


def _held(condition, call):
    with condition:
        return call()


def _full():
    line = queue.Queue(1)
    line.put(1)
    return line


_WAITS = _waits()


def interrupting(what=tuple(_WAITS), timeout=(None, LONG), times=(1, 2)):
    """A handler's exception ends the main thread's wait and leaves no trace in the object."""
    make, wait, after = _WAITS[what]
    thing, told = make(), []
    before = signal.signal(signal.SIGUSR2, _raise)
    try:
        for _ in range(times):
            main = threading.main_thread().ident
            stop = _thread.allocate_lock()
            stop.acquire()

            def poke(stop=stop, main=main):
                if not stop.acquire(timeout=0.002):
                    signal.pthread_kill(main, signal.SIGUSR2)

            poker = threading.Thread(target=poke)
            try:
                poker.start()
                wait(thing, -1 if timeout is None and what == "Lock" else timeout)
                told.append("not interrupted")
            except _Stop:
                told.append("interrupted")
            poker.join()
    finally:
        signal.signal(signal.SIGUSR2, before)
    return told, str(after(thing))


def throwing(what=tuple(name for name in _WAITS if name != "join"), threads=(1, 2)):
    """An exception thrown into threads ends them between short waits; the object works on."""
    make, wait, after = _WAITS[what]
    shared, crew, ready = make(), Crew(), threading.Semaphore(0)
    # In a standard class's Python code an exception may leave a lock held, and a thread waiting for
    # it: the standard side reports only the expected outcome.
    plain = "weftline" not in sys.modules

    def loop():
        ready.release()
        while not plain:
            with contextlib.suppress(Exception):
                wait(shared, 0.0005)

    def work():
        # The loop is a call: some versions leave the jump of a loop out of the `try` around it.
        try:
            loop()
        except _Stop:
            pass
        return "stopped"

    for _ in range(threads):
        crew.start(work)
        ready.acquire(timeout=LONG)
    for thread in [] if plain else crew.threads:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident), ctypes.py_object(_Stop)
        )
    told = crew.join()
    if what == "Barrier":
        shared.reset()
    if what in ("Condition", "wait_for"):
        return told, shared.acquire(False)
    return told, str(after(shared))
