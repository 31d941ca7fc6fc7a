"""One client object for all threads, with a connection for each of them.

The server, which runs in this program, answers each line with the number of the connection that it
came through.
"""

import socket
import threading
from typing import Any

CLIENTS = 3


class Client:
    """Asks a server; each thread has its own connection, which is opened at its first question."""

    def __init__(self, address: Any) -> None:
        self._address = address
        self._local = threading.local()

    def ask(self, question: str) -> str:
        """What the server answers."""
        if not hasattr(self._local, "lines"):
            with socket.create_connection(self._address) as connection:
                self._local.lines = connection.makefile("rw", encoding="ascii")
        print(question, file=self._local.lines, flush=True)
        return self._local.lines.readline().rstrip()

    def hang_up(self) -> None:
        """Close the calling thread's connection."""
        self._local.lines.close()
        del self._local.lines


def answer(connection: socket.socket, number: int) -> None:
    """Answer until the client hangs up."""
    with connection, connection.makefile("rw", encoding="ascii") as lines:
        for _ in lines:
            print("connection", number, file=lines, flush=True)


def serve(listener: socket.socket) -> None:
    """Start a thread for each client."""
    for number in range(CLIENTS):
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=(connection, number)).start()


def ask_twice(
    client: Client, all_are_connected: threading.Barrier, answers: list[list[str]]
) -> None:
    """Ask two questions, the second one when all have a connection."""
    first = client.ask("which one is this?")
    all_are_connected.wait()
    answers.append([first, client.ask("and now?")])
    client.hang_up()


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, args=(listener,))
        server.start()
        client = Client(listener.getsockname())
        barrier = threading.Barrier(CLIENTS)
        answers: list[list[str]] = []
        threads = [
            threading.Thread(target=ask_twice, args=(client, barrier, answers))
            for _ in range(CLIENTS)
        ]
        for thread in threads:
            thread.start()
        for thread in [*threads, server]:
            thread.join()
    for first, second in answers:
        print("the same connection for both questions:", first == second)
    print("connections:", len({first for first, _ in answers}))
