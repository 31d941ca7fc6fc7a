"""A counter that several threads share: the lock makes reading, adding and writing back one
step.
"""

from threading import Lock, Thread


class Tally:
    """A number and the lock that guards it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._value = 0

    def add(self, amount: int) -> None:
        """Add ``amount``, whatever the other threads do."""
        self._lock.acquire()
        try:
            self._value += amount
        finally:
            self._lock.release()

    def total(self) -> int:
        """What has been added so far."""
        self._lock.acquire()
        try:
            return self._value
        finally:
            self._lock.release()


def count_votes(tally: Tally, votes: range) -> None:
    """Count each vote on its own."""
    for _ in votes:
        tally.add(1)


if __name__ == "__main__":
    tally = Tally()
    offices = [Thread(target=count_votes, args=(tally, range(5000))) for _ in range(4)]
    for office in offices:
        office.start()
    for office in offices:
        office.join()
    print("votes:", tally.total())
