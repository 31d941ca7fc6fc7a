"""Each Python program of the user guide prints the output in the guide. (Its Rust programs are
tests of the crate's documentation.)
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

GUIDE = Path(__file__).resolve().parent.parent / "docs" / "guide.md"
BLOCK = re.compile(
    r"^```python\n(.*?)^```\n\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
PROGRAMS = BLOCK.findall(GUIDE.read_text(encoding="utf-8"))


def test_every_python_program_is_followed_by_what_it_prints():
    assert len(PROGRAMS) == GUIDE.read_text(encoding="utf-8").count("```python") > 5


@pytest.mark.parametrize(("program", "printed"), PROGRAMS)
def test_it_prints_what_the_guide_says(tmp_path, program, printed):
    script = tmp_path / "program.py"
    script.write_text(program, encoding="utf-8")
    installs_itself = "import weftline" in program
    how = [] if installs_itself else ["-m", "weftline"]
    done = subprocess.run(
        [sys.executable, *how, str(script)],
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == printed
