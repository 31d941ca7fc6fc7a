"""A thread that says when it is ready: only then does the main thread go on."""

from threading import Event, Thread


def open_up(is_open: Event) -> None:
    """Get the shop ready, then say so."""
    print("the shutters go up")
    print("the lights go on")
    is_open.set()


if __name__ == "__main__":
    is_open = Event()
    print("a customer waits")
    shop = Thread(target=open_up, args=(is_open,))
    shop.start()
    is_open.wait()
    print("the customer comes in")
    shop.join()
