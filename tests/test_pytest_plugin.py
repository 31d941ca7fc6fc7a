"""`pytest --weftline`: tests on weftline, of which one that deadlocks fails alone."""

import re
import sys
import xml.etree.ElementTree as ET

import pytest
from support.deadlocks import IN_SUITE
from support.pytest_runs import run_pytest

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="owners are read on Linux only"
)

# The tests of a program.
SUITE = (
    IN_SUITE
    + """
import time
import pytest
import weftline
from concurrent.futures import ThreadPoolExecutor


def test_runs_on_weftline():
    assert weftline.installed()


def test_reentrant_locks():
    deadlock()


def test_plain_locks():
    deadlock(threading.Lock)


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
)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    return run_pytest(tmp_path_factory.mktemp("suite"), SUITE, "--weftline", "-v")


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


def test_a_thread_that_the_verdict_ends_is_told_once(done):
    assert "PytestUnhandledThreadExceptionWarning" not in done.stdout


def test_threads_that_are_left_running_are_told(done):
    assert "the test has left threads running: 'left over'" in done.stdout
    assert "'wanted'" not in done.stdout


def test_without_the_option_it_does_nothing(tmp_path):
    suite = "import sys\n\n\ndef test_it():\n    assert 'weftline' not in sys.modules\n"
    done = run_pytest(tmp_path, suite)
    assert done.returncode == 0, done.stdout


def test_the_entry_point_is_this_plugin():
    from importlib.metadata import entry_points

    (point,) = entry_points(group="pytest11", name="weftline")
    assert point.load().__name__ == "weftline_pytest"


def test_a_mark_that_says_something_else_is_refused(tmp_path):
    suite = "import pytest\n\n\n@pytest.mark.weftline(deadlock='maybe')\ndef test_it():\n    pass\n"
    done = run_pytest(tmp_path, suite, "--weftline")
    assert "1 error" in done.stdout
    assert "takes deadlock='ignore' and threads='ignore'" in done.stdout + done.stderr


# Where else than in its call a test deadlocks, and what else it does then.
ELSEWHERE = (
    IN_SUITE
    + """
import unittest

import pytest


@pytest.fixture
def before():
    deadlock()


@pytest.fixture
def after():
    yield
    deadlock()


def test_in_setup(before):
    raise AssertionError("it does not run")


def test_in_teardown(after):
    pass


def test_skips():
    deadlock()
    pytest.skip("a skip hides nothing")


@pytest.mark.xfail(strict=True)
def test_fails_as_expected():
    deadlock()


def test_raises_too():
    deadlock()
    assert 1 == 2


class TestCase(unittest.TestCase):
    def test_of_unittest(self):
        deadlock()


@pytest.mark.weftline(threads="ignore")
def test_does_not_wait():
    both_ways()


def test_comes_later():
    threading.Event().wait(1.5)


@pytest.mark.weftline(deadlock="ignore", threads="ignore")
def test_may_deadlock():
    both_ways()


def test_comes_after_that():
    threading.Event().wait(1.5)
"""
)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """The output of the suite, the outcome of each of its tests and what is told of it."""
    folder = tmp_path_factory.mktemp("elsewhere")
    options = "--weftline", "--junitxml=results.xml", "-rA", "-W", "always"
    done = run_pytest(folder, ELSEWHERE, *options)
    cases = {
        case.get("name"): [
            (child.tag, child.get("message"), child.text) for child in case
        ]
        for case in ET.parse(folder / "results.xml").iter("testcase")
    }
    return done.stdout, cases


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("test_in_setup", "error"),
        ("test_in_teardown", "error"),
        ("test_skips", "failure"),
        ("test_raises_too", "failure"),
        ("test_of_unittest", "failure"),
        ("test_fails_as_expected", "skipped"),
    ],
)
def test_a_deadlock_fails_the_part_in_which_it_is(elsewhere, name, outcome):
    ((tag, message, text),) = elsewhere[1][name]
    assert tag == outcome
    if outcome != "skipped":
        assert "2 threads wait for each other" in message + text
        assert "test_suite.py:" in message + text


def test_what_the_test_itself_raised_is_told_too(elsewhere):
    ((_, _, text),) = elsewhere[1]["test_raises_too"]
    assert "2 threads wait for each other" in text and "assert 1 == 2" in text


def test_a_later_test_is_not_failed_by_an_earlier_deadlock(elsewhere):
    printed, cases = elsewhere
    assert cases["test_does_not_wait"] == cases["test_comes_later"] == []
    warned = printed.split("EarlierDeadlock")
    assert len(warned) == 2, printed
    assert "2 threads wait for each other" in warned[1]


def test_what_may_deadlock_is_not_told_later_either(elsewhere):
    printed, cases = elsewhere
    assert cases["test_may_deadlock"] == cases["test_comes_after_that"] == []
    assert printed.count("EarlierDeadlock") == 1


# Threads of fixtures that last longer than a test.
LASTING = """
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest


@pytest.fixture(scope="session")
def pool():
    with ThreadPoolExecutor(2, thread_name_prefix="of the session") as pool:
        yield pool


@pytest.fixture(scope="module")
def server():
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait, name="of the module")
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.fixture(scope="module")
def careless():
    threading.Thread(target=time.sleep, args=(60,), daemon=True, name="of no end").start()


def test_begins_a_worker(pool, server):
    assert pool.submit(pow, 2, 3).result() == 8


def test_begins_another(pool, server):
    turn = threading.Barrier(2)
    list(pool.map(lambda _: turn.wait(), range(2)))


def test_uses_what_leaves_a_thread(careless):
    pass


def test_leaves_one(tmp_path_factory):
    threading.Thread(target=time.sleep, args=(60,), daemon=True, name="left over").start()


def test_last(request):
    request.getfixturevalue("pool")
"""


def test_threads_of_a_lasting_fixture_are_not_those_of_a_test(tmp_path):
    done = run_pytest(tmp_path, LASTING, "--weftline")
    assert "5 passed" in done.stdout
    told = re.findall(r"LeftRunning: (.*)", done.stdout)
    assert told == [
        "the test has left threads running: 'left over'",
        "test_suite.py::test_uses_what_leaves_a_thread has left threads running: 'of no end'",
    ]


def test_a_session_that_makes_errors_of_warnings_ends_orderly(tmp_path):
    done = run_pytest(
        tmp_path, SUITE, "--weftline", "-W", "error", "-k", "leaves_a_thread or fine"
    )
    assert "INTERNALERROR" not in done.stdout + done.stderr
    assert "ERROR at teardown of test_leaves_a_thread" in done.stdout
    assert "1 error" in done.stdout


@pytest.mark.parametrize("option", ["-x", "-s", "--capture=sys", "--tb=line", "-q"])
def test_other_options_change_nothing(tmp_path, option):
    done = run_pytest(
        tmp_path, SUITE, "--weftline", option, "-k", "plain_locks or fine"
    )
    assert done.returncode == 1
    assert "2 threads wait for each other" in done.stdout
    assert ("1 passed" in done.stdout) == (option != "-x"), done.stdout


def test_without_a_terminal_it_works_too(tmp_path):
    done = run_pytest(
        tmp_path, SUITE, "--weftline", "-p", "no:terminal", "-k", "plain_locks"
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


def test_doctests_run_on_it(tmp_path):
    suite = 'def f():\n    """\n    >>> import weftline\n    >>> weftline.installed()\n    True\n    """\n'
    done = run_pytest(tmp_path, suite, "--weftline", "--doctest-modules")
    assert "1 passed" in done.stdout
