"""Makes the children that a program starts through multiprocessing run on weftline too.

A forked child inherits weftline from its parent. A child that is spawned, or forked by the fork
server, is a new interpreter that runs code passed by `-c`. That code gets a prelude, which installs
weftline before the child imports anything of the program's. The prelude is added when the child is
started, and only while weftline is installed in the parent. A frozen program is started without
such code: there the prelude is in the first object that the child unpickles.

multiprocessing is edited when the program imports it, not before: most programs never do, and it
takes longer to import than everything here.
"""

import functools
import os
import sys

import weftline
from weftline import legacy

# The child searches for weftline in the folder where the parent has found it, after its own path.
# The parent may have it from a path that it changed, or from one that was relative to a folder that
# it has left. The child's own path stays unchanged.
#
# A program can have its children run by another interpreter (`multiprocessing.set_executable`),
# which may have no weftline that it can use. Such a child runs without.
_PRELUDE = """\
import sys
sys.path.append({folder!r})
try:
    import weftline.legacy
except ImportError:
    pass
else:
    weftline.install()
    {more}
sys.path.pop()
"""

_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def _prelude():
    more = "weftline.legacy.provide()" if legacy.provided() else ""
    return _PRELUDE.format(folder=_FOLDER, more=more)


def _is_frozen():
    """Whether this program is its own interpreter, whose command lines contain no code for a
    prelude.

    It recognises the command of its fork server by the text, and on any other command runs the
    whole program again. PyInstaller and cx_Freeze set `sys.frozen`; Nuitka sets a name in each
    module that it compiles.
    """
    main = vars(sys.modules["__main__"])
    return getattr(sys, "frozen", False) or "__compiled__" in main


def _around_spawn(get_command_line):
    """Replaces `multiprocessing.spawn.get_command_line`, which creates the command line of each
    spawned child.
    """

    @functools.wraps(get_command_line)
    def with_prelude(**keywords):
        return _with_prelude(get_command_line(**keywords))

    return with_prelude


def _around_preparation(get_preparation_data):
    """Replaces `multiprocessing.spawn.get_preparation_data`, whose result a child unpickles first.

    It carries the prelude to the child of a frozen program, whether that is spawned or forked by
    the fork server.
    """

    @functools.wraps(get_preparation_data)
    def with_prelude(name):
        data = get_preparation_data(name)
        if weftline.installed() and _is_frozen():
            data["weftline"] = _Unpickled(_prelude())
        return data

    return with_prelude


class _Unpickled:
    """Code that runs when this is unpickled; the unpickled object is None."""

    def __init__(self, code):
        self._code = code

    def __reduce__(self):
        return exec, (self._code, {})


def _around_util(spawnv_passfds):
    """Replaces `multiprocessing.util.spawnv_passfds`, which gets the command line of the fork
    server.
    """

    @functools.wraps(spawnv_passfds)
    def with_prelude(path, args, passfds):
        if any("multiprocessing.forkserver" in str(argument) for argument in args):
            args = _with_prelude(args)
        return spawnv_passfds(path, args, passfds)

    return with_prelude


STARTERS = {
    "multiprocessing.spawn": {
        "get_command_line": _around_spawn,
        "get_preparation_data": _around_preparation,
    },
    "multiprocessing.util": {"spawnv_passfds": _around_util},
}
"""For each module of multiprocessing that starts interpreters: its functions, and the wrapper of
each.
"""


def _with_prelude(command):
    """Returns `command` with the prelude before the code after `-c`; unchanged without `-c`."""
    command = list(command)
    if weftline.installed() and not _is_frozen() and "-c" in command:
        code = command.index("-c") + 1
        command[code] = _prelude() + command[code]
    return command
