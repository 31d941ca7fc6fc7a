"""A lock as a context manager: it is released however the block ends, by a return or by an
exception.
"""

from threading import Lock, Thread

stock = {"apples": 30, "pears": 10}
stock_lock = Lock()
refused: list[str] = []


def sell(fruit: str, amount: int) -> None:
    """Take ``amount`` from the stock; raises `ValueError` if there is not enough."""
    with stock_lock:
        if stock[fruit] < amount:
            raise ValueError(f"only {stock[fruit]} {fruit} left")
        stock[fruit] -= amount


def shop(fruit: str, customers: int) -> None:
    """Sell four pieces to each customer."""
    for _ in range(customers):
        try:
            sell(fruit, 4)
        except ValueError as problem:
            refused.append(str(problem))


if __name__ == "__main__":
    shops = [
        Thread(target=shop, args=("apples", 5)),
        Thread(target=shop, args=("pears", 3)),
    ]
    for one in shops:
        one.start()
    for one in shops:
        one.join()
    print("left:", stock)
    print("refused:", refused)
    print("locked after an exception:", stock_lock.locked())
