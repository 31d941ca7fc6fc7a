"""Lets the children that a program starts through multiprocessing run on weftline too.

A forked child has it from its parent. One that is spawned, or forked by the fork server, is a new interpreter that runs a
line of code given by `-c`; that line gets a prelude which installs weftline first. multiprocessing is edited when the
program imports it, not before: most programs never do, and it takes longer to import than everything here.
"""

import functools
import sys
from importlib.machinery import PathFinder

from weftline import legacy
from weftline.install import install

_PRELUDE = "import weftline.children; weftline.children.follow(); "
_LEGACY_PRELUDE = "import weftline.legacy; weftline.legacy.provide(); "


def follow():
    """Installs weftline in this process and in those that it starts through multiprocessing."""
    install()
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
        for name in _EDITS.keys() & sys.modules.keys():
            _EDITS[name](sys.modules[name])


class _Finder:
    """Finds the modules to edit where everybody else would, and edits each once it has been executed."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        edit = _EDITS.get(name)
        spec = edit and PathFinder.find_spec(name, path, target)
        if spec and spec.loader:
            execute = spec.loader.exec_module

            def exec_module(module):
                execute(module)
                edit(module)

            spec.loader.exec_module = exec_module
        return spec


def _edit_spawn(spawn):
    """Edits `multiprocessing.spawn`, which makes the command line of each spawned child."""
    original = spawn.get_command_line

    @functools.wraps(original)
    def get_command_line(**keywords):
        return _with_prelude(original(**keywords))

    spawn.get_command_line = get_command_line


def _edit_util(util):
    """Edits `multiprocessing.util`, through which the command line of the fork server passes."""
    original = util.spawnv_passfds

    @functools.wraps(original)
    def spawnv_passfds(path, args, passfds):
        if any("multiprocessing.forkserver" in str(argument) for argument in args):
            args = _with_prelude(args)
        return original(path, args, passfds)

    util.spawnv_passfds = spawnv_passfds


def _with_prelude(command):
    """`command` with the prelude before the code that follows `-c`; as it is if there is none (a frozen program)."""
    command = list(command)
    if "-c" in command:
        code = command.index("-c") + 1
        prelude = _PRELUDE + (_LEGACY_PRELUDE if legacy.provided() else "")
        command[code] = prelude + command[code]
    return command


_EDITS = {"multiprocessing.spawn": _edit_spawn, "multiprocessing.util": _edit_util}
