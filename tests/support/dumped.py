"""Programs that run until their test ends, and what `weftline dump` prints of them."""

import contextlib
import json
import subprocess
import sys
import threading
import time

LONG = 60

ON_WEFTLINE = "import weftline; weftline.install()\n"


class Program:
    """A program that runs. `it.output` has its lines so far, without the one that says `ready`."""

    def __init__(self, process):
        self._process = process
        self.pid = process.pid
        self.output = []
        self.read_to("ready")

    def read_to(self, last):
        """Reads lines into `output` until the program prints `last`."""
        for line in self._process.stdout:
            if line.rstrip("\n") == last:
                return
            self.output.append(line.rstrip("\n"))
        raise AssertionError(f"it ended with {self._process.wait(LONG)}: {self.output}")

    def read_error(self):
        """A line of the program's standard error."""
        return self._process.stderr.readline()

    def tell(self, line):
        """Writes a line to the program's standard input."""
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def kill(self):
        self._process.kill()

    def runs(self):
        return self._process.poll() is None

    def end(self):
        """Closes the program's standard input, and returns its exit status."""
        self._process.stdin.close()
        for line in self._process.stdout:
            self.output.append(line.rstrip("\n"))
        return self._process.wait(LONG)


@contextlib.contextmanager
def running(source, *arguments, before=ON_WEFTLINE, command=None, **options):
    """A program, from when it prints `ready`.

    It is killed when the context is left, and if it has not ended after two minutes.
    """
    command = command or [sys.executable, "-c", before + source]
    with subprocess.Popen(
        [*command, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    ) as process:
        limit = threading.Timer(2 * LONG, process.kill)
        limit.start()
        try:
            yield Program(process)
        finally:
            limit.cancel()
            process.kill()


def dump(*arguments, **options):
    """The outcome of `weftline dump`."""
    return subprocess.run(
        [sys.executable, "-m", "weftline", "dump", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=LONG,
        stdin=subprocess.DEVNULL,
        check=False,
        **options,
    )


def snapshots(pid, *options):
    """What `--json` prints."""
    done = dump(pid, "--json", *options)
    assert (done.returncode, done.stderr) == (0, ""), done
    return json.loads(done.stdout)


def snapshot(pid, until=lambda it: True):
    """What `--json` prints of one process, once `until` holds for it."""
    begun = time.monotonic()
    while True:
        (found,) = snapshots(pid)
        if until(found):
            return found
        assert time.monotonic() - begun < LONG, found


def thread(found, name):
    """The thread of that name."""
    (it,) = (it for it in found["threads"] if it["name"] == name)
    return it


def state(found, name):
    """What the object says of itself for which the thread of that name waits."""
    address = thread(found, name)["waits"]["object"]
    (it,) = (it for it in found["objects"] if it["address"] == address)
    return it["state"]


def all_steady(found):
    """Whether every wait is one that lasted while it was told."""
    waits = [it["waits"] for it in found["threads"] if it["waits"] is not None]
    return all(wait["steady"] for wait in waits)


def blocked(found):
    """How many threads wait in a place that is known."""
    return sum(
        it["waits"] is not None and it["waits"]["site"] is not None
        for it in found["threads"]
    )
