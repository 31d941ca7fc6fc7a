"""A server that answers in capitals, with a thread for each connection, and three clients that talk
to it at the same time.
"""

import socket
from threading import Barrier, Thread
from typing import Any

CLIENTS = {
    "Ada": ["good morning", "two rolls, please"],
    "Ben": ["hello", "is there any cake?"],
    "Cleo": ["hi", "grüße"],
}


def shout(connection: socket.socket) -> None:
    """Answer each line in capitals until the client hangs up."""
    with connection, connection.makefile("rw", encoding="utf-8") as lines:
        for line in lines:
            print(line.rstrip("\n").upper(), file=lines, flush=True)


def serve(listener: socket.socket) -> None:
    """Start a thread for each client."""
    for _ in CLIENTS:
        connection, _ = listener.accept()
        Thread(target=shout, args=(connection,)).start()


class Client(Thread):
    """Says its lines and keeps the answers."""

    def __init__(self, name: str, address: Any, all_are_connected: Barrier) -> None:
        super().__init__(name=name)
        self.answers: list[str] = []
        self._address = address
        self._all_are_connected = all_are_connected

    def run(self) -> None:
        """Connect, wait for the others, talk."""
        with (
            socket.create_connection(self._address) as connection,
            connection.makefile("rw", encoding="utf-8") as lines,
        ):
            self._all_are_connected.wait()
            for line in CLIENTS[self.name]:
                print(line, file=lines, flush=True)
                self.answers.append(lines.readline().rstrip("\n"))


if __name__ == "__main__":
    # Port 0 is any that is free.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Thread(target=serve, args=(listener,))
        server.start()
        barrier = Barrier(len(CLIENTS))
        clients = [Client(name, listener.getsockname(), barrier) for name in CLIENTS]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
            print(client.name, "hears:", " / ".join(client.answers))
        server.join()
