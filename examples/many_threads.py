"""Five hundred threads that run at the same time, each with a small stack."""

import threading

THREADS = 500


class Squares(threading.Thread):
    """Squares a number when all are here."""

    def __init__(self, number: int, all_are_here: threading.Barrier) -> None:
        super().__init__()
        self.number = number
        self.square = 0
        self._all_are_here = all_are_here

    def run(self) -> None:
        """Wait for the others, then square."""
        self._all_are_here.wait()
        self.square = self.number**2


if __name__ == "__main__":
    threading.stack_size(128 * 1024)
    barrier = threading.Barrier(THREADS + 1)
    threads = [Squares(number, barrier) for number in range(1, THREADS + 1)]
    for thread in threads:
        thread.start()
    print("running:", threading.active_count())
    barrier.wait()
    for thread in threads:
        thread.join()
    print("sum of squares:", sum(thread.square for thread in threads))
    print("running:", threading.active_count())
