"""The modules of Python 2 that only changed their names, for `weftline run --legacy`: `thread`,
`Queue` and `SocketServer`.

Each is today's module itself under its old name, so the names that a program takes from it are
weftline's. An exception that one part of the program raises as `Queue.Empty` is caught by another
as `queue.Empty`. `dummy_thread` is not among them: it replaced `thread` in interpreters without
threads, and there are none now.
"""

import sys

NAMES = {"thread": "_thread", "Queue": "queue", "SocketServer": "socketserver"}


def provide():
    """Makes the old names importable in this process. A module of the program with such a name
    comes first.
    """
    if not provided():
        sys.meta_path.append(_Finder())


def provided():
    """Whether this process can import the old names."""
    return any(isinstance(finder, _Finder) for finder in sys.meta_path)


class _Finder:
    """Finds an old name after all other finders have failed."""

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
        # A new module: the import system writes its attributes into the module that this returns,
        # and today's module has its own.
        return None

    @staticmethod
    def exec_module(module):
        # After this call the import system reads the module from `sys.modules`.
        import importlib

        sys.modules[module.__name__] = importlib.import_module(NAMES[module.__name__])
