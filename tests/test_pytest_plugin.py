"""`pytest --weftline`: tests on weftline, of which one that deadlocks fails alone."""

import os
import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="owners are read on Linux only"
)

# The tests of a program. Each deadlock would hang plain pytest for ever.
SUITE = """
import threading
import time
import pytest
import weftline
from concurrent.futures import ThreadPoolExecutor


def both_ways(new):
    locks, turn = [new(), new()], threading.Barrier(2)

    def take(first, second):
        with first:
            turn.wait()
            with second:
                pass

    return [
        threading.Thread(target=take, args=pair) for pair in (locks, locks[::-1])
    ]


def run(threads):
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_runs_on_weftline():
    assert weftline.installed()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_reentrant_locks():
    run(both_ways(threading.RLock))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_plain_locks():
    run(both_ways(threading.Lock))


def test_waits_for_nothing():
    threading.Event().wait()


def test_starves_its_pool():
    pool = ThreadPoolExecutor(1)
    pool.submit(lambda: pool.submit(int).result()).result()


def test_leaves_a_thread():
    threading.Thread(target=time.sleep, args=(60,), daemon=True, name="left over").start()


@pytest.mark.weftline(threads="ignore")
def test_may_leave_a_thread():
    threading.Thread(target=time.sleep, args=(60,), daemon=True, name="wanted").start()


def test_is_fine():
    pass
"""


def run(tmp_path, suite, *options):
    (tmp_path / "test_suite.py").write_text(suite)
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "weftline_pytest",
            "-p",
            "no:cacheprovider",
            *options,
            "test_suite.py",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    return run(tmp_path_factory.mktemp("suite"), SUITE, "--weftline", "-v")


def outcome(done, name):
    found = re.search(rf"::{name} (\w+)", done.stdout)
    assert found, done.stdout
    return found[1]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("test_reentrant_locks", "2 threads wait for each other"),
        ("test_plain_locks", "2 threads wait for each other"),
        ("test_waits_for_nothing", "every thread waits"),
        ("test_starves_its_pool", "all workers of a pool wait"),
    ],
)
def test_a_test_that_deadlocks_fails_with_the_report(done, name, says):
    assert outcome(done, name) == "FAILED"
    part = done.stdout.split(f"_ {name} _")[1].split("\n____")[0]
    assert says in part and "test_suite.py:" in part, part


@pytest.mark.parametrize(
    "name",
    [
        "test_runs_on_weftline",
        "test_leaves_a_thread",
        "test_may_leave_a_thread",
        "test_is_fine",
    ],
)
def test_the_session_goes_on(done, name):
    assert outcome(done, name) == "PASSED"
    assert done.returncode == 1


def test_threads_that_are_left_running_are_told(done):
    assert "the test has left threads running: 'left over'" in done.stdout
    assert "'wanted'" not in done.stdout


def test_without_the_option_it_does_nothing(tmp_path):
    suite = "import sys\n\n\ndef test_it():\n    assert 'weftline' not in sys.modules\n"
    done = run(tmp_path, suite)
    assert done.returncode == 0, done.stdout


def test_the_entry_point_is_this_plugin():
    from importlib.metadata import entry_points

    (point,) = entry_points(group="pytest11", name="weftline")
    assert point.load().__name__ == "weftline_pytest"


def test_a_mark_that_says_something_else_is_refused(tmp_path):
    suite = "import pytest\n\n\n@pytest.mark.weftline(deadlock='maybe')\ndef test_it():\n    pass\n"
    done = run(tmp_path, suite, "--weftline")
    assert done.returncode != 0
    assert "takes deadlock='ignore' and threads='ignore'" in done.stdout + done.stderr
