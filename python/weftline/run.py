"""Runs a program on weftline as `python script.py`, `python -m module`, `python directory` or `python -` would.

The program gets a `__main__` module, `sys.argv` and `sys.path` that look as if the interpreter had started it; no frame of
ours shows in its tracebacks; and how it ends (its exit status, SystemExit, an interruption) is left to the interpreter.
"""

import builtins
import io
import os
import pkgutil
import runpy
import sys
from importlib.machinery import (
    BuiltinImporter,
    SourceFileLoader,
    SourcelessFileLoader,
)
from types import ModuleType

from weftline.install import install


def script(path, arguments):
    """Runs the file `path`, the directory or archive `path` with a `__main__.py`, or for `-` what stands on standard input."""
    sys.argv[:] = [path, *arguments]
    if path == "-":
        _look_first_in("")
        return _as_main(_standard_input)
    absolute = os.path.join(os.getcwd(), path)
    if pkgutil.get_importer(absolute) is not None:
        _look_first_in(absolute, even_if_unsafe=True)
        return _as_main(runpy._run_module_as_main, "__main__", False)
    _look_first_in(os.path.dirname(os.path.realpath(absolute)))
    return _as_main(_file, absolute)


def module(name, arguments):
    """Runs the module or package `name`."""
    # While the packages that contain the module are imported, `sys.argv[0]` is "-m", as the interpreter has it.
    sys.argv[:] = ["-m", *arguments]
    _look_first_in(os.getcwd())
    return _as_main(runpy._run_module_as_main, name)


def _look_first_in(folder, even_if_unsafe=False):
    """Puts `folder` in the place of the first entry of `sys.path`, which the interpreter chose for our own command.

    With `python -P` it chose none, and a script's folder must not be looked at; only a directory or an archive must,
    since it is itself what was asked to run.
    """
    if not sys.flags.safe_path:
        sys.path[0] = folder
    elif even_if_unsafe:
        sys.path.insert(0, folder)


def _as_main(start, *arguments):
    """Calls `start`, which runs the program in a new `__main__`, with weftline installed here and so in its children."""
    install()
    sys.modules["__main__"] = _new_main()
    try:
        start(*arguments)
    except SystemExit:
        raise
    except BaseException as error:
        _hide_our_frames(error)
        raise


def _new_main():
    main = ModuleType("__main__")
    # The order and the values that the interpreter's own `__main__` has. From 3.14 on annotations are made when they are asked for.
    if sys.version_info < (3, 14):
        main.__dict__.update(__annotations__={})
    main.__dict__.update(__builtins__=builtins)
    return main


def _file(path):
    try:
        with io.open_code(path) as file:
            compiled = pkgutil.read_code(file)
            if compiled is None:
                file.seek(0)
                source = file.read()
    except OSError as error:
        print(
            f"{sys.executable}: can't open file {path!r}: [Errno {error.errno}] {error.strerror}",
            file=sys.stderr,
        )
        raise SystemExit(2) from None
    if compiled is not None:
        _execute(compiled, path, SourcelessFileLoader("__main__", path))
    else:
        program = compile(source, path, "exec", dont_inherit=True)
        _execute(program, path, SourceFileLoader("__main__", path))


def _standard_input():
    if sys.stdin.isatty():
        import code

        code.interact(local=sys.modules["__main__"].__dict__, exitmsg="")
    else:
        source = sys.stdin.buffer.read()
        program = compile(source, "<stdin>", "exec", dont_inherit=True)
        _execute(program, "<stdin>", BuiltinImporter)


def _execute(code, path, loader):
    namespace = sys.modules["__main__"].__dict__
    namespace.update(__file__=path, __loader__=loader)
    if sys.version_info < (3, 15):
        namespace["__cached__"] = None
    exec(code, namespace)  # noqa: S102 - the program that was asked for


def _hide_our_frames(error):
    """Lets the interpreter show `error` without the frames that started the program.

    Raising it adds those frames again, up to the interpreter; so they are taken off at the last moment, by the hook that
    is asked to show it. It passes on to the hook that the program has chosen.
    """
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_frame.f_globals is globals():
        traceback = traceback.tb_next
    show = sys.excepthook

    def show_without_our_frames(kind, value, _):
        sys.excepthook = show
        sys.last_traceback = traceback
        value.__traceback__ = traceback
        show(kind, value, traceback)

    sys.excepthook = show_without_our_frames
