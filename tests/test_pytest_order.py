"""`pytest --weftline` lists locks that tests take in different orders."""

import sys

import pytest
from support.lock_order import IN_A_THREAD
from support.pytest_runs import run_pytest

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="owners are read on Linux only"
)

SUITE = f"""
import threading
import pytest

left = threading.Lock()
right = threading.Lock()
{IN_A_THREAD}

def test_one_order():
    in_a_thread(left, right)


def test_the_other_order():
    in_a_thread(right, left)


@pytest.mark.weftline(deadlock="ignore")
def test_may_do_both():
    first, second = threading.Lock(), threading.RLock()
    in_a_thread(first, second)
    in_a_thread(second, first)
"""


def listed(tmp_path, *options, project=""):
    (tmp_path / "pyproject.toml").write_text(project)
    return run_pytest(tmp_path, SUITE, *options)


def test_inversions_are_listed_at_the_end_and_fail_no_test(tmp_path):
    done = listed(tmp_path, "--weftline")
    assert done.returncode == 0
    assert done.stdout.count("potential deadlocks") == 1
    assert "found during test_suite.py::test_the_other_order" in done.stdout
    assert done.stdout.count("potential deadlock: 2 threads took 2 locks") == 1
    assert "test_suite.py:6 in <module>" in done.stdout
    assert "test_may_do_both" not in done.stdout.partition("potential deadlocks")[2]
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("options", "project"),
    [
        (["--weftline", "--weftline-lock-order=off"], ""),
        ([], ""),
        (
            ["--weftline"],
            '[tool.weftline]\nlock-order-suppress = ["test_suite.py:5"]\n',
        ),
    ],
    ids=["off", "without the plugin", "suppressed by the project"],
)
def test_what_lists_nothing(tmp_path, options, project):
    done = listed(tmp_path, *options, project=project)
    assert done.returncode == 0, done.stdout
    assert "potential deadlock" not in done.stdout + done.stderr
