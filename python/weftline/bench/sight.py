"""What ``weftline dump`` costs a process with many threads: the time and memory of the command, and
for how long a thread of the process stands still.

In the process that is asked, each thread holds ten locks and waits for one of the next thread's,
while the main thread runs Python code and notes the longest time between two turns of its loop. A
machine with other work makes that longer, too, so it is measured beside the command as well.

That process is another interpreter, which calls `main`.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

FORMS = ("text", "--json", "--svg")
"""What the command prints."""

_LOCKS_EACH = 10
_STACK = 128 * 1024


@dataclass(frozen=True)
class Dump:
    """One command: the `seconds` that it took, the bytes of its own memory and of what it printed,
    whether the stacks were told, and the longest time for which a thread stood still meanwhile
    (`stood`) and in as long a time without the command (`beside`).
    """

    seconds: float
    memory: int
    printed: int
    has_stacks: bool
    stood: float
    beside: float

    def as_json(self) -> dict[str, float]:
        """The figures by name."""
        return asdict(self)


def is_there() -> bool:
    """Whether processes of this system answer."""
    return sys.platform == "linux"


def dumps(form: str, threads: int, rounds: int) -> list[Dump]:
    """Ask a process of so many threads so often."""
    program = f"import sys; from {__name__} import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", program, str(threads)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as asked:

        def longest() -> float:
            """The longest time for which the thread has stood still since the last call."""
            assert asked.stdin and asked.stdout
            print(file=asked.stdin, flush=True)
            return float(asked.stdout.readline())

        assert asked.stdout
        asked.stdout.readline()
        # The threads go to sleep.
        time.sleep(1)
        return [_dump(form, asked.pid, longest) for _ in range(rounds)]


_SILENT = (b"The interpreter did not answer", b'"stacks": "silent"')
"""What the forms say without stacks."""


def _dump(form: str, pid: int, longest: Callable[[], float]) -> Dump:
    options = [] if form == "text" else [form]
    command = [sys.executable, "-m", "weftline", "dump", str(pid), *options]
    longest()
    begun = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout
        printed = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - begun
    stood = longest()
    if child.returncode:
        raise RuntimeError(f"weftline dump ended with {child.returncode}")
    longest()
    time.sleep(seconds)
    return Dump(
        seconds,
        usage.ru_maxrss * 1024,
        len(printed),
        not any(text in printed for text in _SILENT),
        stood,
        longest(),
    )


def main(arguments: Sequence[str]) -> None:
    """The process that is asked."""
    import weftline

    weftline.install()
    threading.stack_size(_STACK)
    count = int(arguments[0])
    locks = [threading.Lock() for _ in range(count * _LOCKS_EACH)]
    ends, holds_all = threading.Event(), threading.Semaphore(0)

    def holds(at: int) -> None:
        for lock in locks[at * _LOCKS_EACH : (at + 1) * _LOCKS_EACH]:
            lock.acquire()
        holds_all.release()
        if (following := (at + 1) * _LOCKS_EACH) < len(locks):
            locks[following].acquire()
        else:
            ends.wait()

    # One after the other: thousands that all go to sleep at once contend for the interpreter.
    for at in reversed(range(count)):
        threading.Thread(target=holds, args=(at,), daemon=True).start()
        holds_all.acquire()
    asked: list[str] = []

    def hears() -> None:
        while line := sys.stdin.readline():
            asked.append(line)
        os._exit(0)

    threading.Thread(target=hears, daemon=True).start()
    print("ready", flush=True)
    longest, last = 0.0, time.perf_counter()
    while True:
        this = time.perf_counter()
        longest = max(longest, this - last)
        last = this
        if asked:
            asked.clear()
            print(longest, flush=True)
            longest, last = 0.0, time.perf_counter()
