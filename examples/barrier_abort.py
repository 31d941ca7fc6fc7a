"""Aborting a barrier: three wait for a fourth that will not come, and are sent home instead of
waiting for ever.
"""

from threading import Barrier, BrokenBarrierError, Lock, Semaphore, Thread

meeting = Barrier(4)
entering = Semaphore(0)
sent_home: list[str] = []
lock = Lock()


def attend(name: str) -> None:
    """Wait for all, or be told that it is off."""
    entering.release()
    try:
        meeting.wait()
    except BrokenBarrierError:
        with lock:
            sent_home.append(name)


if __name__ == "__main__":
    guests = [Thread(target=attend, args=(name,)) for name in ("Ada", "Ben", "Cleo")]
    for guest in guests:
        guest.start()
    for _ in guests:
        entering.acquire()
    meeting.abort()
    for guest in guests:
        guest.join()
    print("sent home:", *sorted(sent_home))
    print("broken:", meeting.broken)
    meeting.reset()
    print("broken after a reset:", meeting.broken, "and waiting:", meeting.n_waiting)
