"""An item that carries its own event: its sender can wait until exactly this one has been
dealt with.
"""

from dataclasses import dataclass, field
from queue import Queue
from threading import Event, Thread


@dataclass
class Order:
    """A dish, and the event that it is ready."""

    dish: str
    ready: Event = field(default_factory=Event)
    served: str = ""


def cook(orders: "Queue[Order | None]") -> None:
    """Cook in the order of arrival and tell each guest."""
    while (order := orders.get()) is not None:
        order.served = f"hot {order.dish}"
        order.ready.set()


if __name__ == "__main__":
    orders: Queue[Order | None] = Queue()
    kitchen = Thread(target=cook, args=(orders,))
    kitchen.start()
    for dish in ("soup", "dumplings", "tea"):
        order = Order(dish)
        orders.put(order)
        order.ready.wait()
        print("served:", order.served)
    orders.put(None)
    kitchen.join()
