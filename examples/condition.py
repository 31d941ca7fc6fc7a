"""A condition: consumers wait until the producer has made what they need.

A bakery bakes in batches. Each customer waits until the loaves that were asked for are there, all
of them at once.
"""

from threading import Condition, Thread


class Bakery:
    """Loaves on a shelf, and the condition that the shelf has changed."""

    def __init__(self) -> None:
        self.changed = Condition()
        self.shelf = 0
        self.sold: dict[str, int] = {}

    def bake(self, batches: int, loaves: int) -> None:
        """Put ``batches`` of ``loaves`` on the shelf, notifying all each time."""
        for _ in range(batches):
            with self.changed:
                self.shelf += loaves
                self.changed.notify_all()

    def buy(self, customer: str, loaves: int) -> None:
        """Wait for ``loaves`` and take them."""
        with self.changed:
            self.changed.wait_for(lambda: self.shelf >= loaves)
            self.shelf -= loaves
            self.sold[customer] = loaves


if __name__ == "__main__":
    bakery = Bakery()
    wishes = {"Ada": 2, "Ben": 7, "Cleo": 3}
    customers = [Thread(target=bakery.buy, args=wish) for wish in wishes.items()]
    baker = Thread(target=bakery.bake, args=(4, 3))
    for thread in [*customers, baker]:
        thread.start()
    for thread in [*customers, baker]:
        thread.join()
    for customer in wishes:
        print(f"{customer} got {bakery.sold[customer]}")
    print("left on the shelf:", bakery.shelf)
