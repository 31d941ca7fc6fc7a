"""Runs a program on weftline as `python script.py`, `python -m module`, `python directory` or
`python -` would.

The program gets a `__main__` module, `sys.argv` and `sys.path` as if the interpreter had started
it. The interpreter's own functions run it (`launch/` of the extension). No frame of weftline is on
its stack, and its end (exit status, SystemExit, interruption) is the interpreter's. So no function
here returns, unless a prompt follows the program (`python -i`).

Every program pays for the imports of this module, so it imports only modules that the interpreter
itself has imported.
"""

import os
import sys

from weftline import _weftline
from weftline.install import install


def script(path, arguments):
    """Runs the file `path`, the directory or archive `path` with a `__main__.py`, or for `-` the
    program on standard input.
    """
    sys.argv[:] = [path, *arguments]
    if path == "-":
        _import_line_editor()
        _put_first_on_path("")
        _become_main()
        _greet()
        return _weftline._run_standard_input()
    absolute = os.path.join(os.getcwd(), path)
    if _weftline._can_be_imported_from(absolute):
        _put_first_on_path(absolute, even_if_unsafe=True)
        _become_main()
        return _weftline._run_module("__main__", False)
    _put_first_on_path(os.path.dirname(os.path.realpath(absolute)))
    sys.audit("cpython.run_file", absolute)
    _become_main()
    try:
        return _weftline._run_file(absolute)
    except IsADirectoryError:
        print(
            f"{sys.orig_argv[0]}: {absolute!r} is a directory, cannot continue",
            file=sys.stderr,
        )
        return 1
    except OSError as error:
        print(
            f"{sys.orig_argv[0]}: can't open file {absolute!r}: [Errno {error.errno}] {os.strerror(error.errno)}",
            file=sys.stderr,
        )
        return 2


def module(name, arguments):
    """Runs the module or package `name`."""
    # While the packages that contain the module are imported, `sys.argv[0]` is "-m", as in the
    # interpreter.
    sys.argv[:] = ["-m", *arguments]
    _put_first_on_path(os.getcwd())
    sys.audit("cpython.run_module", name)
    _become_main()
    return _weftline._run_module(name, True)


def watch():
    """Has the waits of the program measured, and those of its children that run on weftline."""
    os.environ["WEFTLINE_WATCH"] = "1"


def _put_first_on_path(folder, even_if_unsafe=False):
    """Replaces the first entry of `sys.path`, which the interpreter chose for weftline's own
    command, by `folder`.

    With `python -P` the interpreter chose none, and a script's folder must not be searched. A
    directory or an archive must be, since it is the program itself.
    """
    if not sys.flags.safe_path:
        sys.path[0] = folder
    elif even_if_unsafe:
        sys.path.insert(0, folder)


def _become_main():
    """Installs weftline, and replaces weftline's own `__main__` by a new one.

    The interpreter continues to use the old one if a prompt follows the program, so that is kept.
    """
    install()
    main = type(sys)("__main__")
    main.__loader__ = sys.__loader__
    # The order and the values of the interpreter's own `__main__`. From 3.14 on annotations are
    # created on first use.
    if sys.version_info < (3, 14):
        vars(main).update(__annotations__={})
    vars(main).update(__builtins__=sys.modules["builtins"])
    _old_mains.append(sys.modules["__main__"])
    sys.modules["__main__"] = main


_old_mains: list = []


def _import_line_editor():
    """Imports the modules that the interpreter imports for its prompt, before the program's folder
    is on the path.
    """
    if os.isatty(0) and not sys.flags.isolated:
        try:
            import readline  # noqa: F401
            import rlcompleter  # noqa: F401
        except ImportError:
            pass


def _greet():
    """Prints the interpreter's greeting before its first prompt."""
    if sys.flags.quiet or not (sys.flags.verbose or os.isatty(0)):
        return
    print(f"Python {sys.version} on {sys.platform}", file=sys.stderr)
    if not sys.flags.no_site:
        print(
            'Type "help", "copyright", "credits" or "license" for more information.',
            file=sys.stderr,
        )
