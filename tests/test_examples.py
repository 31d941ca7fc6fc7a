"""Each program in examples/ prints the same on the standard library and on weftline: its documented
output.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"

PRINTS = {
    "barrier": "after 4 steps: 9 9 9 9 9 7 7 8",
    "barrier_abort": """\
sent home: Ada Ben Cleo
broken: True
broken after a reset: False and waiting: 0""",
    "bounded_semaphore": """\
served: 12
within the limit: True
refused: Semaphore released too many times""",
    "condition": """\
Ada got 2
Ben got 7
Cleo got 3
left on the shelf: 0""",
    "event": """\
given before: False
the patient runner: the signal was given: True
the impatient runner: no signal yet, off""",
    "item_with_event": """\
served: hot soup
served: hot dumplings
served: hot tea""",
    "lock": "votes: 20000",
    "lock_tries": """\
try 1: taken, coming back later
try 2: cleaned
try 3: taken, coming back later
try 4: cleaned
try 5: taken, coming back later
try 6: cleaned
3 times in 6 tries""",
    "lock_with": """\
left: {'apples': 10, 'pears': 2}
refused: ['only 2 pears left']
locked after an exception: False""",
    "periodic_timer": """\
down: 5 4 3 2 1 0
up: 1 2 3""",
    "pool_fetch": """\
the first page has 100 letters
in order: 100 200 300 400 500
as they arrive: 5 pages
a page that is not there: 404""",
    "priority_queue": """\
built by hand: broken arm, burn, fever, cough, check-up
the library's: broken arm, burn, fever, cough, check-up""",
    "processes": """\
threads
  Ada: the id is mine, guests on the list: 1
  Ben: the id is mine, guests on the list: 2
  Cleo: the id is mine, guests on the list: 3
  ids: 1 and my list: Ada Ben Cleo
processes
  Ada: the id is its own, guests on the list: 1
  Ben: the id is its own, guests on the list: 1
  Cleo: the id is its own, guests on the list: 1
  ids: 3 and my list: empty""",
    "queue_pipeline": """\
all done: True and the belt is empty: True
1 4 9 16 25 36 49 64 81 100""",
    "rlock": """\
a Lock, once and again: True False
an RLock, once and again: True True
balance: 3100""",
    "timer": """\
the tea is ready
the tea's timer has fired: True
the eggs' timer is waiting: True
the eggs' timer is waiting: False
the bell is silent: True""",
    "countdown": """\
5
4
3
2
1
lift-off""",
    "shared_counter": "inside: 12000",
    "local_connections": """\
the same connection for both questions: True
the same connection for both questions: True
the same connection for both questions: True
connections: 3""",
    "thread_names": """\
keeper opens
keeper closes
Thread-1 (keep_shop) opens
Thread-1 (keep_shop) closes
day watch opens
day watch closes
night watch goes round
night watch was the last
MainThread goes home""",
    "daemon": """\
the watchman sits down
main has nothing left to do
the report is written, though main has ended""",
    "join_timeout": """\
still in the oven: True
the bread is out, still in the oven: False""",
    "enumerate": """\
at the table: 4
Ada has left
Ben has left
Cleo has left
at the table: 1""",
    "subclass": """\
Ada has baked: loaf 1, loaf 2
Ben has baked: loaf 1
Cleo has baked: loaf 1, loaf 2, loaf 3""",
    "started_event": """\
a customer waits
the shutters go up
the lights go on
the customer comes in""",
    "many_threads": """\
running: 501
sum of squares: 41791750
running: 1""",
    "thread_logging": """\
   INFO reader: starting
WARNING reader: a page is missing
   INFO writer: starting
   INFO writer: ending
   INFO MainThread: done""",
    "tcp_upper": """\
Ada hears: GOOD MORNING / TWO ROLLS, PLEASE
Ben hears: HELLO / IS THERE ANY CAKE?
Cleo hears: HI / GRÜSSE""",
}

STACKS = {"standard": (), "weftline": ("-m", "weftline", "run")}
on_both_stacks = pytest.mark.parametrize("stack", STACKS)


def run(stack, name, *arguments):
    """Runs an example on ``stack``; returns its finished process, which succeeded."""
    command = [sys.executable, *STACKS[stack], EXAMPLES / f"{name}.py", *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


@on_both_stacks
@pytest.mark.parametrize("name", PRINTS)
def test_an_example_prints_what_it_is_meant_to(name, stack):
    done = run(stack, name)
    assert done.stdout.splitlines() == PRINTS[name].splitlines()
    assert done.stderr == ""


def test_every_example_is_tested():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {*PRINTS, "word_count"}


@pytest.fixture
def source_tree(tmp_path):
    """Three files whose words are known, one of them without a last newline and one that is not
    UTF-8.
    """
    (tmp_path / "inner").mkdir()
    (tmp_path / "a.py").write_bytes(b"import os\nimport sys\n\nos.fork(os)\n")
    (tmp_path / "inner" / "b.py").write_bytes(b"# caf\xe9 os\nimport os")
    (tmp_path / "site-packages").mkdir()
    (tmp_path / "site-packages" / "installed.py").write_bytes(b"ignored")
    (tmp_path / "notes.txt").write_bytes(b"ignored too")
    return tmp_path


WORD_COUNT = """\
        5  os
        3  import
        1  caf
        1  fork
        1  sys
2 files, 7 lines, 11 words, 5 different
"""


@on_both_stacks
def test_word_count_counts_the_words_of_a_folder(source_tree, stack):
    done = run(stack, "word_count", source_tree)
    counted, checksum = done.stdout.split("checksum ")
    assert counted == WORD_COUNT
    assert re.fullmatch(r"[0-9a-f]{8}\n", checksum)
    assert re.fullmatch(r"took \d+\.\d\d s\n", done.stderr)


@on_both_stacks
def test_word_count_does_not_depend_on_the_number_of_workers(source_tree, stack):
    prints = {
        run(stack, "word_count", source_tree, "--workers", str(workers)).stdout
        for workers in (1, 2, 5)
    }
    assert len(prints) == 1


@on_both_stacks
def test_word_count_ends_when_a_file_cannot_be_read(source_tree, stack):
    command = [sys.executable, *STACKS[stack], EXAMPLES / "word_count.py"]
    command += [source_tree, source_tree / "missing.py"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0
    assert "FileNotFoundError" in done.stderr
