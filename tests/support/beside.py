"""Programs that run twice, on the plain interpreter and on weftline, and must end and print alike.

The program is a file, run by `python` and by `weftline run`. `on_weftline` and `installed` are for
behaviour that only weftline has.
"""

import subprocess
import sys
import textwrap
from dataclasses import dataclass

from support.programs import environment

SECONDS = 240
"""The time limit of a program: ten times the longest, for a busy machine."""


_PLAIN, _OURS = [], ["-m", "weftline", "run"]

_PRELUDE = """\
import faulthandler
faulthandler.dump_traceback_later({seconds}, exit=True)
"""


@dataclass(frozen=True)
class Ended:
    """How a program ended."""

    code: int
    out: str
    err: str


def both(folder, source, *arguments, code=0, err="", when_ready=None):
    """Runs `source` on both and returns its output.

    Fails unless both print the same, exit with `code`, and write `err` to standard error, or the
    same text if `err` is None. `when_ready` is called with the process once the program has printed
    the line "ready", which the result then lacks.
    """
    program = _write(folder, source)
    plain = _run(_PLAIN, program, arguments, when_ready)
    ours = _run(_OURS, program, arguments, when_ready)
    report = f"--- plain\n{plain}\n--- weftline\n{ours}"
    assert ours == plain, report
    assert ours.code == code, report
    assert err is None or ours.err == err, report
    return ours.out


def on_weftline(folder, source, *arguments, options=(), code=0, err=""):
    """Runs `source` with `weftline run` and `options`, and returns its output."""
    ended = _run([*_OURS, *options], _write(folder, source), arguments, None)
    assert ended.code == code and err in (None, ended.err), ended
    return ended.out


def installed(folder, source, *arguments, code=0, err=""):
    """Runs `source` with `python` after `weftline.install()`, and returns its output.

    Only the program itself makes that call, and not a child that imports it as its main module.
    """
    call = "if __name__ == '__main__':\n    import weftline; weftline.install()\n"
    program = _write(folder, call + textwrap.dedent(source))
    ended = _run(_PLAIN, program, arguments, None)
    assert ended.code == code and err in (None, ended.err), ended
    return ended.out


def _write(folder, source):
    program = folder / "program.py"
    program.write_text(
        _PRELUDE.format(seconds=SECONDS // 2) + textwrap.dedent(source),
        encoding="utf-8",
    )
    return program


def _run(launcher, program, arguments, when_ready):
    command = [sys.executable, *launcher, str(program), *map(str, arguments)]
    with subprocess.Popen(
        command,
        cwd=program.parent,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            if when_ready is not None:
                line = process.stdout.readline()
                if line == "ready\n":
                    when_ready(process)
            out, err = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
    return Ended(process.returncode, out, err)
