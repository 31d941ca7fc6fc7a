"""Children of multiprocessing run on weftline, by each start method; other programs that are
started do not.
"""

import subprocess
import sys
from pathlib import Path

import pytest
import weftline
from support.beside import installed, on_weftline
from support.children import LOOK, METHODS

by_each_method = pytest.mark.parametrize("method", METHODS)

# The two ways to be on weftline. In both, the program passes nothing about it to the children.
on_both_ways = pytest.mark.parametrize(
    "start", [on_weftline, installed], ids=["weftline run", "install()"]
)


@by_each_method
@on_both_ways
def test_children_and_grandchildren_run_on_weftline(tmp_path, start, method):
    output = start(
        tmp_path,
        LOOK
        + """
def child(depth, results):
    results.put((depth, look(), Queue is queue.Queue, Lock is threading.Lock))
    if depth:
        below = multiprocessing.get_context(sys.argv[1]).Process(target=child, args=(depth - 1, results))
        below.start()
        below.join()

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    results = context.SimpleQueue()
    process = context.Process(target=child, args=(2, results))
    process.start()
    for _ in range(3):
        print(*results.get())
    process.join()
    print(process.exitcode)
""",
        method,
    )
    assert output.splitlines() == [
        *(f"{depth} weftline True True" for depth in (2, 1, 0)),
        "0",
    ]


@pytest.mark.parametrize("below", METHODS)
@by_each_method
def test_methods_can_be_mixed(tmp_path, method, below):
    output = on_weftline(
        tmp_path,
        LOOK
        + """
def grandchild(results):
    results.send(look())

def child(results):
    process = multiprocessing.get_context(sys.argv[2]).Process(target=grandchild, args=(results,))
    process.start()
    process.join()

if __name__ == "__main__":
    receiver, sender = multiprocessing.Pipe()
    process = multiprocessing.get_context(sys.argv[1]).Process(target=child, args=(sender,))
    process.start()
    print(receiver.recv())
    process.join()
""",
        method,
        below,
    )
    assert output == "weftline\n"


@by_each_method
@on_both_ways
def test_the_workers_of_pools_run_on_weftline(tmp_path, start, method):
    output = start(
        tmp_path,
        LOOK
        + """
if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        print(*pool.map(look, range(3)))
    with context.Pool(2) as pool:
        print(*pool.map(look, range(3)))
""",
        method,
    )
    assert output == "weftline weftline weftline\n" * 2


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
@on_both_ways
def test_children_started_after_uninstall_are_plain(tmp_path, start, method):
    output = start(
        tmp_path,
        LOOK
        + """
import weftline

def child(results):
    results.put(look())

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    import multiprocessing.spawn, multiprocessing.util
    weftline.uninstall()
    for function in (multiprocessing.spawn.get_command_line, multiprocessing.util.spawnv_passfds):
        print(function.__code__.co_filename.endswith(f"{function.__module__.rpartition('.')[2]}.py"))
    results = context.SimpleQueue()
    process = context.Process(target=child, args=(results,))
    process.start()
    print(look(), results.get())
    process.join()
""",
        method,
    )
    assert output == "True\nTrue\nplain plain\n"


@by_each_method
def test_workers_can_run_without_weftline(tmp_path, method):
    output = on_weftline(
        tmp_path,
        LOOK
        + """
import weftline
if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    with ProcessPoolExecutor(1, mp_context=context, initializer=weftline.uninstall) as pool:
        print(pool.submit(look).result(), look())
""",
        method,
    )
    assert output == "plain weftline\n"


@on_both_ways
def test_another_program_that_is_started_runs_as_it_is_started(tmp_path, start):
    (tmp_path / "other.py").write_text(LOOK + "print(look())\n", encoding="utf-8")
    output = start(
        tmp_path,
        """
        import os, subprocess, sys
        if __name__ == "__main__":
            for launcher in ([], ["-m", "weftline", "run"]):
                subprocess.run([sys.executable, *launcher, "other.py"], check=True)
            child = os.posix_spawn(sys.executable, [sys.executable, "other.py"], os.environ)
            os.waitpid(child, 0)
        """,
    )
    assert output == "plain\nweftline\nplain\n"


CHILD = (
    LOOK
    + """
def child(results):
    results.put((look(), [path for path in sys.path if "link" in path]))

def ask():
    context = multiprocessing.get_context(sys.argv[1])
    results = context.SimpleQueue()
    process = context.Process(target=child, args=(results,))
    process.start()
    print(*results.get())
    process.join()
"""
)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_children_find_weftline_where_the_parent_has_found_it(tmp_path, method):
    """Here weftline lies in a folder that no other interpreter knows, under a name relative to a
    folder that the parent has left.
    """
    package = Path(weftline.__file__).parent
    (tmp_path / "link").symlink_to(package.parent, target_is_directory=True)
    (tmp_path / "elsewhere").mkdir()
    program = tmp_path / "program.py"
    program.write_text(
        CHILD
        + """
if __name__ == "__main__":
    sys.path.append("link")
    import weftline
    weftline.install()
    sys.path.remove("link")
    os.chdir("elsewhere")
    ask()
""",
        encoding="utf-8",
    )
    # Without the path to installed packages; the children start likewise.
    done = subprocess.run(
        [sys.executable, "-S", "-E", program, method],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("weftline []\n", "")


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_child_whose_interpreter_has_no_weftline_runs_without(tmp_path, method):
    """`multiprocessing.set_executable` may choose such an interpreter."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys; sys.modules['weftline'] = None\n"
    )
    other = tmp_path / "other python"
    other.write_text(
        f'#!/bin/sh\nPYTHONPATH="{tmp_path}" exec "{sys.executable}" "$@"\n'
    )
    other.chmod(0o755)
    output = on_weftline(
        tmp_path,
        CHILD
        + """
if __name__ == "__main__":
    multiprocessing.set_executable(sys.argv[2])
    ask()
""",
        method,
        other,
    )
    assert output == "plain []\n"
