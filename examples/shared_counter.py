"""A counter that some threads raise and others lower."""

from threading import Lock, Thread


class Visitors:
    """How many people are inside."""

    def __init__(self) -> None:
        self.inside = 0
        self._lock = Lock()

    def enter(self, how_many: int) -> None:
        """More people come."""
        with self._lock:
            self.inside += how_many

    def leave(self, how_many: int) -> None:
        """Some go."""
        with self._lock:
            self.inside -= how_many


def let_in(visitors: Visitors) -> None:
    """Couples come."""
    for _ in range(4000):
        visitors.enter(2)


def let_out(visitors: Visitors) -> None:
    """Each one goes alone."""
    for _ in range(4000):
        visitors.leave(1)


if __name__ == "__main__":
    visitors = Visitors()
    doors = [
        Thread(target=door, args=(visitors,))
        for door in (let_in, let_out)
        for _ in range(3)
    ]
    for door in doors:
        door.start()
    for door in doors:
        door.join()
    print("inside:", visitors.inside)
