"""Runs a program on weftline as `python script.py`, `python -m module`, `python directory` or
`python -` would.

The program gets a `__main__` module, `sys.argv` and `sys.path` that look as if the interpreter had
started it. The interpreter's own functions run it (`launch/` of the extension): no frame of ours is
on its stack, and its end (exit status, SystemExit, interruption) is the interpreter's. So none of
the functions here returns, unless a prompt follows the program (`python -i`).

What is imported here, every program pays for: no more than the interpreter itself has imported.
"""

import os
import sys

from weftline import _weftline
from weftline.install import install


def script(path, arguments):
    """Runs the file `path`, the directory or archive `path` with a `__main__.py`, or for `-` what
    stands on standard input.
    """
    sys.argv[:] = [path, *arguments]
    if path == "-":
        _import_line_editor()
        _look_first_in("")
        _become_main()
        _greet()
        return _weftline._run_standard_input()
    absolute = os.path.join(os.getcwd(), path)
    if _weftline._can_be_imported_from(absolute):
        _look_first_in(absolute, even_if_unsafe=True)
        _become_main()
        return _weftline._run_module("__main__", False)
    _look_first_in(os.path.dirname(os.path.realpath(absolute)))
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
    # While the packages that contain the module are imported, `sys.argv[0]` is "-m", as the
    # interpreter has it.
    sys.argv[:] = ["-m", *arguments]
    _look_first_in(os.getcwd())
    sys.audit("cpython.run_module", name)
    _become_main()
    return _weftline._run_module(name, True)


def _look_first_in(folder, even_if_unsafe=False):
    """Puts `folder` in the place of the first entry of `sys.path`, which the interpreter chose for
    our own command.

    With `python -P` it chose none, and a script's folder must not be looked at; only a directory or
    an archive must, since it is itself what was asked to run.
    """
    if not sys.flags.safe_path:
        sys.path[0] = folder
    elif even_if_unsafe:
        sys.path.insert(0, folder)


def _become_main():
    """Installs weftline, and puts a new `__main__` in the place of our command's.

    The interpreter goes on using the old one if the program is followed by a prompt, so that stays.
    """
    install()
    main = type(sys)("__main__")
    main.__loader__ = sys.__loader__
    # The order and the values that the interpreter's own `__main__` has. From 3.14 on annotations
    # are made when they are asked for.
    if sys.version_info < (3, 14):
        vars(main).update(__annotations__={})
    vars(main).update(__builtins__=sys.modules["builtins"])
    _old_mains.append(sys.modules["__main__"])
    sys.modules["__main__"] = main


_old_mains: list = []


def _import_line_editor():
    """Imports what the interpreter imports for its prompt, before the program's folder is on the
    path.
    """
    if os.isatty(0) and not sys.flags.isolated:
        try:
            import readline  # noqa: F401
            import rlcompleter  # noqa: F401
        except ImportError:
            pass


def _greet():
    """Says what the interpreter says before its first prompt."""
    if sys.flags.quiet or not (sys.flags.verbose or os.isatty(0)):
        return
    print(f"Python {sys.version} on {sys.platform}", file=sys.stderr)
    if not sys.flags.no_site:
        print(
            'Type "help", "copyright", "credits" or "license" for more information.',
            file=sys.stderr,
        )
