"""What a thread that looks for a deadlock does not run: code of the program."""

import subprocess
import sys

import pytest
from support.dumped import running

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="owners are read on Linux only"
)

PROGRAM = """
import builtins, gc, os, sys, threading

original = builtins.__import__


def imports(*arguments, **named):
    os.write(1, b"import\\n")
    return original(*arguments, **named)


class Garbage:
    def __init__(self):
        self.cycle = self

    def __del__(self):
        os.write(1, b"destructor\\n")


never = threading.Event()
waiter = threading.Thread(target=never.wait)
waiter.start()
print("ready", flush=True)
sys.stdin.readline()
gc.disable()
Garbage()
builtins.__import__ = imports
"""

# Up to 3.11 the next object that the collector knows makes it run. A wait makes none.
AT_AN_EVENT = """
if sys.version_info < (3, 12):
    gc.set_threshold(gc.get_count()[0] + 1)
    gc.enable()
never.wait()
"""


@pytest.mark.parametrize("waits", [AT_AN_EVENT, ""], ids=["at an event", "at exit"])
def test_a_process_whose_threads_all_wait_runs_no_code_of_its_own(waits):
    """Import functions, and the destructors of what the collector finds up to 3.11."""
    with running(PROGRAM + waits, stderr=subprocess.PIPE) as it:
        it.tell("go on")
        report = it.read_error()
        while "none of the waits times out" not in report:
            report += it.read_error()
        it.kill()
        it.end()
        assert it.output == []
