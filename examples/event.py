"""An event: threads wait for one thing to have happened, for ever or for a limited time.

Runners wait for the start signal. An impatient one gives up each time it has waited a moment, looks
at the watch, and waits on.
"""

from threading import Barrier, Event, Thread

start_signal = Event()
at_the_line = Barrier(3)
looked_at_the_watch = Event()


def runner(said: list[str]) -> None:
    """Wait as long as it takes."""
    at_the_line.wait()
    said.append(f"the signal was given: {start_signal.wait()}")


def impatient(said: list[str]) -> None:
    """Wait a moment at a time."""
    at_the_line.wait()
    while not start_signal.wait(timeout=0.01):
        if not looked_at_the_watch.is_set():
            said.append("no signal yet")
            looked_at_the_watch.set()
    said.append("off")


if __name__ == "__main__":
    patient_said: list[str] = []
    impatient_said: list[str] = []
    runners = [
        Thread(target=runner, args=(patient_said,)),
        Thread(target=impatient, args=(impatient_said,)),
    ]
    for one in runners:
        one.start()
    at_the_line.wait()
    looked_at_the_watch.wait()
    print("given before:", start_signal.is_set())
    start_signal.set()
    for one in runners:
        one.join()
    print("the patient runner:", *patient_said)
    print("the impatient runner:", ", ".join(impatient_said))
