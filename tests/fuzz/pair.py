"""Two child processes run the same programs, one on the standard library, one on weftline."""

import contextlib
import dataclasses
import json
import mmap
import os
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

_TESTS = Path(__file__).resolve().parent.parent


@dataclasses.dataclass(frozen=True)
class Ended:
    """A side that did not answer: the program that it ran, and how the process ended."""

    index: int
    how: str
    said: str


class Side:
    """One child process; it is started when it is needed, and again after it has ended."""

    def __init__(self, ours):
        self.ours = ours
        self.process = None

    def start(self):
        with tempfile.TemporaryFile() as place:
            place.truncate(8)
            self.map = mmap.mmap(place.fileno(), 8)
            self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - read when it has ended
            self.spawn(place.fileno())
        self.orders = 0

    def spawn(self, place):
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-X", "faulthandler", "-m", "fuzz.worker"),
                str(place),
                *(["--weftline"] if self.ours else []),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            pass_fds=[place],
            env={
                **os.environ,
                "PYTHONHASHSEED": "0",
                "PYTHONPATH": os.pathsep.join(
                    filter(None, [str(_TESTS), os.environ.get("PYTHONPATH")])
                ),
            },
        )

    def send(self, order):
        if self.process is None:
            self.start()
        self.orders += 1
        self.limit = order.get("seconds", 60)
        try:
            self.process.stdin.write(json.dumps(order).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def receive(self):
        """The answer, or how the process ended without one."""
        read = b""
        pipe = self.process.stdout
        starved = self.starved()
        while not read.endswith(b"\n"):
            program = self.map[:8]
            ready, _, _ = select.select([pipe], [], [], self.limit)
            if not ready:
                # On a busy machine a program may wait for a processor, and for nothing else.
                before, starved = starved, self.starved()
                is_stuck = starved - before < self.limit / 4
                if is_stuck and self.map[:8] == program:
                    return self.over("hangs")
                continue
            more = os.read(pipe.fileno(), 1 << 20)
            if not more:
                return self.over(None)
            read += more
        return json.loads(read)

    def starved(self):
        """For how many seconds its threads have waited for a processor, where that is known."""
        tasks = Path(f"/proc/{self.process.pid}/task")
        waited = 0
        for task in tasks.glob("*/schedstat"):
            with contextlib.suppress(OSError):
                waited += int(task.read_text().split()[1])
        return waited / 1e9

    def over(self, how):
        """Ends the process, and returns what it was doing."""
        if how:
            self.process.send_signal(signal.SIGABRT)
        code = self.process.wait()
        self.errors.seek(0)
        said = self.errors.read().decode(errors="replace")[-4000:]
        index = int.from_bytes(self.map[:8], "little")
        self.process = None
        return Ended(index, how or f"ends with {code}", said)

    def close(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


class Pair:
    """Both sides, which work at the same time."""

    FRESH = 40
    """After this number of orders the processes start anew, because programs leave threads behind.
    """

    def __init__(self):
        self.sides = Side(ours=False), Side(ours=True)

    def ask(self, order):
        for side in self.sides:
            side.send(order)
        answers = [side.receive() for side in self.sides]
        for side in self.sides:
            if side.process is not None and side.orders >= self.FRESH:
                side.close()
        return answers

    def outcomes(self, program, times=1):
        """The outcomes of `program` on each side, `times` times, each a list of the steps'
        outcomes.
        """
        order = {**program.to_json(), "times": times, "seconds": 20 + times}
        return self.ask(order)

    def close(self):
        for side in self.sides:
            side.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
