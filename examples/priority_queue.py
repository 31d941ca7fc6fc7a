"""A priority queue, twice: built from a heap and a condition, and the library's own. Both hand out
the same order.

Of equal urgency, the one that came first is served first: a rising number in the entry decides
before the texts are compared.
"""

import heapq
import itertools
from queue import PriorityQueue
from threading import Condition, Thread

PATIENTS = [(3, "cough"), (1, "broken arm"), (2, "fever"), (1, "burn"), (3, "check-up")]


class WaitingRoom:
    """What `queue.PriorityQueue` does, in a dozen lines."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, str]] = []
        self._changed = Condition()

    def put(self, entry: tuple[int, int, str]) -> None:
        """Let a guest in, and notify one waiter."""
        with self._changed:
            heapq.heappush(self._heap, entry)
            self._changed.notify()

    def get(self) -> tuple[int, int, str]:
        """Wait until a guest is there; returns the smallest entry."""
        with self._changed:
            while not self._heap:
                self._changed.wait()
            return heapq.heappop(self._heap)


def serve(room: "WaitingRoom | PriorityQueue[tuple[int, int, str]]") -> list[str]:
    """Let all patients in, then call them one by one from another thread."""
    arrival = itertools.count()
    for urgency, complaint in PATIENTS:
        room.put((urgency, next(arrival), complaint))
    called: list[str] = []

    def call_all() -> None:
        for _ in PATIENTS:
            called.append(room.get()[-1])

    doctor = Thread(target=call_all)
    doctor.start()
    doctor.join()
    return called


if __name__ == "__main__":
    print("built by hand:", ", ".join(serve(WaitingRoom())))
    print("the library's:", ", ".join(serve(PriorityQueue())))
