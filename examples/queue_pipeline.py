"""A producer and a consumer that only know the queue between them.

The queue is bounded, so a producer that is too fast waits. When every item has been marked as done,
`Queue.join` lets the main thread go on.
"""

from queue import Queue
from threading import Thread

END = None


def produce(numbers: range, out: "Queue[int | None]") -> None:
    """Send each number, then the end mark."""
    for number in numbers:
        out.put(number)
    out.put(END)


def consume(source: "Queue[int | None]", squares: list[int]) -> None:
    """Square what comes, until the end mark."""
    while (number := source.get()) is not END:
        squares.append(number * number)
        source.task_done()
    source.task_done()


if __name__ == "__main__":
    belt: Queue[int | None] = Queue(maxsize=4)
    squares: list[int] = []
    producer = Thread(target=produce, args=(range(1, 11), belt))
    consumer = Thread(target=consume, args=(belt, squares))
    producer.start()
    consumer.start()
    # Only when all has been put: until then the queue may be done with everything it was ever
    # given.
    producer.join()
    belt.join()
    print(
        "all done:", belt.unfinished_tasks == 0, "and the belt is empty:", belt.empty()
    )
    consumer.join()
    print(*squares)
