"""A periodic timer built on a condition, and two counters that move with its ticks.

The timer numbers its ticks. A counter remembers the last number that it has seen, so a tick that
comes while it is busy is not lost: it is noticed late, and never counted twice.
"""

from threading import Condition, Thread

INTERVAL = 0.02


class Metronome:
    """Ticks every ``interval`` seconds from `start` until `stop`."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._changed = Condition()
        self._ticks = 0
        self._running = True
        self._thread = Thread(target=self._run)

    def start(self) -> None:
        """Begin to tick."""
        self._thread.start()

    def stop(self) -> None:
        """End, without waiting for the interval to pass."""
        with self._changed:
            self._running = False
            self._changed.notify_all()
        self._thread.join()

    def wait_after(self, tick: int) -> int:
        """Wait until there has been a tick after ``tick``; returns the number of the next one."""
        with self._changed:
            self._changed.wait_for(lambda: self._ticks > tick)
            return tick + 1

    def _run(self) -> None:
        with self._changed:
            # The wait's timeout is the interval; being told to stop ends it early.
            while not self._changed.wait_for(
                lambda: not self._running, timeout=self._interval
            ):
                self._ticks += 1
                self._changed.notify_all()


def count_down(timer: Metronome, start: int, said: list[str]) -> None:
    """Say a number at each tick, down to zero."""
    tick = 0
    for number in range(start, -1, -1):
        tick = timer.wait_after(tick)
        said.append(str(number))


def count_up(timer: Metronome, end: int, said: list[str]) -> None:
    """Say a number at each tick, up to ``end``."""
    tick = 0
    for number in range(1, end + 1):
        tick = timer.wait_after(tick)
        said.append(str(number))


if __name__ == "__main__":
    timer = Metronome(INTERVAL)
    down: list[str] = []
    up: list[str] = []
    counters = [
        Thread(target=count_down, args=(timer, 5, down)),
        Thread(target=count_up, args=(timer, 3, up)),
    ]
    for counter in counters:
        counter.start()
    timer.start()
    for counter in counters:
        counter.join()
    timer.stop()
    print("down:", *down)
    print("up:", *up)
