"""Edits of a module, applied when a program imports it and not before: most programs never do, and
importing takes time.
"""

import sys

# For each module, by name, the edits to apply once it has been executed.
_edits: dict = {}

# For each of them, the context in which it is executed.
_around: dict = {}


class _Nothing:
    def __enter__(self):
        pass

    def __exit__(self, *_):
        pass


_NOTHING = _Nothing()


class _Finder:
    """Finds the modules to edit through the other finders, and edits each once it has been
    executed.
    """

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in _edits:
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if find is None or isinstance(finder, _Finder):
                continue
            spec = find(name, path, target)
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec.loader)
                return spec
        return None


class _Loader:
    """Replaces a module's loader until the module is executed."""

    def __init__(self, loader):
        self._loader = loader

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def exec_module(self, module):
        spec = module.__spec__
        spec.loader = module.__loader__ = self._loader
        with _around[spec.name]:
            self._loader.exec_module(module)
        for edit in _edits[spec.name]:
            edit(module)


def when_imported(name, edit, around=_NOTHING):
    """Calls `edit(module)` each time the module of that name has been executed, from now on, and
    immediately if it has been already. The module is executed within the context `around`.
    """
    _around[name] = around
    _edits.setdefault(name, []).append(edit)
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    if name in sys.modules:
        edit(sys.modules[name])


def again(name):
    """Edits the module once more, for edits that needed a module whose import had not ended."""
    for edit in _edits.get(name, ()):
        edit(sys.modules[name])
