"""Operations that pause at random, so that races show: the other half of `pytest
--weftline-perturb`. Nothing else imports it.

`begin()` has each operation in `OPERATIONS` pause before it runs, and after it as well if it lets
another thread go on. A thread pauses between `begin_test()` and `end_test()` only. What it does at
an operation is chosen by the seed, the test's name, the thread's place among the threads of the
test, the number of the operation in its thread, and the operation's name.

The classes, their instances and what introspection shows of them stay as they are: the extension
replaces the entries of the classes' dictionaries. `Thread.start` and `Thread.join`, which are in
Python, are replaced here. A pool needs nothing of its own: its parts are among the operations.
"""

import threading

from weftline import _join, _timer, _weftline

# For each class its operations, and those that let another thread go on. `make classes` writes
# those of the table of classes.
OPERATIONS: dict[str, tuple[str, str]] = {
    "lock": (
        "acquire acquire_lock __enter__ locked locked_lock",
        "release release_lock __exit__",
    ),
    "RLock": (
        "acquire acquire_lock __enter__ locked locked_lock",
        "release release_lock __exit__",
    ),
    "RWLock": (
        "read write acquire_read acquire_write locked",
        "release_read release_write downgrade",
    ),
    "Condition": ("__enter__ wait wait_for", "__exit__ notify notify_all notifyAll"),
    "Event": ("is_set isSet wait", "set clear"),
    "Semaphore": ("acquire __enter__", "release __exit__"),
    "BoundedSemaphore": ("", "release"),
    "Barrier": ("wait", "reset abort"),
    "Queue": (
        "get get_nowait join qsize empty full",
        "put put_nowait task_done shutdown",
    ),
    "SimpleQueue": ("get get_nowait qsize empty", "put put_nowait"),
    "Future": (
        "cancelled running done result exception add_done_callback",
        "cancel set_running_or_notify_cancel set_result set_exception",
    ),
    # `wait` and `as_completed`.
    "_FutureGroup": ("wait next", ""),
    # `submit` and `map` of pools, the loop of their workers, and `shutdown`.
    "_WorkQueue": ("", "submit submit_anyway submit_resolved put"),
    "_Tasks": ("next end", ""),
    "_PendingTimer": ("wait", "start cancel"),
    # `Thread.join` without a timeout.
    "_Joining": ("__enter__", ""),
}

# A class in Rust whose method starts the thread that it is passed.
_STARTING = {("_PendingTimer", "start")}

_standard_start, _standard_join = threading.Thread.start, _join._standard_join


def _like(function, original):
    for name in ("__name__", "__doc__", "__module__", "__qualname__"):
        setattr(function, name, getattr(original, name))
    return function


def _start(self):
    # By this the thread finds its place when it comes to its first operation.
    _weftline._perturb_starts(self)
    try:
        _quiet(_standard_start, self)
    finally:
        _weftline._perturb_here("Thread.start")


def _join_with_timeout(self, timeout=None):
    _weftline._perturb_here("Thread.join")
    return _quiet(_standard_join, self, timeout)


def _join_for(self, timeout):
    return _quiet(_standard_join, self, timeout)


def _quiet(function, *args):
    """Calls a function whose own operations do not count: how many there are depends on how long it
    waits.
    """
    _weftline._perturb_be_quiet(True)
    try:
        return function(*args)
    finally:
        _weftline._perturb_be_quiet(False)


_like(_start, _standard_start)


def begin():
    """Has the operations pause, in this process."""
    for class_name, kinds in OPERATIONS.items():
        cls = getattr(_weftline, class_name)
        for names, lets_go_on in zip(kinds, (False, True), strict=True):
            for name in names.split():
                if name in vars(cls):
                    starts = (class_name, name) in _STARTING
                    _weftline._perturb(cls, name, lets_go_on, starts)
    _join._standard_join, _join._join_for = _join_with_timeout, _join_for
    if threading.Thread.start is _standard_start:
        threading.Thread.start = _start
        # A timer is a thread from its start if that has been replaced.
        _timer._THREAD_START = _start


def end():
    """Undoes `begin()`."""
    _weftline._perturb_no_more()
    _join._standard_join = _join._join_for = _standard_join
    if threading.Thread.start is _start:
        threading.Thread.start = _standard_start
    _timer._THREAD_START = _standard_start


def begin_test(seed, name):
    """Begins a test. The calling thread is the first of its threads."""
    _weftline._perturb_test(seed, name)


def end_test():
    """Ends the test: no thread pauses until the next one begins."""
    _weftline._perturb_no_test()
