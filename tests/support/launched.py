"""Programs that are started in a folder by `python` and by `weftline run`, with any arguments and a
time limit.
"""

import re
import subprocess
import sys
import textwrap
import zipfile


def python(*arguments, cwd, code=0, **keywords):
    """The finished process of the interpreter with `arguments`, in the folder `cwd`, with a time
    limit.
    """
    keywords = {"capture_output": True, "text": True, "timeout": 60, **keywords}
    if "input" not in keywords:
        keywords["stdin"] = subprocess.DEVNULL
    done = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, check=False, **keywords
    )
    report = f"exit code {done.returncode}\n--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}"
    assert done.returncode == code, report
    return done


def weftline(*arguments, **keywords):
    """The same, running `arguments` on weftline."""
    return python("-m", "weftline", *arguments, **keywords)


def both(*arguments, flags=(), **keywords):
    """The process of `arguments` on weftline, after checking that nothing distinguishes it from the
    plain interpreter's.
    """
    plain = python(*flags, *arguments, **keywords)
    ours = python(*flags, "-m", "weftline", "run", *arguments, **keywords)
    assert (ours.stdout, _addressless(ours.stderr)) == (
        plain.stdout,
        _addressless(plain.stderr),
    )
    return ours


def _addressless(text):
    return text and re.sub("0x[0-9a-f]+", "0x", text)


def write(folder, name, source):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    return path


def write_all(folder, source):
    """Writes `source` once for each way to run a program; returns the ways, as arguments, by
    name.
    """
    write(folder, "script.py", source)
    write(folder, "module.py", source)
    write(folder, "directory/__main__.py", source)
    with zipfile.ZipFile(folder / "archive.pyz", "w") as archive:
        archive.writestr("__main__.py", textwrap.dedent(source))
    return {
        "script": ["script.py"],
        "module": ["-m", "module"],
        "directory": ["directory"],
        "archive": ["archive.pyz"],
        "standard input": ["-"],
    }


WAYS = ["script", "module", "directory", "archive", "standard input"]
"""The names of the ways of `write_all`."""


def both_ways(folder, source, way, **keywords):
    """Runs `source` in that way on both, as `both` does."""
    arguments = write_all(folder, source)[way]
    if way == "standard input":
        keywords["input"] = textwrap.dedent(source)
    return both(*arguments, cwd=folder, **keywords)
