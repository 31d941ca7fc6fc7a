"""A barrier: threads that compute in steps, none ahead of the others.

In a ring of cells each takes, at each step, the larger of itself and its left neighbour. Each
thread owns some; it may write them only when all have read, and read again only when all have
written.
"""

from threading import Barrier, Thread

STEPS = 4
cells = [9, 1, 4, 1, 7, 2, 3, 8]
leaders: list[int] = []


def note_the_step() -> None:
    """Runs in one thread while the others still wait: what it does, all of them see."""
    leaders.append(len(leaders))


everyone_has_read = Barrier(4)
everyone_has_written = Barrier(4, action=note_the_step)


def simulate(mine: range) -> None:
    """Advance the cells ``mine``."""
    for _ in range(STEPS):
        new = [max(cells[index], cells[index - 1]) for index in mine]
        everyone_has_read.wait()
        cells[mine.start : mine.stop] = new
        everyone_has_written.wait()


if __name__ == "__main__":
    threads = [
        Thread(target=simulate, args=(range(first, first + 2),))
        for first in range(0, 8, 2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("after", len(leaders), "steps:", *cells)
