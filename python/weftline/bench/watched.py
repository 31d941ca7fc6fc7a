"""What it costs a program to be watched: while a page is open (``weftline web``), while it is
recorded (``weftline record``), with waits that are measured, and with the order of locks.

The program is another interpreter, which calls `main` and runs each operation when it is told to.
In each round every way takes its turn, between two runs in which nothing watches. The times of one
round are compared, so a machine that slows down slows all of them.
"""

import contextlib
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from queue import Queue
from typing import IO

WAYS = ("a page", "recording", "measured", "lock order")
"""In what way the program is watched."""


def _lock_alone(times: int) -> None:
    lock = threading.Lock()
    for _ in range(times):
        with lock:
            pass


def _lock_of_two(times: int) -> None:
    lock = threading.Lock()

    def takes() -> None:
        for _ in range(times // 2):
            with lock:
                pass

    _both(takes, takes)


def _queue(times: int) -> None:
    jobs: Queue[int] = Queue()

    def puts() -> None:
        for item in range(times):
            jobs.put(item)

    def gets() -> None:
        for _ in range(times):
            jobs.get()

    _both(puts, gets)


def _turns(times: int) -> None:
    """Each item is awaited: every get and put is a wait."""
    there, back = Queue[int](1), Queue[int](1)

    def answers() -> None:
        for _ in range(times):
            back.put(there.get())

    def asks() -> None:
        for item in range(times):
            there.put(item)
            back.get()

    _both(answers, asks)


def _pool(times: int) -> None:
    with ThreadPoolExecutor(2) as pool:
        for _ in range(times):
            pool.submit(int).result()


def _both(*targets: Callable[[], None]) -> None:
    threads = [threading.Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


OPERATIONS: dict[str, tuple[Callable[[int], None], int]] = {
    "with lock, one thread": (_lock_alone, 1_000_000),
    "with lock, two threads": (_lock_of_two, 500_000),
    "put and get, two threads": (_queue, 300_000),
    "put, get, put, get in turn": (_turns, 20_000),
    "submit and result": (_pool, 20_000),
}
"""What the program does, and how often."""


@dataclass(frozen=True)
class Watched:
    """The time of the operation over that without a watcher, of each round."""

    operation: str
    way: str
    ratios: Sequence[float]

    def as_json(self) -> dict[str, object]:
        """The figures by name."""
        return asdict(self)


def is_there() -> bool:
    """Whether processes of this system answer."""
    return sys.platform == "linux"


def ratios(operation: str, rounds: int, part: float) -> list[Watched]:
    """Run the operation, `part` of its times, in each way so often."""
    program = f"import sys; from {__name__} import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", program, operation, str(part)]
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as asked:

        def takes(way: str) -> float:
            """The seconds of one run."""
            assert asked.stdin and asked.stdout
            print(way, file=asked.stdin, flush=True)
            return float(asked.stdout.readline())

        takes("")
        for _ in range(rounds):
            before = takes("")
            for way in WAYS:
                with _watcher(way, asked.pid):
                    seconds = takes(way)
                after = takes("")
                found[way].append(2 * seconds / (before + after))
                before = after
    return [Watched(operation, way, told) for way, told in found.items()]


@contextlib.contextmanager
def _watcher(way: str, pid: int) -> Iterator[None]:
    """The command that watches, from when it does."""
    commands = {
        "a page": ["web", str(pid)],
        "recording": ["record", str(pid), "-o", "-", "--seconds", "60"],
    }
    if way not in commands:
        yield
        return
    command = [sys.executable, "-m", "weftline", *commands[way]]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as watcher:
        assert watcher.stdout
        # The address of the page, or the beginning of the trace.
        told = os.read(watcher.stdout.fileno(), 4096)
        page = way == "a page" and _read_page(told.decode().strip())
        drain = threading.Thread(target=watcher.stdout.read)
        drain.start()
        try:
            yield
        finally:
            watcher.kill()
            drain.join()
            if page:
                page.close()


def _read_page(address: str) -> IO[bytes]:
    """The page's stream of events, from when it has told the whole state."""
    page: IO[bytes] = urllib.request.urlopen(f"{address}events")
    page.readline()
    return page


def main(arguments: Sequence[str]) -> None:
    """The program that is watched."""
    import weftline
    from weftline import watch

    weftline.install()
    run, times = OPERATIONS[arguments[0]]
    times = max(2, int(times * float(arguments[1])))
    while way := sys.stdin.readline():
        if way == "measured\n":
            watch.start()
        if way == "lock order\n":
            watch.lock_order(True)
        begun = time.perf_counter()
        run(times)
        print(time.perf_counter() - begun, flush=True)
        watch.stop()
        watch.lock_order(False)
