"""The suites of packages that rely on threads, from their source distributions, fail on weftline
only where they fail without it.

Each runs twice, as `python -m pytest` and as `python -m weftline run -m pytest`; then every
interpreter that the suite itself starts runs on weftline, too (`everywhere/sitecustomize.py`). The
sources are those of the versions installed, downloaded once into `target/packages`.
"""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest
from packages.sources import source
from packages.suites import run_suite

EVERYWHERE = Path(__file__).resolve().parent / "everywhere"


@dataclass(frozen=True)
class Suite:
    """The run of a package: the arguments of pytest, the least number of tests, and the seconds
    that they may take.
    """

    arguments: tuple[str, ...]
    tests: int
    seconds: int


SUITES = {
    "pykka": Suite(("tests",), 150, 120),
    "s3transfer": Suite(("tests/unit", "tests/functional"), 730, 600),
    # The suite handles SIGALRM itself, which pytest-timeout would otherwise take.
    "pebble": Suite(("--timeout-method", "thread", "test"), 420, 900),
    "watchdog": Suite(("tests",), 420, 900),
    "joblib": Suite(("--doctest-modules", "joblib"), 1500, 1200),
}


def outcomes(package, folder, launcher, path):
    """The outcome of each test of the suite; the last one if it ran again. The output of the suite
    lies in `folder` afterwards.
    """
    report, printed = folder / "report.xml", folder / "printed.txt"
    folder.mkdir()
    run_suite(
        "-rfE",
        f"--junit-xml={report}",
        *SUITES[package].arguments,
        launcher=launcher,
        cwd=source(package),
        path=path,
        printed=printed,
        seconds=SUITES[package].seconds,
    )
    return {
        f"{case.get('classname')}.{case.get('name')}": next(
            (child.tag for child in case if child.tag in BAD), "passed"
        )
        for case in ET.parse(report).iter("testcase")
    }


BAD = ("failure", "error", "skipped")


def test_what_a_suite_starts_runs_on_weftline():
    path = [str(EVERYWHERE), *filter(None, [os.environ.get("PYTHONPATH")])]
    ran = subprocess.run(
        [sys.executable, "-c", "import weftline; print(weftline.installed())"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert (ran.stdout, ran.stderr) == ("True\n", "")


@pytest.mark.parametrize("package", SUITES)
def test_it_fails_only_where_it_fails_without(package, tmp_path, capsys):
    plain = outcomes(package, tmp_path / "plain", [], [])
    on_weftline = ["-m", "weftline", "run"]
    ours = outcomes(package, tmp_path / "ours", on_weftline, [str(EVERYWHERE)])
    failed = []
    for name, told in (("plain", plain), ("weftline", ours)):
        failed.append({test for test, outcome in told.items() if outcome in BAD[:2]})
        with capsys.disabled():
            counts = dict(Counter(told.values()))
            print(f"\n{package} {version(package)}, {name}: {counts}")
            print(*sorted(failed[-1]), sep="\n")
    assert not failed[1] - failed[0], sorted(failed[1] - failed[0])
    assert len(ours) >= SUITES[package].tests
    assert len(ours) == len(plain)
