"""Under `weftline run --children` the programs that a program starts run on weftline too;
`WEFTLINE=0` switches weftline off for one run.
"""

import os
import subprocess
import sys

import pytest
from support.launched import WAYS, both, weftline, write, write_all

TELL = "import sys; w = sys.modules.get('weftline'); print(bool(w and w.installed()), flush=True)\n"

# Starts interpreters as servers that reload and workers of pytest do.
STARTS = """
import os, subprocess, sys
tell = "import sys; w = sys.modules.get('weftline'); print(bool(w and w.installed()), sys.path[0] in ('', os.getcwd()), flush=True)"
again = f"import os, subprocess, sys; {tell}; subprocess.run([sys.executable, '-c', {'import os; ' + tell!r}], check=True)"
subprocess.run([sys.executable, "-c", again], check=True)
"""


def test_without_it_a_program_that_is_started_anew_runs_plain(tmp_path):
    write(tmp_path, "starts.py", STARTS)
    assert weftline("run", "starts.py", cwd=tmp_path).stdout == "False True\n" * 2


def test_programs_that_are_started_follow_and_so_do_theirs(tmp_path):
    write(tmp_path, "starts.py", STARTS)
    shown = weftline("run", "--children", "starts.py", cwd=tmp_path)
    assert (shown.stdout, shown.stderr) == ("True True\n" * 2, "")


def test_a_program_that_replaces_itself_follows(tmp_path):
    write(tmp_path, "tell.py", TELL)
    write(
        tmp_path,
        "again.py",
        "import os, sys; os.execv(sys.executable, [sys.executable, 'tell.py'])",
    )
    shown = weftline("run", "--children", "again.py", cwd=tmp_path).stdout
    assert shown == "True\n"


@pytest.mark.parametrize("flag", ["-E", "-I", "-S"])
def test_an_isolated_interpreter_runs_plain(tmp_path, flag):
    start = f"import subprocess, sys; subprocess.run([sys.executable, {flag!r}, '-c', {TELL!r}], check=True)"
    write(tmp_path, "start.py", start)
    assert weftline("run", "--children", "start.py", cwd=tmp_path).stdout == "False\n"


def test_the_path_of_a_child_is_what_it_would_have_been(tmp_path):
    show = "import sys; print(sys.path, 'sitecustomize' in sys.modules)"
    write(
        tmp_path,
        "start.py",
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {show!r}], check=True)",
    )
    plain = {**os.environ, "PYTHONPATH": str(tmp_path)}
    alone = subprocess.run(
        [sys.executable, "-c", show],
        cwd=tmp_path,
        env=plain,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    shown = weftline("run", "--children", "start.py", cwd=tmp_path, env=plain)
    assert (shown.stdout, shown.stderr) == (alone.stdout, "")


@pytest.mark.parametrize(
    "source",
    [
        "print('the own one')",
        "raise ImportError('of its own')",
        "1 / 0",
        "import absent_module",
    ],
)
def test_a_sitecustomize_of_the_users_is_imported_as_it_would_have_been(
    tmp_path, source
):
    write(tmp_path, "own/sitecustomize.py", source)
    show = "import sys; print(getattr(sys.modules.get('sitecustomize'), '__file__', None)); "
    write(
        tmp_path,
        "start.py",
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {show + TELL!r}], check=True)",
    )
    environment = {
        **os.environ,
        "PYTHONPATH": str(tmp_path / "own"),
        "PYTHONUNBUFFERED": "1",
    }
    plain = weftline("run", "start.py", cwd=tmp_path, env=environment)
    ours = weftline("run", "--children", "start.py", cwd=tmp_path, env=environment)
    # The program itself imports it once, in both, and so does the child.
    assert plain.stdout.endswith("False\n") and ours.stdout.endswith("True\n")
    assert ours.stdout.replace("True\n", "False\n") == plain.stdout
    assert ours.stderr == plain.stderr


def test_the_old_names_follow_too(tmp_path):
    write(
        tmp_path,
        "start.py",
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import Queue; print(Queue.__name__)'], check=True)",
    )
    for options in (["--children", "--legacy"], ["--legacy", "--children"]):
        assert weftline("run", *options, "start.py", cwd=tmp_path).stdout == "queue\n"


@pytest.mark.parametrize("way", WAYS)
def test_the_environment_switches_it_off_for_one_run(tmp_path, way):
    arguments = write_all(tmp_path, TELL)[way]
    off = {**os.environ, "WEFTLINE": "0"}
    keywords = {"input": TELL} if way == "standard input" else {}
    assert weftline("run", *arguments, cwd=tmp_path, **keywords).stdout == "True\n"
    assert both(*arguments, cwd=tmp_path, env=off, **keywords).stdout == "False\n"


def test_the_environment_switches_install_and_children_off_too(tmp_path):
    write(
        tmp_path,
        "install.py",
        f"""
        import multiprocessing, subprocess, sys, threading
        import weftline
        weftline.install()
        def tell():
            print(weftline.installed(), flush=True)
        if __name__ == "__main__":
            tell()
            print(type(threading.Lock()).__module__, flush=True)
            process = multiprocessing.get_context("spawn").Process(target=tell)
            process.start()
            process.join()
            subprocess.run([sys.executable, "-c", {TELL!r}], check=True)
        """,
    )
    off = {**os.environ, "WEFTLINE": "0"}
    shown = weftline("run", "--children", "install.py", cwd=tmp_path, env=off).stdout
    assert shown == "False\n_thread\nFalse\nFalse\n"


def test_another_value_leaves_it_on(tmp_path):
    write(tmp_path, "tell.py", TELL)
    for value in ("", "1", "off"):
        on = {**os.environ, "WEFTLINE": value}
        assert weftline("run", "tell.py", cwd=tmp_path, env=on).stdout == "True\n"
