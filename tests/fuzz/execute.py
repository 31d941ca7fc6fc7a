"""Runs a sequential program on the standard names of this process, and returns each step's outcome.

An outcome is the value or exception of the step, and the events during it: warnings, calls of odd
objects, unraisable exceptions, log records. A signal's handler ends a step that waits for ever, by
raising `Blocked`.
"""

import collections
import copy
import functools
import gc
import inspect
import itertools
import logging
import math
import pickle
import queue
import re
import resource
import signal
import sys
import threading
import time
import traceback
import types
import warnings
import weakref
from concurrent import futures
from decimal import Decimal
from fractions import Fraction

from classes import STANDARD_MODULES, standard

from fuzz import values
from fuzz.describe import described, masked, named, raised

MODULES = {
    "threading": threading,
    "queue": queue,
    "futures": futures,
    **{
        module.__name__: module
        for module in (
            *(collections, copy, functools, gc, inspect, math, pickle, sys, time),
            *(traceback, types, warnings, weakref),
        )
    },
    "Decimal": Decimal,
    "Fraction": Fraction,
}

_GIVEN = {**MODULES, **vars(values)}
_PROGRAM = types.ModuleType("program")
sys.modules["program"] = _PROGRAM

EVENTS = values.LOG
_CODES = {}


class Blocked(BaseException):
    """The step waits for an event that never comes."""


class Watchdog:
    """Raises `Blocked` when a step sleeps from one tick to the next, or computes for four."""

    def __init__(self):
        self.step = 0
        self.start(0)
        signal.signal(signal.SIGALRM, self._alarm)

    def start(self, tick):
        self._tick = tick
        self._seen = (-1, 0, 0)
        signal.setitimer(signal.ITIMER_REAL, tick, tick)

    def stop(self):
        signal.setitimer(signal.ITIMER_REAL, 0)
        self.step = 0

    def _alarm(self, number, frame):
        if not self.step:
            return
        usage = resource.getrusage(resource.RUSAGE_THREAD)
        step, sleeps, spent = self._seen
        if step != self.step:
            self._seen = (self.step, usage.ru_nvcsw, usage.ru_utime)
        elif usage.ru_nvcsw > sleeps or usage.ru_utime - spent > 4 * self._tick:
            self._seen = (-1, 0, 0)
            raise Blocked


def prepare():
    """Turns warnings, unraisable exceptions and log records into events, once in a process."""
    warnings.simplefilter("always")
    warnings.showwarning = lambda message, category, filename, *rest, **more: (
        EVENTS.append(f"{category.__name__}: {message} [{filename}]")
    )
    sys.unraisablehook = _unraisable
    threading.excepthook = lambda told: EVENTS.append(
        f"uncaught {raised(told.exc_value)}"
    )

    class Records(logging.Handler):
        def emit(self, record):
            EVENTS.append(f"logged {record.levelname} {record.getMessage()}")

    logger = logging.getLogger("concurrent.futures")
    logger.addHandler(Records())
    logger.propagate = False


def _unraisable(told):
    # A `NameError`: the program is over, and its names with it.
    if told.exc_type is not NameError:
        EVENTS.append(
            f"unraisable {named(told.exc_type)} in {named(type(told.object))}"
        )


# Up to 3.13 the interpreter may crash when it runs this again: see test_without_self.py.
_WITHOUT_SELF = re.compile(r"type\(\w+\)\.\w+\(\)$").match


def compiled(source):
    """The code of a step, and whether it is an expression."""
    code = None if _WITHOUT_SELF(source) else _CODES.get(source)
    if code is None:
        try:
            code = compile(source, "<step>", "eval"), True
        except SyntaxError:
            try:
                code = compile(source, "<step>", "exec"), False
            except SyntaxError:
                code = compile("'no step'", "<step>", "eval"), True
        if len(_CODES) > 60_000:
            _CODES.clear()
        _CODES[source] = code
    return code


def _told(value):
    """`value` as text, also if its `repr` raises."""
    try:
        return described(value)
    except BaseException as error:  # noqa: BLE001 - any exception is an answer
        return f"<{type(value).__name__} that shows {raised(error)}>"


def _event(event):
    return masked(event) if type(event) is str else described(event)


_CLASSES = {
    kind: dict(vars(kind))
    for kind in (
        *(type(row.new(STANDARD_MODULES)) for row in standard().values()),
        *(threading.Thread, threading.local, futures.Executor),
        # A step may change the class of any object that it finds in an attribute.
        *(kind for kind in vars(values).values() if isinstance(kind, type)),
    )
}


_MODULE_NAMES = {module: {*vars(module)} for module in (threading, queue, futures)}
_FUNCTIONS = [
    value for value in vars(values).values() if isinstance(value, types.FunctionType)
]


_CHANGES_CLASS = re.compile(r"(?:^|del )type\([\w.]+\)\.\w+(?: = |$)").search


def _restore():
    """Undoes a program's changes to the classes themselves."""
    for kind, names in _CLASSES.items():
        now = vars(kind)
        for name in now.keys() - names.keys():
            delattr(kind, name)
        for name, value in names.items():
            if now.get(name, EVENTS) is not value and name not in _LIVELY:
                setattr(kind, name, value)


_LIVELY = {"__dict__", "__weakref__", "__annotations__", "__annotations_cache__"}


def run(steps, watchdog, threaded=False, is_slow=False):
    """The outcome of each step, as text; the events of a `threaded` program come last, sorted."""
    space = vars(_PROGRAM)
    space.clear()
    space.update(_GIVEN)
    space["__name__"] = "program"
    codes = [compiled(step) for step in steps]
    # Both sides number the program's threads alike, whatever the programs before have started.
    threading._counter = itertools.count(1).__next__
    EVENTS.clear()
    told, late = [], []
    blocked = 0
    tick = (0.5 if threaded else 0.1) if is_slow else (0.05 if threaded else 0.003)
    watchdog.start(tick)
    try:
        for number, (code, valued) in enumerate(codes, 1):
            try:
                watchdog.step = number
                value = eval(code, space)
                watchdog.step = 0
            except Blocked:
                watchdog.step = 0
                outcome = "blocked"
                EVENTS.clear()
                blocked += 1
            except BaseException as error:  # noqa: BLE001 - any exception is an answer
                watchdog.step = 0
                outcome = "! " + raised(error)
                del error
            else:
                outcome = _told(value) if valued else "."
                value = None
            if EVENTS:
                if threaded:
                    late += EVENTS
                else:
                    outcome += " ".join(["", *map(_event, EVENTS)])
                EVENTS.clear()
            told.append(outcome)
            if blocked == 2:
                break
    finally:
        watchdog.stop()
    value = None
    space.clear()
    for function in _FUNCTIONS:
        vars(function).clear()
    for module, names in _MODULE_NAMES.items():
        if len(vars(module)) > len(names):
            for name in vars(module).keys() - names:
                delattr(module, name)
    if any(map(_CHANGES_CLASS, steps)):
        _restore()
    if EVENTS and not threaded:
        told.append("at the end: " + " ".join(map(_event, EVENTS)))
    if late:
        told.append("events: " + " ".join(sorted(map(_event, late))))
    EVENTS.clear()
    return told
