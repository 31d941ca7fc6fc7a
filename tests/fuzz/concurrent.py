"""Concurrent programs from a seed: a shape, its numbers, and the disturbances of its threads.

The outcome of a shape is the same for every schedule, so the two sides must agree to the letter.
Disturbances are chosen apart: short switch intervals, trace and profile functions, collections,
signals to the main thread, exceptions thrown into other threads.
"""

import ctypes
import gc
import random
import signal
import sys
import threading

from fuzz import execute
from fuzz.describe import described, raised
from fuzz.generate import Program
from fuzz.shapes import SHAPES

DISTURBANCES = ("switch", "trace", "profile", "collect", "signals", "throw")


def program(seed):
    """The concurrent program of a seed."""
    chance = random.Random(seed).random
    names = list(SHAPES)
    shape = names[int(chance() * len(names))]
    settings = {
        name: choices[int(chance() * len(choices))]
        for name, choices in SHAPES[shape].numbers.items()
    }
    for name in DISTURBANCES:
        settings[name] = chance() < (0.5 if name == "switch" else 0.15)
    return Program(shape=shape, settings=tuple(settings.items()), threaded=True)


class Disturbed:
    """The disturbances that a program asks for, while it runs."""

    def __init__(self, settings):
        self.settings = settings
        self.hits = 0

    def __enter__(self):
        settings = self.settings
        self.interval = sys.getswitchinterval()
        if settings.get("switch"):
            sys.setswitchinterval(1e-6)
        if settings.get("trace"):
            threading.settrace(_trace)
            sys.settrace(_trace)
        if settings.get("profile"):
            threading.setprofile(_profile)
            sys.setprofile(_profile)
        if settings.get("collect"):
            gc.enable()
            gc.set_threshold(1, 1, 1)
        self.stop = threading.Event()
        self.helpers = []
        if settings.get("signals"):
            self.before = signal.signal(signal.SIGUSR1, self._handler)
            self.helpers.append(threading.Thread(target=self._signals))
        if settings.get("throw"):
            self.helpers.append(threading.Thread(target=self._throws))
        for helper in self.helpers:
            helper.start()

    def __exit__(self, *_):
        sys.settrace(None)
        sys.setprofile(None)
        threading.settrace(None)
        threading.setprofile(None)
        self.stop.set()
        for helper in self.helpers:
            helper.join()
        if self.settings.get("signals"):
            signal.signal(signal.SIGUSR1, self.before)
        if self.settings.get("collect"):
            gc.set_threshold(700, 10, 10)
            gc.disable()
        sys.setswitchinterval(self.interval)

    def _handler(self, number, frame):
        self.hits += 1

    def _signals(self):
        """Interrupts the main thread's waits, which go on."""
        main = threading.main_thread().ident
        while not self.stop.wait(0.0002):
            signal.pthread_kill(main, signal.SIGUSR1)

    def _throws(self):
        """Ends threads that sleep in objects of their own, by exceptions thrown into them."""

        # An exception that lands in the standard Event's Python code may leave its lock held:
        # each thread has its own.
        def sacrifice(event, lock, begun):
            try:
                begun.release()
                while True:
                    event.wait(0.0001)
                    with lock:
                        pass
            except _Thrown:
                pass

        while not self.stop.is_set():
            begun = threading.Semaphore(0)
            arguments = threading.Event(), threading.Lock(), begun
            thread = threading.Thread(target=sacrifice, args=arguments)
            thread.start()
            begun.acquire()
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(thread.ident), ctypes.py_object(_Thrown)
            )
            thread.join()


class _Thrown(BaseException):
    pass


def _trace(frame, event, argument):
    return _trace


def _profile(frame, event, argument):
    pass


def run(program, watchdog, is_slow=False):
    """The outcome of a concurrent program, as one text in a list."""
    settings = dict(program.settings)
    shape = SHAPES[program.shape]
    if sys.version_info < (3, 12) and (settings.get("throw") or shape.throws):
        # In 3.11 a traced thread stands still while an exception is on its way to another one,
        # which may wait for it.
        settings["trace"] = settings["profile"] = False
    if shape.throws:
        # They would land in the callbacks of weak references.
        settings["collect"] = False
    execute.EVENTS.clear()
    try:
        with Disturbed(settings):
            told = described(
                shape.run(**{name: settings[name] for name in shape.numbers}), depth=6
            )
    except BaseException as error:  # noqa: BLE001 - any exception is an answer
        told = "! " + raised(error)
    events = " ".join(sorted(e for e in map(str, execute.EVENTS) if "_Thrown" not in e))
    execute.EVENTS.clear()
    return [f"{told} {events}".strip()]
