"""Programs in an interpreter of their own, with a time limit.

A program that may hang, die or outlive the test runs here. A program that exceeds its time prints
every thread's stack and fails; so does one that writes to standard error or exits with another code
than expected.
"""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

_TESTS = Path(__file__).resolve().parent.parent

_PRELUDE = """\
import faulthandler
faulthandler.dump_traceback_later({seconds}, exit=True)
from support.target import queue, threading
"""


def environment():
    """The environment of a program that imports the support of the tests."""
    path = os.pathsep.join(filter(None, [str(_TESTS), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path}


def run(source, *args, within=60, code=0, stderr=""):
    """Runs `source` with `args` as `sys.argv[1:]` and returns its output.

    `within` bounds a program that hangs. On a machine with other work an interpreter alone may take
    many seconds to start.
    """
    program = _PRELUDE.format(seconds=within) + textwrap.dedent(source)
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, args)],
        capture_output=True,
        text=True,
        timeout=within + 15,
        env=environment(),
        stdin=subprocess.DEVNULL,
        check=False,
    )
    report = f"exit code {done.returncode}\n--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}"
    assert done.returncode == code, report
    if stderr is not None:
        assert done.stderr == stderr, report
    return done.stdout
