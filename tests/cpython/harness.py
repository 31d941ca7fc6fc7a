"""Runs a suite of CPython's own on weftline, in a process of its own, and judges the outcome by the
list of deviations.
"""

import json
import os
import signal
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
VERSION = "{}.{}".format(*sys.version_info)
LIST = tomllib.loads((HERE / "deviations.toml").read_text(encoding="utf-8"))

# The suites bound many waits by five minutes. A test that takes so long was not woken, even if it
# passes; none needs half of that.
STUCK = 150

# The longest suite takes a minute and a half on a slow machine.
SECONDS = 600


@dataclass
class Result:
    """The outcome of one suite: the tests that ran with their seconds, the skipped ones with the
    reason, the failed ones with the error.
    """

    ran: dict = field(default_factory=dict)
    skipped: dict = field(default_factory=dict)
    failed: dict = field(default_factory=dict)

    def __str__(self):
        expected = (
            self.failed.keys()
            & (listed("deviation") | listed("without_weftline")).keys()
        )
        return (
            f"{len(self.ran)} tests ran, {len(self.skipped)} of them skipped, {len(self.failed)} failed "
            f"({len(expected)} of these by the list of deviations)"
        )


def listed(section):
    """The tests in `section` of the list for the running version, each with its entry."""
    return {
        entry["test"]: entry
        for entry in LIST.get(section, ())
        if VERSION in entry["versions"]
    }


def run_suite(modules, folder, options=()):
    """Runs the test modules on weftline, one process each, and returns their results as one."""
    whole = Result()
    for module in modules:
        part = run(module, folder, options)
        whole.ran |= part.ran
        whole.skipped |= part.skipped
        whole.failed |= part.failed
    return whole


def run(module, folder, options=(), weftline=True):
    """Runs one test module in a process of its own, on weftline or on the plain interpreter."""
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    launcher = ["-m", "weftline", "run"] if weftline else []
    command = [
        sys.executable,
        *launcher,
        str(HERE / "driver.py"),
        str(report),
        module,
        *options,
    ]
    log = folder / "output.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=_environment(),
        )
        try:
            status = process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            status = f"none after {SECONDS} s; every thread's stack is above"
            process.send_signal(signal.SIGABRT)
            process.wait(30)
        finally:
            process.kill()
    said = log.read_text(encoding="utf-8", errors="replace")
    assert status == 0 and report.exists(), (
        f"{' '.join(command)}\n{said}\nexit status {status}"
    )
    told = json.loads(report.read_text(encoding="utf-8"))
    assert told["installed"] is weftline
    return Result(told["ran"], told["skipped"], told["failed"])


def judge(result, modules, folder, options=()):
    """The errors in `result`, as a list of sentences; empty if `result` is as the list of
    deviations says.
    """
    deviations, excuses = listed("deviation"), listed("without_weftline")
    wrong = []
    for test, how in result.failed.items():
        if test in excuses:
            if not run(
                _module_of(test, modules),
                folder,
                [*options, "--only", test],
                weftline=False,
            ).failed:
                wrong.append(
                    f"{test} is listed as failing without weftline, but there it passes; on weftline:\n{how}"
                )
        elif test not in deviations:
            wrong.append(f"{test} fails on weftline:\n{how}")
    wrong += [
        f"{test} took {seconds:.0f} s: what it waited for came only with its time-out"
        for test, seconds in result.ran.items()
        if seconds > STUCK
    ]
    for test in deviations.keys() - result.failed.keys():
        if _module_of(test, modules):
            wrong.append(f"{test} no longer fails: take it off the list of deviations")
    return wrong


def _module_of(test, modules):
    return next((module for module in modules if test.startswith(module + ".")), None)


def _environment():
    # The suites set the variables that change the interpreter's behaviour.
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYTHON") or name == "PYTHONPATH"
    }
