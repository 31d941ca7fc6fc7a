"""Timers: something is done later, unless it turns out that it need not be done.

Tea and eggs each have a timer. The tea is ready in time; the eggs are taken off the fire by
a customer at the counter, so their timer is cancelled.
"""

from queue import Queue
from threading import Timer

MINUTE = 0.01


def set_timer(minutes: float, bell: "Queue[str]", what: str) -> Timer:
    """Have ``bell`` say ``what`` in so many minutes."""
    timer = Timer(minutes * MINUTE, bell.put, [what])
    timer.start()
    return timer


if __name__ == "__main__":
    bell: "Queue[str]" = Queue()
    eggs = set_timer(600, bell, "the eggs are ready")
    tea = set_timer(3, bell, "the tea is ready")
    print(bell.get())
    tea.join()
    print("the tea's timer has fired:", tea.finished.is_set())
    print("the eggs' timer is waiting:", eggs.is_alive())
    eggs.cancel()
    eggs.join()
    print("the eggs' timer is waiting:", eggs.is_alive())
    print("the bell is silent:", bell.empty())
