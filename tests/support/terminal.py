"""A command in a terminal, and what is on its screen."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

LONG = 60

# What the command writes: a control sequence, or a letter.
PARTS = re.compile(r"\x1b\[([?]?)([0-9;]*)([A-Za-z])|(\r|\n|[^\x1b])")


# Makes its terminal that of the session, to which Ctrl-Z and its like belong, and takes the signals
# that a shell or `nohup` has ignored. Then it becomes the command.
TAKES_TERMINAL = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])
"""


class Screen:
    """The letters that are on the screen, after the control sequences of `weftline top`."""

    def __init__(self):
        self.clear()
        self.is_other = False
        self.rest = ""

    def clear(self):
        self.cells, self.x, self.y = {}, 0, 0

    def take(self, text):
        text = self.rest + text
        # A sequence may come in two parts.
        beginning = re.search(r"\x1b(\[[?]?[0-9;]*)?$", text)
        self.rest = beginning[0] if beginning else ""
        for is_mode, numbers, kind, letter in PARTS.findall(
            text[: len(text) - len(self.rest)]
        ):
            if letter:
                self.put(letter)
            elif is_mode:
                if numbers == "1049":
                    self.is_other = kind == "h"
                    self.clear()
            elif kind == "H":
                row, _, column = (numbers or "1;1").partition(";")
                self.y, self.x = int(row) - 1, int(column or 1) - 1
            elif kind == "C":
                self.x += int(numbers or 1)
            elif kind == "J":
                self.clear()
            else:
                assert kind in "mK", (numbers, kind)

    def put(self, letter):
        if letter == "\r":
            self.x = 0
        elif letter == "\n":
            self.y += 1
        else:
            self.cells[self.y, self.x] = letter
            self.x += 1

    def text(self):
        rows = {}
        for (y, x), letter in self.cells.items():
            rows.setdefault(y, {})[x] = letter
        return "\n".join(
            "".join(rows[y].get(x, " ") for x in range(max(rows[y]) + 1)).rstrip()
            if y in rows
            else ""
            for y in range(max(rows, default=-1) + 1)
        )


class Terminal:
    """A command that runs in a terminal of its own."""

    def __init__(self, process, own, other):
        self.process, self.own, self.other = process, own, other
        self.before = termios.tcgetattr(other)
        self.screen = Screen()
        self.written = b""

    def read(self, seconds):
        """Reads what is written within that time; whether something was."""
        if not select.select([self.own], [], [], seconds)[0]:
            return False
        written = os.read(self.own, 1 << 16)
        self.written += written
        self.screen.take(written.decode())
        return True

    def wait_for(self, is_there):
        """Reads until the screen has that text, or until that holds for its text."""
        if isinstance(is_there, str):
            part = is_there

            def is_there(text):
                return part in text

        end = time.monotonic() + LONG
        while not is_there(self.screen.text()):
            assert time.monotonic() < end, self.screen.text()
            self.read(1)
        return self.screen.text()

    def press(self, keys):
        os.write(self.own, keys.encode())

    def signal(self, number):
        self.process.send_signal(number)

    def resize(self, columns, rows):
        resize(self.other, columns, rows)
        self.signal(signal.SIGWINCH)

    def end(self):
        """Waits for the end: the exit status, and whether the terminal is as it was."""
        end = time.monotonic() + LONG
        while self.process.poll() is None:
            assert time.monotonic() < end, self.screen.text()
            self.read(0.05)
        while self.read(0):
            pass
        is_as_before = termios.tcgetattr(self.other) == self.before
        return self.process.returncode, is_as_before and not self.screen.is_other


def resize(terminal, columns, rows):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


@contextlib.contextmanager
def terminal(command, size=(80, 24), **environment):
    """The command in a terminal of that size. It is killed when the context is left."""
    own, other = pty.openpty()
    resize(other, *size)
    inherited = {key: os.environ[key] for key in os.environ if key != "NO_COLOR"}
    with subprocess.Popen(
        [sys.executable, "-c", TAKES_TERMINAL, *command],
        stdin=other,
        stdout=other,
        stderr=other,
        start_new_session=True,
        env=inherited | {"TERM": "xterm-256color"} | environment,
    ) as process:
        try:
            yield Terminal(process, own, other)
        finally:
            process.kill()
            os.close(own)
            os.close(other)
