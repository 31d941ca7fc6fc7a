"""A frozen program has all of weftline, and behaves as the plain one: in another folder, with an
empty environment.

The package is the installed wheel, with its entry points; `make test-packages` installs it. No
interpreter that the program starts has a weftline of its own.
"""

import os
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

PROGRAM = Path(__file__).resolve().parent / "freezing" / "program.py"

# The path of the tools alone: without the folder of the sources, so the tools find the wheel.
ENVIRONMENT = {key: os.environ[key] for key in os.environ if key != "PYTHONPATH"}


def run(command, folder, env, seconds=120):
    """The output of the command, which writes nothing to standard error and succeeds."""
    ended = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    is_well = (ended.returncode, ended.stderr) == (0, "")
    # As text, because pytest would shorten the object's.
    assert is_well, f"{command[0]} ends with {ended.returncode}:\n{ended.stderr}"
    return ended.stdout


def pyinstaller(folder, mode, env=ENVIRONMENT):
    """Freezes the program, and returns what is to be started."""
    command = [sys.executable, "-m", "PyInstaller", f"--{mode}", "--log-level", "ERROR"]
    folders = [f"--{name}path={folder / name}" for name in ("dist", "work", "spec")]
    subprocess.run(
        [*command, *folders, str(PROGRAM)], cwd=folder, env=env, timeout=600, check=True
    )
    made = folder / "dist" / "program"
    return made / "program" if mode == "onedir" else made


def cx_freeze(folder):
    """Freezes the program, and returns what is to be started."""
    setup = folder / "setup.py"
    setup.write_text(
        "from cx_Freeze import Executable, setup\n"
        f"setup(name='program', version='1', executables=[Executable({str(PROGRAM)!r})])\n",
        encoding="utf-8",
    )
    command = [sys.executable, setup, "-q", "build_exe", "--build-exe"]
    made = folder / "dist" / "program"
    arguments = [made, "--include-path", PROGRAM.parent]
    subprocess.run(
        [str(part) for part in [*command, *arguments]],
        cwd=folder,
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        timeout=600,
        check=True,
    )
    return made / "program"


def moved(program, folder):
    """The program after a move of its folder or file."""
    elsewhere = folder / "elsewhere"
    if program.parent.name == "program":
        shutil.move(program.parent, elsewhere)
        return elsewhere / program.name
    elsewhere.mkdir()
    return Path(shutil.move(program, elsewhere))


@pytest.fixture(scope="module")
def plain():
    """The output of the program that is not frozen."""
    printed = run([sys.executable, PROGRAM], PROGRAM.parent, ENVIRONMENT)
    assert printed.count("(4, True, True)") == 6, printed
    return printed


def test_the_wheel_registers_the_hook_with_pyinstaller():
    points = entry_points(group="pyinstaller40", name="hook-dirs")
    (ours,) = [point for point in points if point.module == "weftline._freezing"]
    (folder,) = ours.load()()
    assert (Path(folder) / "hook-weftline.py").is_file()


@pytest.mark.parametrize("mode", ["onedir", "onefile"])
def test_pyinstaller_freezes_all_of_weftline(tmp_path, plain, mode):
    program = moved(pyinstaller(tmp_path, mode), tmp_path)
    assert run([program], "/", {}) == plain
    script = tmp_path / "script.py"
    script.write_text(STARTS.format(interpreter=sys._base_executable), encoding="utf-8")
    assert run([program, "run", script], "/", {}) == "True\nFalse\n"
    assert run([program, "run", "--children", script], "/", {}) == "True\nTrue\n"


def test_without_the_hook_pyinstaller_leaves_out_what_no_statement_imports(
    tmp_path, plain
):
    import weftline

    bare = tmp_path / "bare"
    shutil.copytree(Path(weftline.__file__).parent, bare / "weftline")
    shutil.rmtree(bare / "weftline" / "_freezing")
    program = pyinstaller(tmp_path, "onedir", {**ENVIRONMENT, "PYTHONPATH": str(bare)})
    assert run([program], "/", {}) == plain
    with pytest.raises(AssertionError, match="No module named .*weftline.cli"):
        run([program, "--version"], "/", {})


def test_cx_freeze_freezes_what_a_program_uses(tmp_path, plain):
    assert run([moved(cx_freeze(tmp_path), tmp_path)], "/", {}) == plain


STARTS = """\
import subprocess, sys
tell = "import sys; ours = sys.modules.get('weftline'); print(bool(ours and ours.installed()), flush=True)"
exec(tell)
subprocess.run([{interpreter!r}, "-c", tell], check=True)
"""
