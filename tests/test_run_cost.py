"""The cost of a start under `weftline run` over `python`, counted in modules: no other work on the
machine changes that count.

`threading`, `queue` and the modules that they import take most of a start's time. So a program that
uses none of them imports none.
"""

import os
import subprocess
import sys

import pytest
from support.launched import python, write

COMMAND = os.path.join(os.path.dirname(sys.executable), "weftline")

OURS = {
    "atexit",
    "weftline",
    "weftline._names",
    "weftline._on_import",
    "weftline._weftline",
    "weftline.cli",
    "weftline.install",
    "weftline.run",
}
"""The modules that a start may import beyond the interpreter's: each is small, and none imports
another module of the standard library.
"""


def modules(command, folder):
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stdout.split())


def test_the_command_imports_nothing_but_a_few_modules_of_ours(tmp_path):
    write(tmp_path, "list.py", "import sys; print(*sys.modules)")
    plain = modules([sys.executable, "list.py"], tmp_path)
    ours = modules([COMMAND, "run", "list.py"], tmp_path)
    assert ours - plain <= OURS


def test_the_module_imports_nothing_but_these_beyond_what_m_imports(tmp_path):
    write(tmp_path, "list.py", "import sys; print(*sys.modules)")
    plain = modules([sys.executable, "-m", "list"], tmp_path)
    ours = modules([sys.executable, "-m", "weftline", "run", "list.py"], tmp_path)
    assert ours - plain <= OURS


@pytest.mark.parametrize("name", ["threading", "queue"])
def test_a_module_of_the_programs_own_that_is_called_like_a_standard_one_is_its_own(
    tmp_path, name
):
    """As under `python`, where no code has imported the standard one before."""
    write(tmp_path, f"{name}.py", "class Queue: pass\nclass Event: pass\nLock = 3\n")
    write(
        tmp_path,
        "program.py",
        f"import {name}, sys; print({name}.Queue, {name}.Event, {name}.Lock)",
    )
    plain = python("program.py", cwd=tmp_path).stdout
    ours = python("-m", "weftline", "run", "program.py", cwd=tmp_path).stdout
    assert ours == plain
