"""The same work by threads and by processes: threads share a list, each process has a copy of its
own, and an id.

A process that is to give something back sends it, here through a queue of multiprocessing's.
"""

import multiprocessing
import os
import threading
from multiprocessing.queues import SimpleQueue

NAMES = ["Ada", "Ben", "Cleo"]
guests: list[str] = []


def enter(name: str, told: SimpleQueue) -> None:
    """Put a name on the list and tell which process did it and how long the list is now."""
    guests.append(name)
    told.put((name, os.getpid(), len(guests)))


def invite(kind: type[threading.Thread] | type[multiprocessing.Process]) -> None:
    """Have each guest entered by a thread or a process, one after the other."""
    guests.clear()
    told = multiprocessing.SimpleQueue()
    pids = set()
    for guest in NAMES:
        worker = kind(target=enter, args=(guest, told))
        worker.start()
        worker.join()
        name, pid, length = told.get()
        pids.add(pid)
        mine = "mine" if pid == os.getpid() else "its own"
        print(f"  {name}: the id is {mine}, guests on the list: {length}")
    print("  ids:", len(pids), "and my list:", *guests or ["empty"])


if __name__ == "__main__":
    print("threads")
    invite(threading.Thread)
    print("processes")
    invite(multiprocessing.Process)
