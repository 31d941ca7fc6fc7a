"""`weftline run` runs a program as `python` would, with weftline installed; `python -m weftline` is
the same command.
"""

import os
import signal
import subprocess
import sys
import zipfile

import pytest
from support.launched import both, python, weftline, write

# Everything that a program can see of its start, without the addresses of objects.
LOOK = """
import sys
print(sys.argv, repr(sys.path[0]), __name__, sys.modules["__main__"].__dict__ is globals())
for name, value in list(globals().items()):
    if name not in ("sys", "name", "value"):
        print(name, type(value).__name__, repr(value).partition(" object at ")[0])
"""


@pytest.mark.parametrize(
    "path", ["look.py", "./look.py", "below/../look.py", "below/link.py"]
)
def test_a_script_sees_what_it_would_see_under_python(tmp_path, path):
    script = write(tmp_path, "look.py", LOOK)
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "link.py").symlink_to(script)
    both(path, "--option", "a b", cwd=tmp_path)


def test_a_script_elsewhere_imports_what_lies_beside_it(tmp_path):
    write(tmp_path, "below/neighbour.py", "print('beside')")
    write(tmp_path, "below/script.py", "import neighbour")
    assert both("below/script.py", cwd=tmp_path).stdout == "beside\n"


def test_a_module_sees_what_it_would_see_under_python(tmp_path):
    write(tmp_path, "package/__init__.py", "import sys; print(sys.argv)")
    write(tmp_path, "package/module.py", LOOK)
    both("-m", "package.module", "one", "two", cwd=tmp_path)


def test_a_package_runs_its_main_module(tmp_path):
    write(tmp_path, "package/__init__.py", "")
    write(tmp_path, "package/__main__.py", LOOK)
    both("-m", "package", cwd=tmp_path)


def test_a_directory_with_a_main_module_runs(tmp_path):
    write(tmp_path, "program/__main__.py", LOOK + "import neighbour")
    write(tmp_path, "program/neighbour.py", "print('beside')")
    both("program", "argument", cwd=tmp_path)


def test_an_archive_with_a_main_module_runs(tmp_path):
    with zipfile.ZipFile(tmp_path / "program.pyz", "w") as archive:
        archive.writestr("__main__.py", LOOK)
    both("program.pyz", "argument", cwd=tmp_path)


def test_a_program_on_standard_input_runs(tmp_path):
    both("-", "argument", cwd=tmp_path, input=LOOK)


def test_a_compiled_file_runs(tmp_path):
    source = write(tmp_path, "look.py", LOOK)
    compiled = tmp_path / "look.pyc"
    program = f"import py_compile; py_compile.compile({str(source)!r}, {str(compiled)!r}, doraise=True)"
    python("-c", program, cwd=tmp_path)
    both("look.pyc", cwd=tmp_path)


def test_a_declared_encoding_is_honoured(tmp_path):
    (tmp_path / "latin.py").write_bytes(
        "# coding: latin-1\nprint(ascii('é'))".encode("latin-1")
    )
    assert both("latin.py", cwd=tmp_path).stdout == "'\\xe9'\n"


def test_the_safe_path_is_respected(tmp_path):
    write(tmp_path, "look.py", "import sys; print(sys.path)")
    write(tmp_path, "program/__main__.py", "import sys; print(sys.path)")
    both("look.py", cwd=tmp_path, flags=["-P"])
    both("program", cwd=tmp_path, flags=["-P"])


def test_the_interpreters_options_reach_the_program(tmp_path):
    write(tmp_path, "flags.py", "import sys; print(sys.flags, __debug__)")
    both("flags.py", cwd=tmp_path, flags=["-O", "-B"])


@pytest.mark.parametrize(
    ("last", "code"),
    [
        ("pass", 0),
        ("sys.exit()", 0),
        ("sys.exit(7)", 7),
        ("sys.exit('with a message')", 1),
        ("raise SystemExit(3)", 3),
        ("1 / 0", 1),
        ("raise KeyboardInterrupt", -signal.SIGINT),
        ("thread.join(); os._exit(9)", 9),
        ("thread.join(); os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
    ],
)
def test_it_ends_as_it_would_under_python(tmp_path, last, code):
    write(
        tmp_path,
        "end.py",
        f"""
        import atexit, os, signal, sys, threading
        atexit.register(print, "at exit", flush=True)
        thread = threading.Thread(target=print, args=("in a thread",), kwargs=dict(flush=True))
        thread.start()
        {last}
        """,
    )
    both("end.py", cwd=tmp_path, code=code)


def test_an_exception_is_shown_without_our_frames(tmp_path):
    write(
        tmp_path,
        "fail.py",
        """
        def outer():
            try:
                inner()
            except ZeroDivisionError as error:
                raise ValueError("wrong") from error
        def inner():
            1 / 0
        outer()
        """,
    )
    shown = both("fail.py", cwd=tmp_path, code=1).stderr
    assert shown.count("Traceback") == 2 and "weftline" not in shown.replace(
        str(tmp_path), ""
    )


@pytest.mark.parametrize(
    "source",
    ["def f(:\n", "x = '\n", "\tif 1:\n  pass\n", "return\n"],
)
def test_a_syntax_error_is_shown_as_python_shows_it(tmp_path, source):
    write(tmp_path, "wrong.py", source)
    both("wrong.py", cwd=tmp_path, code=1)


def test_the_programs_own_excepthook_is_asked(tmp_path):
    write(
        tmp_path,
        "hook.py",
        """
        import sys, traceback
        def hook(kind, value, tb):
            print(kind, value, value.__traceback__ is tb, [f.name for f in traceback.extract_tb(tb)])
        sys.excepthook = hook
        def fail():
            1 / 0
        fail()
        """,
    )
    both("hook.py", cwd=tmp_path, code=1)


def test_an_exception_in_a_module_is_shown_as_python_shows_it(tmp_path):
    write(tmp_path, "fail.py", "1 / 0")
    both("-m", "fail", cwd=tmp_path, code=1)


def test_a_file_that_cannot_be_opened_is_reported_as_python_reports_it(tmp_path):
    both("absent.py", cwd=tmp_path, code=2)


def test_a_module_that_does_not_exist_is_reported_as_python_reports_it(tmp_path):
    both("-m", "absent.module", cwd=tmp_path, code=1)


def test_a_directory_without_a_main_module_is_reported_as_python_reports_it(tmp_path):
    (tmp_path / "empty").mkdir()
    both("empty", cwd=tmp_path, code=1)


def test_an_interrupted_program_ends_by_the_signal(tmp_path):
    write(
        tmp_path,
        "wait.py",
        """
        import threading
        print("waiting", flush=True)
        threading.Event().wait()
        """,
    )
    command = [sys.executable, "-m", "weftline", "run", "wait.py"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout.readline() == "waiting\n"
            process.send_signal(signal.SIGINT)
            _, shown = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == -signal.SIGINT
    assert shown.endswith("KeyboardInterrupt\n") and "run.py" not in shown


def test_weftline_is_installed_before_the_program_starts(tmp_path):
    write(
        tmp_path,
        "names.py",
        """
        from queue import Queue
        from threading import Event
        import weftline
        print(weftline.installed(), Queue is weftline.queue.Queue, Event is weftline.threading.Event)
        """,
    )
    assert weftline("run", "names.py", cwd=tmp_path).stdout == "True True True\n"
    assert weftline("run", "-m", "names", cwd=tmp_path).stdout == "True True True\n"


def test_the_word_run_may_be_left_out(tmp_path):
    write(tmp_path, "arguments.py", "import sys; print(sys.argv[1:])")
    assert weftline("arguments.py", "-m", "x", cwd=tmp_path).stdout == "['-m', 'x']\n"
    assert weftline("-m", "arguments", "--help", cwd=tmp_path).stdout == "['--help']\n"


def test_the_command_weftline_is_installed_beside_the_interpreter(tmp_path):
    write(tmp_path, "look.py", LOOK)
    command = os.path.join(os.path.dirname(sys.executable), "weftline")
    plain = python("look.py", "argument", cwd=tmp_path).stdout
    ours = subprocess.run(
        [command, "run", "look.py", "argument"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ours.stdout == plain


def test_objects_and_functions_of_the_program_can_be_pickled_and_inspected(tmp_path):
    write(
        tmp_path,
        "own.py",
        """
        import inspect, pickle
        def double(x):
            return 2 * x
        class Point:
            x = 1
        print(pickle.loads(pickle.dumps(double))(4), type(pickle.loads(pickle.dumps(Point()))) is Point)
        print(inspect.getsource(double), inspect.getmodule(double).__name__)
        """,
    )
    both("own.py", cwd=tmp_path)


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
@pytest.mark.parametrize(
    "launch", [["children.py"], ["-m", "children"]], ids=["script", "module"]
)
def test_the_children_that_multiprocessing_starts_run_on_weftline(
    tmp_path, method, launch
):
    write(
        tmp_path,
        "children.py",
        """
        import multiprocessing, queue, sys, threading, warnings
        from queue import Queue
        warnings.simplefilter("ignore", DeprecationWarning)
        def grandchild(results):
            import weftline
            results.put(weftline.installed())
        def child(results):
            import weftline
            results.put((weftline.installed(), Queue is weftline.queue.Queue))
            context = multiprocessing.get_context(sys.argv[1])
            process = context.Process(target=grandchild, args=(results,))
            process.start()
            process.join()
        if __name__ == "__main__":
            context = multiprocessing.get_context(sys.argv[1])
            results = context.SimpleQueue()
            process = context.Process(target=child, args=(results,))
            process.start()
            print(results.get(), results.get())
            process.join()
        """,
    )
    assert (
        weftline("run", *launch, method, cwd=tmp_path).stdout == "(True, True) True\n"
    )


def test_a_pool_of_processes_works(tmp_path):
    write(
        tmp_path,
        "pool.py",
        """
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor
        def double(x):
            return 2 * x
        if __name__ == "__main__":
            with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
                print(list(pool.map(double, range(5))))
        """,
    )
    assert both("pool.py", cwd=tmp_path).stdout == "[0, 2, 4, 6, 8]\n"


def test_multiprocessing_is_not_imported_for_a_program_that_does_not(tmp_path):
    write(tmp_path, "modules.py", "import sys; print('multiprocessing' in sys.modules)")
    assert weftline("modules.py", cwd=tmp_path).stdout == "False\n"


def test_help_and_version_are_printed(tmp_path):
    for help_asked in (["--help"], ["-h"], ["run", "--help"]):
        assert weftline(*help_asked, cwd=tmp_path).stdout.startswith(
            "usage: weftline run "
        )
    version = weftline("--version", cwd=tmp_path).stdout
    assert version.startswith("weftline ") and version.endswith(
        f"(CPython {sys.version.split()[0]})\n"
    )


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        ([], "nothing to run"),
        (["run"], "nothing to run"),
        (["run", "-m"], "-m needs the name of a module"),
        (["run", "--fast", "script.py"], "unknown option --fast"),
    ],
)
def test_a_misuse_is_reported_with_the_usage(tmp_path, arguments, output):
    shown = weftline(*arguments, cwd=tmp_path, code=2).stderr
    assert shown.startswith("usage: weftline run ") and shown.endswith(
        f"\nweftline: {output}\n"
    )


def test_the_benchmark_is_a_subcommand(tmp_path):
    assert "--quick" in weftline("bench", "--help", cwd=tmp_path).stdout
