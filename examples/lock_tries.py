"""Trying for a lock without waiting for it, and counting the tries that it took.

The cleaner wants the room three times and never waits at the door: when the room is taken it does
something else. The two tell each other with semaphores when to look again, so that the count is the
same in every run.
"""

from threading import Lock, Semaphore, Thread

room = Lock()
taken = Semaphore(0)
looked = Semaphore(0)


def guest(nights: int) -> None:
    """Take the room ``nights`` times; each night the cleaner comes by twice, during the stay and
    after it.
    """
    for _ in range(nights):
        with room:
            taken.release()
            looked.acquire()
        taken.release()
        looked.acquire()


def cleaner(wanted: int) -> None:
    """Clean the room ``wanted`` times, whenever it is found free."""
    tries = cleaned = 0
    while cleaned < wanted:
        taken.acquire()
        tries += 1
        if room.acquire(blocking=False):
            try:
                cleaned += 1
                print(f"try {tries}: cleaned")
            finally:
                room.release()
        else:
            print(f"try {tries}: taken, coming back later")
        looked.release()
    print(f"{cleaned} times in {tries} tries")


if __name__ == "__main__":
    threads = [Thread(target=guest, args=(3,)), Thread(target=cleaner, args=(3,))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
