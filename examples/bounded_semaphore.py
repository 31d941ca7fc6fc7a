"""A bounded semaphore as a limit: twelve clients, and never more than three connections at once."""

from threading import BoundedSemaphore, Lock, Thread

LIMIT = 3


class Server:
    """Counts its connections, now and at most."""

    def __init__(self) -> None:
        self._places = BoundedSemaphore(LIMIT)
        self._lock = Lock()
        self._open = 0
        self.most = 0
        self.served = 0

    def serve(self, requests: int) -> None:
        """Hold a connection for as long as ``requests`` take."""
        with self._places:
            with self._lock:
                self._open += 1
                self.most = max(self.most, self._open)
            sum(range(requests))
            with self._lock:
                self._open -= 1
                self.served += 1

    def close_too_often(self) -> None:
        """Give back a place that was not taken: a plain semaphore would grow, a bounded one
        refuses.
        """
        self._places.release()


if __name__ == "__main__":
    server = Server()
    clients = [Thread(target=server.serve, args=(20_000,)) for _ in range(12)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    print("served:", server.served)
    print("within the limit:", 1 <= server.most <= LIMIT)
    try:
        server.close_too_often()
    except ValueError as refusal:
        print("refused:", refusal)
