"""Children of a frozen program run on weftline. The program is its own interpreter, and no command
line of a child contains weftline's code.

Here a script imitates a frozen program. `packages/test_freezing.py` has really frozen programs.
"""

import sys

import pytest
from support.beside import on_weftline
from support.children import LOOK, METHODS

# The marks of a frozen program: one by PyInstaller and cx_Freeze, the other by Nuitka.
MARKS = {
    "sys.frozen": "sys.frozen = True",
    "__compiled__": """
__compiled__ = True
class Frozen:
    frozen = True
    def __getattr__(self, name): return getattr(sys, name)
multiprocessing.spawn.sys = Frozen()
""",
}

FREEZE_SUPPORT = """
import multiprocessing.spawn, re

sys.executable = os.path.join(os.path.dirname(__file__), "program")
multiprocessing.set_executable(sys.executable)

def freeze_support():
    if "-c" in sys.argv:
        code = sys.argv[sys.argv.index("-c") + 1]
        known = r"(import sys; )?from multiprocessing\\.(resource_tracker|forkserver) import main;\\s?main\\([^\\n]*\\)"
        assert re.fullmatch(known, code), code
        exec(code)
        sys.exit()
    multiprocessing.spawn.freeze_support()
"""


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("mark", MARKS)
def test_the_children_of_a_frozen_program_run_on_weftline(tmp_path, mark, method):
    executable = tmp_path / "program"
    program = tmp_path / "program.py"
    executable.write_text(f'#!/bin/sh\nexec {sys.executable} {program} "$@"\n')
    executable.chmod(0o755)
    output = on_weftline(
        tmp_path,
        LOOK
        + FREEZE_SUPPORT
        + MARKS[mark]
        + """
if __name__ == "__main__":
    freeze_support()
    method = sys.argv[1]
    context = multiprocessing.get_context(method)
    with context.Pool(1) as pool:
        print(*pool.map(look, range(2)))
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        print(*pool.map(look, range(2)))
""",
        method,
    )
    assert output == "weftline weftline\n" * 2
