"""A deadlock that is injected into a package is found by the package's own suite, and the package
as it is has none.

In a copy of its sources a few words are changed, so that two of its locks are taken in two orders.
Then its suite runs, with the order of locks watched. Nothing needs to hang for that.
"""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from packages.sources import source
from packages.suites import run_suite

ORDERED = Path(__file__).resolve().parent / "ordered"


@dataclass(frozen=True)
class Injected:
    """A change of one file of a package, the tests that run, and the lines that make its locks."""

    file: str
    before: str
    after: str
    tests: tuple[str, ...]
    made: tuple[str, str]


INJECTED = {
    # The scheduler's thread takes the lock of the job stores, then that of an executor. A worker
    # now takes both the other way round. All are made by one function, so each is told apart.
    "apscheduler": Injected(
        "src/apscheduler/executors/base.py",
        "        with self._lock:\n            self._instances[job_id] -= 1\n",
        "        with self._lock, self._scheduler._jobstores_lock:\n            self._instances[job_id] -= 1\n",
        ("tests/test_executors.py",),
        ("return RLock()", "return RLock()"),
    ),
    # The thread that ends the last part of a download takes the lock of their count, then that of
    # the transfer's futures. The thread that starts the parts now takes both the other way round.
    "s3transfer": Injected(
        "s3transfer/download.py",
        "            finalize_download_invoker.increment()\n",
        "            with self._transfer_coordinator._associated_futures_lock:\n"
        "                finalize_download_invoker.increment()\n",
        ("tests/functional/test_download.py",),
        (
            "self._associated_futures_lock = threading.Lock()",
            "self._lock = threading.Lock()",
        ),
    ),
    # A group of watches takes its lock, then that of the file descriptor. The thread that reads now
    # keeps the lock of the descriptor while it tells the group.
    "watchdog": Injected(
        "src/watchdog/observers/inotify_c.py",
        "            callback.on_watch_deleted(event.wd)\n",
        "            with self._lock: callback.on_watch_deleted(event.wd)\n",
        ("tests/test_inotify_c.py", "tests/test_emitter.py"),
        (
            "self._inotify = InotifyWatchGroup(",
            "self._lock = threading.Lock()",
        ),
    ),
}


def inversions(package, folder, copy):
    """The reports of the run of the suite in that copy of its sources."""
    found, printed = folder / "inversions.txt", folder / "printed.txt"
    found.touch()
    # A test may fail for want of the changed lines' objects: mocks do not have them.
    run_suite(
        *INJECTED[package].tests,
        cwd=copy,
        path=[str(ORDERED), str(copy / "src")],
        printed=printed,
        seconds=900,
        PYTHONDONTWRITEBYTECODE="1",
        WEFTLINE_TEST_INVERSIONS=str(found),
    )
    return found.read_text(encoding="utf-8").split("weftline: process ")[1:]


def lines_of_locks(report):
    """The lines of source that make the locks of a report."""
    made = re.findall(r"(?:held|took) the lock of (\S+):(\d+)", report)
    return {
        Path(file).read_text(encoding="utf-8").splitlines()[int(line) - 1].strip()
        for file, line in made
    }


@pytest.mark.parametrize("package", INJECTED)
def test_a_suite_finds_an_injected_deadlock(package, tmp_path):
    injected = INJECTED[package]
    # The tests take the package from there, not the installed one.
    copy = shutil.copytree(source(package), tmp_path / package)
    assert inversions(package, tmp_path, copy) == []
    file = copy / injected.file
    text = file.read_text(encoding="utf-8")
    assert injected.before in text
    file.write_text(text.replace(injected.before, injected.after), encoding="utf-8")
    reports = inversions(package, tmp_path, copy)
    assert set(injected.made) in [lines_of_locks(report) for report in reports], reports
    assert all("potential deadlock: 2 threads took 2 locks" in it for it in reports)
