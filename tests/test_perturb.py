"""`pytest --weftline-perturb`: races show that plain pytest passes, and show again."""

import re
import subprocess
import sys

import pytest
from support.pytest_runs import run_pytest

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="owners are read on Linux only"
)

RACES = """
import queue
import threading

import pytest

pytestmark = pytest.mark.parametrize("run", range(RUNS))


def together(*functions):
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_lost_update(run):
    lock, balance = threading.Lock(), 0

    def deposit():
        nonlocal balance
        with lock:
            read = balance
        with lock:
            balance = read + 1

    together(deposit, deposit)
    assert balance == 2


def test_ab_ba(run):
    a, b = threading.Lock(), threading.Lock()

    def take(first, second):
        with first, second:
            pass

    together(lambda: take(a, b), lambda: take(b, a))


def test_missed_notification(run):
    condition, ready = threading.Condition(), False

    def wait():
        if not ready:
            with condition:
                condition.wait()

    def notify():
        nonlocal ready
        ready = True
        with condition:
            condition.notify()

    together(wait, notify)


def test_cleared_event(run):
    event, seen = threading.Event(), []
    event.set()

    def wait():
        if event.wait() and event.is_set():
            seen.append(True)

    def clear():
        event.clear()
        event.set()

    together(wait, clear)
    assert seen


def test_empty_then_get(run):
    jobs, failed = queue.Queue(), []
    jobs.put("the only one")

    def work():
        if not jobs.empty():
            try:
                jobs.get_nowait()
            except queue.Empty:
                failed.append("empty")

    together(work, work)
    assert not failed
"""

# Each thread tells how many operations it came to, and a digest of what was chosen for them.
DIGESTS = """
import os
import threading
from concurrent.futures import ThreadPoolExecutor

from weftline import _weftline


def note(name):
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(f"{name} {_weftline._perturbed_so_far()}\\n")


def work(name, event):
    event.wait()
    lock = threading.Lock()
    for _ in range(300):
        with lock:
            pass
    note(name)


def test_threads():
    events = [threading.Event() for _ in range(3)]
    threads = [
        threading.Thread(target=work, args=(f"thread {number}", event))
        for number, event in enumerate(events)
    ]
    for thread, event in zip(threads, events):
        thread.start()
        event.set()
    for thread in threads:
        thread.join()
    note("main")


def test_more_threads():
    test_threads()


def test_timer():
    done = threading.Event()

    def fire():
        note("timer")
        done.set()

    timer = threading.Timer(0.01, fire)
    timer.start()
    assert timer._pending is not None
    done.wait()
    timer.join()
"""


@pytest.mark.parametrize(
    ("race", "says"),
    [
        ("test_lost_update", "assert 1 == 2"),
        ("test_ab_ba", "2 threads wait for each other"),
        ("test_missed_notification", "every thread waits"),
        ("test_cleared_event", "assert []"),
        ("test_empty_then_get", "assert not ['empty']"),
    ],
)
def test_a_race_shows_in_a_hundred_runs(tmp_path, race, says):
    suite = RACES.replace("RUNS", "100")
    done = run_pytest(tmp_path, suite, "--weftline-perturb=1", "-x", "-k", race)
    assert done.returncode == 1, done.stdout
    assert says in done.stdout
    again = re.search(r"once more: pytest (\S+) '(\S+)'", done.stdout)
    assert again, done.stdout
    assert again[1] == "--weftline-perturb=1"
    assert again[2].startswith(f"test_suite.py::{race}[")


def test_plain_pytest_passes_them(tmp_path):
    done = run_pytest(tmp_path, RACES.replace("RUNS", "3"))
    assert done.returncode == 0, done.stdout


def digests(folder, *options):
    notes = folder / "notes.txt"
    notes.write_text("")
    done = run_pytest(folder, DIGESTS, *options, env={"NOTES": str(notes)})
    assert done.returncode == 0, done.stdout
    return sorted(notes.read_text().splitlines())


def test_the_same_seed_makes_the_same_choices(tmp_path):
    one = digests(tmp_path, "--weftline-perturb=5")
    # Two tests with a main and three other threads, and a timer.
    assert len(one) == 9
    assert len(set(one)) == 9, "two threads, or two tests, made the same choices"
    assert digests(tmp_path, "--weftline-perturb=5") == one
    assert not set(digests(tmp_path, "--weftline-perturb=6")) & set(one)


def test_a_test_alone_makes_the_same_choices(tmp_path):
    every = digests(tmp_path, "--weftline-perturb=5")
    alone = digests(
        tmp_path, "--weftline-perturb=5", "test_suite.py::test_more_threads"
    )
    assert len(alone) == 4
    assert set(alone) < set(every)


def test_without_a_seed_one_is_chosen_and_told(tmp_path):
    suite = "def test_it():\n    assert False\n"
    done = run_pytest(tmp_path, suite, "--weftline-perturb", "--junitxml=results.xml")
    seed = re.search(r"weftline: perturbed, seed (\d+)", done.stdout)
    assert seed, done.stdout
    again = f"once more: pytest --weftline-perturb={seed[1]} test_suite.py::test_it"
    assert again in done.stdout
    assert again in (tmp_path / "results.xml").read_text()


def test_a_seed_that_is_no_number_is_refused(tmp_path):
    done = run_pytest(tmp_path, "", "--weftline-perturb", "test_suite.py")
    assert done.returncode == 4
    assert "write --weftline-perturb=SEED" in done.stderr


def test_without_the_option_nothing_of_it_is_imported(tmp_path):
    suite = "import sys\n\n\ndef test_it():\n    assert 'weftline._perturb' not in sys.modules\n"
    done = run_pytest(tmp_path, suite, "--weftline")
    assert done.returncode == 0, done.stdout


# What introspection shows of each class, before, while and after it is perturbed.
SHOWN = """
import inspect
import pickle
import queue
import threading
import weftline

weftline.install()
from weftline import _perturb, _weftline


def entries():
    return {
        (name, entry): value
        for name in _perturb.OPERATIONS
        for entry, value in vars(getattr(_weftline, name)).items()
    }


def shown():
    return {
        key: (type(value), repr(value), value.__qualname__, value.__doc__, value.__text_signature__)
        for key, value in entries().items()
        if inspect.ismethoddescriptor(value) and hasattr(value, "__text_signature__")
    }


entries_before, shown_before = entries(), shown()
start, join = threading.Thread.start, threading.Thread.join
_perturb.begin()
assert shown() == shown_before
changed = {key for key, value in entries().items() if value is not entries_before[key]}
missing = {
    (name, entry)
    for name, kinds in _perturb.OPERATIONS.items()
    for entry in " ".join(kinds).split()
    if entry in vars(getattr(_weftline, name)) and (name, entry) not in changed
}
assert len(changed) > 70 and not missing, (len(changed), missing)
assert threading.Thread.join is join


class Mine(queue.Queue):
    def put(self, item, block=True, timeout=None):
        super().put(item, block=block, timeout=timeout)


_perturb.begin_test("1", "test")
mine = Mine()
mine.put(1)
assert isinstance(mine, queue.Queue) and mine.get(timeout=1) == 1
assert pickle.loads(pickle.dumps(queue.Queue.put)) is queue.Queue.put
with threading.Lock(), threading.RLock(), threading.Condition(), threading.Semaphore():
    pass
for call, text in (
    (lambda: mine.get(1, 2, 3, 4), "Queue.get() takes from 0 to 2 positional arguments but 4 were given"),
    (lambda: threading.Event().wait(nope=1), "Event.wait() got an unexpected keyword argument 'nope'"),
    (lambda: threading.Lock().acquire(*range(20)), "positional arguments but 20 were given"),
):
    try:
        call()
    except TypeError as error:
        assert text in str(error), error
    else:
        raise AssertionError(text)
assert _weftline._perturbed_so_far()[0] > 10
_perturb.end_test()
assert _weftline._perturbed_so_far() is None
_perturb.end()
assert all(value is entries_before[key] for key, value in entries().items())
assert threading.Thread.start is start
"""


def test_programs_see_no_difference():
    subprocess.run([sys.executable, "-c", SHOWN], check=True, timeout=60)
