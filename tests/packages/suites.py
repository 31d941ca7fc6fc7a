"""Runs the suite of a package, in a group of processes of its own."""

import contextlib
import os
import signal
import subprocess
import sys

# A suite may ask for plugins and for coverage in its settings, which `addopts=` takes away.
OPTIONS = "-q", "-p", "no:cacheprovider", "-o", "addopts=", "--timeout", "60"


def run_suite(*arguments, launcher=(), cwd, path, printed, seconds, **environment):
    """Runs pytest with `arguments`. Fails if the suite does not end, or runs no test.

    `path` is of `PYTHONPATH`, and the output goes to the file `printed`.
    """
    command = [sys.executable, *launcher, "-m", "pytest", *OPTIONS, "--rootdir", "."]
    path = os.pathsep.join(filter(None, [*path, os.environ.get("PYTHONPATH")]))
    with (
        printed.open("w", encoding="utf-8") as output,
        subprocess.Popen(
            [*command, *arguments],
            cwd=cwd,
            env=os.environ | {"PYTHONPATH": path} | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            code = process.wait(seconds)
        finally:
            # A hung suite usually hangs together with processes that it has started.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert code in (0, 1), printed.read_text(encoding="utf-8", errors="replace")
