"""The threads of this process or of another one, and what each waits for.

- `dump()` writes a report of this process: its threads, what each waits for, the owner of that,
  their stacks, and its deadlocks.
- `report(pid)` returns such a report of another process, which need not have prepared for it. It
  runs on weftline, and may hang as it likes. `weftline dump PID` prints the same.

A process answers after `weftline.install()`, under `weftline run`, and in Rust under
`weftline::run`. `answers()` returns whether this one does. Only on Linux.
"""

import sys

from weftline import _weftline

__all__ = ["answers", "dump", "report"]


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
    return _weftline._report(pid)


def answers():
    """Returns whether this process answers when another one asks."""
    return _weftline._answers()
