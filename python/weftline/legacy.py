"""The modules of Python 2 that only changed their names, for `weftline run --legacy`: `thread`,
`Queue` and `SocketServer`.

Each is today's module itself under its old name, so what a program takes from it runs on weftline,
and an exception that one part of the program raises as `Queue.Empty` another catches as
`queue.Empty`. `dummy_thread` is not among them: it stood in for `thread` where an interpreter had
no threads, and none is without them now.
"""

import sys

NAMES = {"thread": "_thread", "Queue": "queue", "SocketServer": "socketserver"}


def provide():
    """Lets this process import the old names. A module of the program's own that is called so goes
    before.
    """
    if not provided():
        sys.meta_path.append(_Finder())


def provided():
    """Whether this process can import the old names."""
    return any(isinstance(finder, _Finder) for finder in sys.meta_path)


class _Finder:
    """Finds an old name when everybody else has failed to."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in NAMES:
            from importlib.machinery import ModuleSpec

            return ModuleSpec(name, _Alias, origin=f"today's {NAMES[name]}")
        return None


class _Alias:
    """Loads an old name by putting today's module into its place."""

    @staticmethod
    def create_module(spec):
        # A fresh module: the import system writes its attributes into what it gets here, and
        # today's module has its own.
        return None

    @staticmethod
    def exec_module(module):
        # After this call the import system takes what stands in `sys.modules`.
        import importlib

        sys.modules[module.__name__] = importlib.import_module(NAMES[module.__name__])
