"""`pytest --weftline` beside other plugins: pytest-xdist, pytest-asyncio and pytest-timeout."""

import re
import xml.etree.ElementTree as ET

import pytest
from support.deadlocks import IN_SUITE
from support.pytest_runs import run_pytest

DEADLOCKS = (
    IN_SUITE
    + """
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
"""
)

IN_WORKERS = (
    DEADLOCKS
    + """
pytestmark = pytest.mark.parametrize("number", range(2))


@pytest.fixture(scope="session")
def pool():
    with ThreadPoolExecutor(2, thread_name_prefix="of all tests") as pool:
        yield pool


def test_deadlocks(number):
    deadlock(threading.Lock)


def test_waits_for_nothing(number):
    threading.Event().wait()


def test_starves_its_pool(number):
    pool = ThreadPoolExecutor(1)
    pool.submit(lambda: pool.submit(int).result()).result()


def test_leaves_a_thread(number):
    threading.Thread(target=time.sleep, args=(60,), daemon=True, name="left thread").start()


def test_leaves_a_timer(number):
    timer = threading.Timer(60, print)
    timer.daemon, timer.name = True, "left timer"
    timer.start()


def test_leaves_a_pool(number):
    pools.append(ThreadPoolExecutor(1, thread_name_prefix="left pool"))
    pools[-1].submit(int).result()


pools = []


def test_uses_the_pool(number, pool):
    assert pool.submit(pow, 2, 3).result() == 8


def test_is_fine(number):
    pass
"""
)


@pytest.mark.parametrize("distribution", ["load", "loadfile"])
def test_workers_of_xdist_go_on(tmp_path, distribution):
    options = "--weftline", "-n", "2", "--dist", distribution
    done = run_pytest(
        tmp_path, IN_WORKERS, *options, plugins=("weftline_pytest", "xdist.plugin")
    )
    assert "6 failed, 10 passed" in done.stdout, done.stdout
    assert "crashed" not in done.stdout
    for says in (
        "2 threads wait for each other",
        "every thread waits",
        "all workers of a pool wait",
    ):
        assert says in done.stdout
    told = re.findall(r"LeftRunning: .* threads running: (.*)", done.stdout)
    # Equal warnings of two tests are one.
    assert {text[:10] for text in told} == {
        "'left pool",
        "'left thre",
        "'left time",
        "'ThreadPoo",
    }


def test_a_worker_that_waits_for_work_is_no_deadlock(tmp_path):
    suite = """
import time
import pytest


@pytest.mark.parametrize("seconds", [0, 5])
def test_of_one_worker_alone(seconds):
    time.sleep(seconds)
"""
    done = run_pytest(
        tmp_path,
        suite,
        "--weftline",
        "-n2",
        plugins=("weftline_pytest", "xdist.plugin"),
    )
    assert "2 passed" in done.stdout, done.stdout
    assert "weftline: process" not in done.stdout + done.stderr


def test_all_workers_of_xdist_have_the_seed(tmp_path):
    suite = "import pytest\n\n\n@pytest.mark.parametrize('number', range(4))\ndef test_it(number):\n    assert False\n"
    done = run_pytest(
        tmp_path,
        suite,
        "--weftline-perturb",
        "-n2",
        plugins=("weftline_pytest", "xdist.plugin"),
    )
    seeds = re.findall(r"--weftline-perturb=(\d+)", done.stdout)
    assert len(seeds) == 4 and len(set(seeds)) == 1, done.stdout
    assert f"weftline: perturbed, seed {seeds[0]}" in done.stdout


ASYNC = (
    IN_SUITE
    + """
import asyncio

import pytest

pytestmark = pytest.mark.asyncio


async def test_executor():
    loop = asyncio.get_running_loop()
    assert await loop.run_in_executor(None, pow, 2, 5) == 32


async def test_to_thread():
    assert await asyncio.to_thread(threading.current_thread) is not threading.main_thread()


async def test_lock():
    lock, order = asyncio.Lock(), []

    async def take(number):
        async with lock:
            await asyncio.sleep(0)
            order.append(number)

    await asyncio.gather(*map(take, range(10)))
    assert order == list(range(10))


async def test_from_a_thread():
    loop = asyncio.get_running_loop()

    async def five():
        return 5

    def ask():
        return asyncio.run_coroutine_threadsafe(five(), loop).result()

    assert await asyncio.to_thread(ask) == 5


async def test_deadlocks():
    await asyncio.gather(*map(asyncio.to_thread, takers()))
"""
)


@pytest.mark.parametrize("option", ["--weftline", "--weftline-perturb=1"])
def test_coroutines_run_as_before(tmp_path, option):
    done = run_pytest(
        tmp_path, ASYNC, option, plugins=("weftline_pytest", "pytest_asyncio.plugin")
    )
    assert "1 failed, 4 passed" in done.stdout, done.stdout
    assert "2 threads wait for each other" in done.stdout
    assert "LeftRunning" not in done.stdout


TIMED = (
    DEADLOCKS
    + """
@pytest.mark.timeout(20)
def test_deadlocks():
    deadlock(threading.Lock)


@pytest.mark.timeout(20)
def test_waits_for_nothing():
    threading.Event().wait()


@pytest.mark.timeout(1)
def test_is_busy():
    while True:
        pass


@pytest.mark.timeout(1)
def test_sleeps():
    time.sleep(60)


@pytest.mark.timeout(4)
@pytest.mark.weftline(deadlock="ignore")
def test_may_deadlock():
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def test_is_fine():
    pass
"""
)


def test_timeouts_by_signal_fire_for_what_is_no_deadlock(tmp_path):
    done = run_pytest(
        tmp_path,
        TIMED,
        "--weftline",
        "--timeout-method=signal",
        "--junitxml=results.xml",
        plugins=("weftline_pytest", "pytest_timeout"),
    )
    assert "5 failed, 1 passed" in done.stdout, done.stdout
    by_timeout = {
        case.get("name")
        for case in ET.parse(tmp_path / "results.xml").iter("testcase")
        for failure in case.iter("failure")
        if "from pytest-timeout" in failure.get("message")
    }
    assert by_timeout == {"test_is_busy", "test_sleeps", "test_may_deadlock"}


@pytest.mark.parametrize(("name", "fires"), [("deadlocks", False), ("sleeps", True)])
def test_timeouts_by_thread_fire_for_what_is_no_deadlock(tmp_path, name, fires):
    done = run_pytest(
        tmp_path,
        TIMED,
        "--weftline",
        "--timeout-method=thread",
        "-k",
        f"{name} or fine",
        plugins=("weftline_pytest", "pytest_timeout"),
    )
    # That method ends the process.
    assert ("+ Timeout +" in done.stdout + done.stderr) == fires
    assert ("1 failed, 1 passed" in done.stdout) != fires


IN_TWO_ORDERS = """
import threading
import pytest

left = threading.Lock()
right = threading.Lock()


@pytest.mark.parametrize("locks", [(left, right), (right, left)])
def test_takes(locks):
    def take():
        with locks[0], locks[1]:
            pass

    thread = threading.Thread(target=take)
    thread.start()
    thread.join()
"""


def test_workers_of_xdist_tell_the_locks_in_two_orders(tmp_path):
    done = run_pytest(
        tmp_path,
        IN_TWO_ORDERS,
        "--weftline",
        "-n1",
        plugins=("weftline_pytest", "xdist.plugin"),
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("potential deadlock: 2 threads took 2 locks") == 1
    assert "found during test_suite.py::test_takes[locks1]" in done.stdout
