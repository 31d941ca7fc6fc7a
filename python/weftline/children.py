"""Lets the children that a program starts through multiprocessing run on weftline too.

A forked child has it from its parent. One that is spawned, or forked by the fork server, is a new interpreter that runs a
line of code given by `-c`; that line gets a prelude which installs weftline first. multiprocessing is edited when the
program imports it, not before: most programs never do, and it takes longer to import than everything here.
"""

import functools

from weftline import legacy
from weftline._on_import import when_imported
from weftline.install import install

_follows = False

_PRELUDE = "import weftline.children; weftline.children.follow(); "
_LEGACY_PRELUDE = "import weftline.legacy; weftline.legacy.provide(); "


def follow():
    """Installs weftline in this process and in those that it starts through multiprocessing."""
    global _follows
    install()
    if not _follows:
        _follows = True
        when_imported("multiprocessing.spawn", _edit_spawn)
        when_imported("multiprocessing.util", _edit_util)


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
