"""The suite of a package that lives on threads, from its source distribution, fails on weftline only where it fails without.

It runs twice, as `python -m pytest` and as `python -m weftline run -m pytest`. The sources are those of the version installed,
downloaded once into `target/packages`.
"""

import os
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ET
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import pytest

DOWNLOADS = Path(__file__).resolve().parents[2] / "target" / "packages"

# The folders of each suite, and how many tests must have run at least.
SUITES = {
    "pykka": (["tests"], 150),
}
SECONDS = 900


def source(package):
    """The folder with the sources of the installed version of `package`."""
    name = f"{package}-{version(package)}"
    folder = DOWNLOADS / name
    if not folder.exists():
        DOWNLOADS.mkdir(parents=True, exist_ok=True)
        command = [
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--no-binary",
            ":all:",
        ]
        subprocess.run(
            [sys.executable, *command, f"{package}=={version(package)}"],
            cwd=DOWNLOADS,
            timeout=300,
            check=True,
        )
        with tarfile.open(DOWNLOADS / f"{name}.tar.gz") as archive:
            archive.extractall(DOWNLOADS, filter="data")
    return folder


def outcomes(package, launcher, report):
    """What came of each test of the suite: a list of (test, outcome)."""
    parts, _ = SUITES[package]
    command = [sys.executable, *launcher, "-m", "pytest", "-q", *parts]
    options = ["-p", "no:cacheprovider", "-o", "addopts=", "--timeout", "60"]
    done = subprocess.run(
        [*command, *options, f"--junit-xml={report}"],
        cwd=source(package),
        env={**os.environ, "PYTHONPATH": os.environ.get("PYTHONPATH", "")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return [
        (
            f"{case.get('classname')}.{case.get('name')}",
            next((child.tag for child in case if child.tag in BAD), "passed"),
        )
        for case in ET.parse(report).iter("testcase")
    ]


BAD = ("failure", "error", "skipped")


@pytest.mark.parametrize("package", SUITES)
def test_it_fails_only_where_it_fails_without(package, tmp_path, capsys):
    plain = outcomes(package, [], tmp_path / "plain.xml")
    ours = outcomes(package, ["-m", "weftline", "run"], tmp_path / "ours.xml")
    for name, told in (("plain", plain), ("weftline", ours)):
        counts = Counter(outcome for _, outcome in told)
        with capsys.disabled():
            print(f"\n{package} {version(package)}, {name}: {dict(counts)}")
    failed = [
        {test for test, outcome in told if outcome in ("failure", "error")}
        for told in (plain, ours)
    ]
    assert not failed[1] - failed[0], sorted(failed[1] - failed[0])
    assert len(ours) >= SUITES[package][1]
    assert len(ours) == len(plain)
