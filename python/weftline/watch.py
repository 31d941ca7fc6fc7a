"""The threads of this process or of another one, and what each waits for.

- `dump()` writes a report of this process: its threads, what each waits for, the owner of that,
  their stacks, and its deadlocks.
- `report(pid)` returns such a report of another process, which need not have prepared for it. It
  runs on weftline, and may hang as it likes. `weftline dump PID` prints the same.

A process answers after `weftline.install()`, under `weftline run`, and in Rust under
`weftline::run`. `answers()` returns whether this one does. Only on Linux.
"""

import os
import sys
import weakref

from weftline import _weftline

__all__ = [
    "answers",
    "dump",
    "inversions",
    "lock_order",
    "metrics",
    "name",
    "on_deadlock",
    "on_inversion",
    "report",
    "start",
    "stop",
    "suppress_inversions",
]

# The named objects, by address. Their weak references take the names away when they die.
_named: dict[int, tuple[weakref.ref, str]] = {}


def name(obj, text):
    """Names a lock, queue, event or another object of weftline in reports, and returns the object.

    The lock of a condition gets the name too, unless it has one. Of a long name the first 47 bytes
    are kept. The name ends with the object. Reports tell how many items a queue with a name has,
    also while no thread waits at it.
    """
    _name(obj, str(text))
    if isinstance(obj, _weftline.Condition):
        lock = obj._lock
        if id(lock) not in _named and isinstance(lock, _LOCKS):
            _name(lock, str(text))
    return obj


_LOCKS = (_weftline.lock, _weftline.RLock)


def _name(obj, text):
    address = _weftline._name(obj, text)

    def forget(reference, named=_named, unname=_weftline._unname):
        if named.get(address, (None,))[0] is reference:
            del named[address]
            unname(address)

    _named[address] = (weakref.ref(obj, forget), text)


def on_deadlock(action):
    """Sets what happens when threads of this process wait for each other so that none can go on.

    A thread looks for that by itself, when its wait has lasted for 1 s, 2 s, 4 s and so on. Each
    deadlock is told once. `action` is one of:

    - "report", as by default: a report is written to the standard error of the process;
    - "raise": `weftline.DeadlockError` is raised in one thread of a certain deadlock, whose wait
      ends. Every other deadlock is reported;
    - "abort": it is reported, and the process exits with status 70;
    - "off": no thread looks;
    - a callable, which is called with a word ("certain", "likely", "pool-starved", "abandoned" or
      "all-blocked") and the report. It runs on a thread of the deadlock, inside its wait. What it
      raises is written to standard error. If it returns True, that thread's wait ends with
      `weftline.DeadlockError`.

    Before the program runs, `WEFTLINE_DEADLOCK` in the environment sets one of the words. Raises
    ValueError for anything else.
    """
    _weftline._on_deadlock(action)


def start():
    """Measures waits from now on: how many there are, how long they last, and for which objects.
    `metrics()` has the numbers.

    A wait that goes through a list of waiters then costs some 100 ns more; what does not wait costs
    what it did. The memory for it is of fixed size. `WEFTLINE_WATCH=1` in the environment does this
    in `install()`.
    """
    _weftline._start_watching()


def stop():
    """Measures waits no longer. What has been counted stays."""
    _weftline._stop_watching()


def metrics():
    """Returns this process as a dictionary of plain numbers, for systems that collect them:

    - "threads": how many threads there are;
    - "blocked": how many of them wait now, by kind of wait: {"Lock": 3, "QueueGet": 1}. A worker
      that waits for a task is "Work";
    - "deadlocks", "inversions": how many there are now, and have been found so far;
    - "pools": for each pool its "number", "name", "workers", "busy" ones, and tasks "waiting" for a
      worker, or None if that is not known;
    - "queues": for each queue that has a name (`watch.name`) its "name", "depth" and "capacity",
      which is 0 if there is no limit;
    - "measured_seconds": since when waits are measured (`watch.start()`), 0.0 if they never were;
    - "waits": by kind of wait, for those that have ended since: their "count", "seconds" together,
      how many "timed_out" or were "interrupted", and a "histogram": pairs of a bound in seconds,
      the last one infinite, and the waits up to it that exceeded the bound before;
    - "contended": the objects with the most of these waits, at most 128, by falling "count": their
      "kind", "name", "address", "overestimate" (by how much the count may be too high), "seconds".

    The threads of the process run on meanwhile.
    """
    numbers = _weftline._metrics()
    numbers["queues"] = list(_queues())
    return numbers


def _queues():
    for reference, text in list(_named.values()):
        queue = reference()
        if hasattr(queue, "qsize"):
            yield {
                "name": text,
                "depth": queue.qsize(),
                "capacity": max(getattr(queue, "maxsize", 0), 0),
            }


def lock_order(watched=True):
    """Watches the order in which threads take locks, or no longer does.

    If two threads take two locks in different orders, they may wait for each other for ever, some
    day. That is reported when it happens, as a potential deadlock, with both stacks and before
    anything hangs.

    Watched are the Locks, RLocks, Conditions and RWLocks that are made from then on, and the
    `mutex` of queues. Locks that are made at one line of the program are one class, and the order
    is one of classes; locks of one class are told apart. One thread alone, and threads under a
    common outer lock, make no report. A try or a timed acquisition gives up, so it orders nothing.
    Readers count as far as they wait for writers.

    `WEFTLINE_LOCK_ORDER=1` in the environment does this in `install()`.
    """
    _weftline._lock_order(bool(watched))


def on_inversion(action):
    """Sets what happens when threads take locks in different orders. `action` is one of:

    - "report", as by default: a report is written to standard error, once for each inversion;
    - "off": nothing is written. `inversions()` has it;
    - a callable, which is called with the report, on the thread that takes the lock, before it
      does. What it raises is written to standard error.

    Raises ValueError for anything else.
    """
    _weftline._on_inversion(action)


def inversions():
    """Returns the reports of the inversions so far, the first 256, as a list of strings."""
    return _weftline._inversions()


def suppress_inversions(pattern):
    """Does not report inversions of locks with that name, or of those that are made or taken at
    that place: `file:line` or `file`, as a whole path or its last parts.

    The list `lock-order-suppress` in the table `[tool.weftline]` of `pyproject.toml`, and
    `WEFTLINE_LOCK_ORDER_SUPPRESS` with commas in between, do this where the environment has
    `WEFTLINE_LOCK_ORDER=1`.
    """
    _weftline._suppress_inversions(str(pattern))


def dump(file=None):
    """Writes a report of this process to `file`, by default `sys.stderr`.

    Waits for nothing but the file, and may be called from any thread, also from a signal handler.
    """
    if file is None:
        file = sys.stderr
    # Without a console there may be no standard error.
    if file is not None:
        file.write(_weftline._own_report())
        file.flush()


def report(pid):
    """Returns a report of the process with that number as text.

    Takes some milliseconds, and 0.2 s more if another thread of that process holds its interpreter
    all the time. Then the report has the lines at which threads wait, and no stacks.

    Raises ProcessLookupError if there is no such process, PermissionError if it belongs to another
    user, OSError if it did not answer, and RuntimeError if it does not run on weftline. Then it got
    no signal.
    """
    if pid == os.getpid():
        return _weftline._own_report()
    return _weftline._report(pid)


def answers():
    """Returns whether this process answers when another one asks."""
    return _weftline._answers()
