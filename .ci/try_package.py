"""Runs programs on the installed package as a new user does.

A release runs this for its sdist and for each wheel, in an environment that has nothing else.
"""

import queue
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import weftline
import weftline.queue
from weftline import _weftline

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "examples" / "word_count.py"


def output(*launcher):
    """What the program prints about its own words."""
    done = subprocess.run(
        [sys.executable, *launcher, PROGRAM, PROGRAM],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        timeout=60,
    )
    return done.stdout


def sum_of_items():
    """The sum of a hundred numbers, which a pool puts into a queue of ten."""
    items = queue.Queue(maxsize=10)
    with ThreadPoolExecutor(max_workers=4) as pool:
        for number in range(100):
            pool.submit(items.put, number)
        return sum(items.get(timeout=60) for _ in range(100))


def main():
    if Path(_weftline.__file__).is_relative_to(ROOT / "python"):
        return f"{_weftline.__file__} is no installed package"
    if output() != output("-m", "weftline", "run"):
        return f"{PROGRAM} prints something else on weftline"

    weftline.install()
    if queue.Queue is not weftline.queue.Queue:
        return "weftline.install() has not replaced queue.Queue"
    if sum_of_items() != sum(range(100)):
        return "items of a queue are lost"

    print(f"weftline {version('weftline')} on Python {sys.version}")
    return None


if __name__ == "__main__":
    sys.exit(main())
