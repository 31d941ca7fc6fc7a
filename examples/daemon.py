"""What the end of the main thread means for the others: a daemon is left where it is, the rest are
waited for.
"""

from threading import Event, Thread

watches = Event()
main_is_done = Event()
never = Event()


def watch() -> None:
    """Wait for what does not come."""
    print("the watchman sits down")
    watches.set()
    never.wait()
    print("this is never printed")


def write_report() -> None:
    """Work on after the main thread."""
    main_is_done.wait()
    print("the report is written, though main has ended")


if __name__ == "__main__":
    Thread(target=watch, daemon=True).start()
    watches.wait()
    Thread(target=write_report).start()
    print("main has nothing left to do", flush=True)
    main_is_done.set()
