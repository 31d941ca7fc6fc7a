"""A lock that its holder may take again: public methods that guard themselves and call each
other.
"""

from threading import Lock, RLock, Thread


class Account:
    """A balance; every method is safe to call from any thread, and from the other methods."""

    def __init__(self, balance: int) -> None:
        self._lock = RLock()
        self.balance = balance

    def deposit(self, amount: int) -> None:
        """Add ``amount``."""
        with self._lock:
            self.balance += amount

    def withdraw(self, amount: int) -> None:
        """Take ``amount``, which may leave the account in debt."""
        with self._lock:
            self.balance -= amount

    def exchange(self, out: int, back: int) -> None:
        """Take and add as one step: no thread sees the balance in between."""
        with self._lock:
            self.withdraw(out)
            self.deposit(back)


def trade(account: Account, times: int) -> None:
    """Gain one each time."""
    for _ in range(times):
        account.exchange(out=5, back=6)


if __name__ == "__main__":
    plain = Lock()
    print("a Lock, once and again:", plain.acquire(), plain.acquire(blocking=False))
    again = RLock()
    print("an RLock, once and again:", again.acquire(), again.acquire(blocking=False))

    account = Account(100)
    traders = [Thread(target=trade, args=(account, 1000)) for _ in range(3)]
    for trader in traders:
        trader.start()
    for trader in traders:
        trader.join()
    print("balance:", account.balance)
