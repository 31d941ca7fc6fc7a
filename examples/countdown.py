"""A thread counts down while the main thread waits for it.

The thread is a daemon: without the join the program could end in the middle of the count.
"""

from threading import Thread


def count_down(start: int) -> None:
    """Print the numbers from ``start`` down to one."""
    for number in range(start, 0, -1):
        print(number)


if __name__ == "__main__":
    rocket = Thread(target=count_down, args=(5,), daemon=True)
    rocket.start()
    rocket.join()
    print("lift-off")
