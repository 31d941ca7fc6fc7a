"""Count the words of a source tree with a pipeline of threads.

    python examples/word_count.py [--workers N] [PATH ...]
    weftline run examples/word_count.py [--workers N] [PATH ...]

Without a path it counts the ``.py`` files of the running interpreter's own standard library. The
words, their counts and a checksum go to standard output and depend on the input alone; the time,
and on a terminal a progress bar, go to standard error.

How it works::

    reader --lines: bounded Queue--> workers, each counting for itself
                                        | Barrier: all is read
                                     workers, each merging its share of the words --ranking:
                                     PriorityQueue--> main thread

An `Event` stops every thread when one fails or the user interrupts. Each *line* is an item of the
queue. That is finer than a program in a hurry would choose, and it is on purpose: the hand-over
between threads is what this program is meant to show.
"""

import argparse
import re
import sys
import sysconfig
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from queue import PriorityQueue, Queue

WORD = re.compile(rb"[A-Za-z_][A-Za-z_0-9]*")
TOP = 10


class WordCount:
    """The threads of one count and what passes between them."""

    def __init__(self, files: list[Path], workers: int) -> None:
        self.files = files
        self.files_read = 0
        self.lines_read = 0
        self.lines: Queue[bytes | None] = Queue(maxsize=1000)
        self.ranking: PriorityQueue[tuple[int, bytes]] = PriorityQueue()
        self.counts: list[Counter[bytes]] = [Counter() for _ in range(workers)]
        self.all_is_counted = threading.Barrier(workers)
        self.stop = threading.Event()
        self.failures: list[BaseException] = []

    def run(self) -> None:
        """Count everything; afterwards `ranking` holds the words. Raises what the first thread to
        fail raised.
        """
        jobs: list[Callable[[], None]] = [self.read]
        jobs += [partial(self.work, share) for share in range(len(self.counts))]
        threads = [threading.Thread(target=self.guard, args=(job,)) for job in jobs]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        finally:
            self.stop.set()
        if self.failures:
            raise self.failures[0]

    def guard(self, job: Callable[[], None]) -> None:
        """Run ``job``; if it fails, stop the others."""
        try:
            job()
        except threading.BrokenBarrierError:
            pass  # Another thread failed first, and has said why.
        except BaseException as failure:  # noqa: BLE001  (raised again by `run`)
            self.failures.append(failure)
            self.stop.set()
            self.all_is_counted.abort()

    def read(self) -> None:
        """Put every line of every file into the queue, then one end mark for each worker."""
        try:
            for file in self.files:
                for line in file.read_bytes().split(b"\n"):
                    if self.stop.is_set():
                        return
                    self.lines.put(line)
                    self.lines_read += 1
                self.files_read += 1
        finally:
            for _ in self.counts:
                self.lines.put(None)

    def work(self, share: int) -> None:
        """Count lines until the end mark, meet the other workers, then merge this worker's share of
        the words.
        """
        try:
            counts = self.counts[share]
            for line in self.arriving():
                if not self.stop.is_set():
                    counts.update(WORD.findall(line))
        except BaseException:
            # The reader must not be left waiting for room in the queue.
            for _ in self.arriving():
                pass
            raise
        self.all_is_counted.wait()
        total: Counter[bytes] = Counter()
        for counts in self.counts:
            for word, count in counts.items():
                if zlib.crc32(word) % len(self.counts) == share:
                    total[word] += count
        for word, count in total.items():
            self.ranking.put((-count, word))

    def arriving(self) -> Iterator[bytes]:
        """The lines from the queue until this worker's end mark."""
        while (line := self.lines.get()) is not None:
            yield line

    def ranked(self) -> Iterator[tuple[bytes, int]]:
        """Take the words from the ranking, the most frequent first and equals in alphabetical
        order.
        """
        while not self.ranking.empty():
            count, word = self.ranking.get()
            yield word, -count


def show_progress(count: WordCount) -> None:
    """Draw a bar on the terminal until the count stops."""
    while not count.stop.wait(0.1):
        done = count.files_read / max(len(count.files), 1)
        bar = ("#" * round(done * 40)).ljust(40)
        text = f"\r[{bar}] {done:4.0%}  {count.lines_read:,} lines, {count.lines.qsize():4} waiting"
        print(text, end="", file=sys.stderr, flush=True)
    print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def source_files(paths: list[Path]) -> list[Path]:
    """The ``.py`` files of ``paths`` or of the standard library, in a fixed order and without what
    was installed later.
    """
    found: list[Path] = []
    for path in paths or [Path(sysconfig.get_path("stdlib"))]:
        under = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        found += [
            file
            for file in under
            if not {"site-packages", "dist-packages"}
            & set(file.parts[len(path.parts) :])
        ]
    return found


def main() -> int:
    """Count, print the result, and say how long it took."""
    parser = argparse.ArgumentParser(
        description="Count the words of a source tree with a pipeline of threads."
    )
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="*",
        type=Path,
        help="a file or a folder of .py files",
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=4,
        help="threads that count (default: %(default)s)",
    )
    options = parser.parse_args()
    count = WordCount(source_files(options.paths), options.workers)
    bar = threading.Thread(target=show_progress, args=(count,))
    begin = time.perf_counter()
    if sys.stderr.isatty():
        bar.start()
    try:
        count.run()
    finally:
        if bar.ident:
            bar.join()
    checksum, words, total = 0, 0, 0
    for word, times in count.ranked():
        if words < TOP:
            print(f"{times:9,}  {word.decode()}")
        checksum = zlib.crc32(b"%s %d\n" % (word, times), checksum)
        words, total = words + 1, total + times
    took = time.perf_counter() - begin
    print(
        f"{len(count.files):,} files, {count.lines_read:,} lines, {total:,} words, {words:,} different"
    )
    print(f"checksum {checksum:08x}")
    print(f"took {took:.2f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
