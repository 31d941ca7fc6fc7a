"""Requests by the hundred, while a program uses every class, forks and is interrupted."""

import sys
import threading
from pathlib import Path

import pytest
from support.dumped import running
from weftline import watch

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="processes answer on Linux only"
)

PROGRAM = Path(__file__).with_name("support") / "dump_storm.py"


def storm(seconds, each_second, askers=10):
    """Asks a program that runs for that long, about so often, from so many threads.

    Returns how many answers came, how many of them had stacks, and what the program has counted.
    """
    answers = []
    over = threading.Event()

    def asks(pid):
        while not over.wait(askers / each_second):
            try:
                report = watch.report(pid)
            except (OSError, RuntimeError):
                # It ends, or the machine has much other work.
                continue
            answers.append("did not answer within" not in report)

    command = [sys.executable, "-m", "weftline", "run", str(PROGRAM), str(seconds)]
    with running("", command=command) as program:
        threads = [
            threading.Thread(target=asks, args=(program.pid,)) for _ in range(askers)
        ]
        for thread in threads:
            thread.start()
        try:
            program.read_to("over")
            assert program.end() == 0
        finally:
            over.set()
            for thread in threads:
                thread.join()
    (counts,) = program.output
    return len(answers), sum(answers), counts


def test_a_storm_of_requests_loses_and_doubles_nothing():
    answers, with_stacks, _ = storm(3, 200)
    assert answers > 10 and with_stacks > 0


if __name__ == "__main__":
    # Seconds, requests a second, and threads that ask.
    print(storm(float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
