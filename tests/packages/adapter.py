"""A client of the Debug Adapter Protocol, as small as one breakpoint needs: requests, their
responses, and events, over one socket.
"""

import itertools
import json
import socket


class Adapter:
    """One connection to a debug adapter. Every read is bounded in time by the socket's timeout."""

    def __init__(self, port, seconds=20):
        self._socket = socket.create_connection(("127.0.0.1", port), seconds)
        self._stream = self._socket.makefile("rb")
        self._numbers = itertools.count(1)
        self._events = []

    def send(self, command, **arguments):
        """Sends a request without waiting for its response; returns its number."""
        number = next(self._numbers)
        body = json.dumps(
            {
                "seq": number,
                "type": "request",
                "command": command,
                "arguments": arguments,
            }
        ).encode()
        self._socket.sendall(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        return number

    def response(self, number):
        """The body of the response to request `number`; keeps events in between for `event`."""
        while True:
            message = self._read()
            if message["type"] == "event":
                self._events.append(message)
            elif message.get("request_seq") == number:
                assert message["success"], message
                return message.get("body")

    def ask(self, command, **arguments):
        """Sends a request and returns the body of its response."""
        return self.response(self.send(command, **arguments))

    def event(self, name):
        """The body of the next event called `name`."""
        while True:
            for position, message in enumerate(self._events):
                if message["event"] == name:
                    return self._events.pop(position).get("body")
            message = self._read()
            if message["type"] == "event":
                self._events.append(message)

    def close(self):
        """Ends the connection."""
        self._stream.close()
        self._socket.close()

    def _read(self):
        length = None
        while (line := self._stream.readline()) != b"\r\n":
            assert line, "the adapter closed the connection"
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return json.loads(self._stream.read(length))
