"""Threads that are values of a class of their own, with arguments of their own."""

from threading import Thread


class Baker(Thread):
    """Bakes on a thread of its own; the loaves are on the shelf afterwards."""

    def __init__(self, name: str, loaves: int) -> None:
        super().__init__(name=name)
        self.loaves = loaves
        self.shelf: list[str] = []

    def run(self) -> None:
        """Bake all loaves."""
        for number in range(1, self.loaves + 1):
            self.shelf.append(f"loaf {number}")


if __name__ == "__main__":
    bakers = [Baker("Ada", 2), Baker("Ben", 1), Baker("Cleo", 3)]
    for baker in bakers:
        baker.start()
    for baker in bakers:
        baker.join()
        print(f"{baker.name} has baked:", ", ".join(baker.shelf))
