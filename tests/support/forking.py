"""Forks in tests: children with a time limit that report how they ended."""

import faulthandler
import os
import signal
import sys
import traceback


def fork():
    """`os.fork()` without the interpreter's warning that other threads exist."""
    return os.fork()


def in_child(action, *args):
    """Forks, runs `action(*args)` in the child, and returns the child's process id to the parent.

    The child ends with 0, with 1 after an exception (whose traceback it prints), or by an alarm
    (with every stack).
    """
    pid = fork()
    if pid:
        return pid
    run_and_exit(action, *args)


def run_and_exit(action, *args):
    """Runs `action(*args)` within a time limit and ends the process directly."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    faulthandler.register(signal.SIGALRM, chain=True)
    signal.alarm(10)
    code = 1
    try:
        action(*args)
        code = 0
    except BaseException:  # noqa: BLE001 - told on standard error
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def expect_success(pid):
    """Waits for a child and asserts that it ended well."""
    _, status = os.waitpid(pid, 0)
    assert status == 0, (
        f"the child ended with {status}: {os.waitstatus_to_exitcode(status)}"
    )
