"""Threads with names of their own, given, changed, or made up from the function that they run."""

from threading import Thread, current_thread


def keep_shop() -> None:
    """Say which thread opens and closes."""
    print(current_thread().name, "opens")
    print(current_thread().name, "closes")


def keep_watch() -> None:
    """Keep the shop by day and watch it by night."""
    keep_shop()
    current_thread().name = "night watch"
    print(current_thread().name, "goes round")


if __name__ == "__main__":
    keepers = [
        Thread(target=keep_shop, name="keeper"),
        Thread(target=keep_shop),
        Thread(target=keep_watch, name="day watch"),
    ]
    for keeper in keepers:
        keeper.start()
        keeper.join()
    print(keepers[-1].name, "was the last")
    print(current_thread().name, "goes home")
