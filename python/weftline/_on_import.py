"""Changes to a module that are made when a program imports it, and not before: most programs never do, and importing takes time."""

import sys
from importlib.machinery import PathFinder

# For each module, by name, what is to be done with it once it has been executed.
_edits: dict = {}


class _Finder:
    """Finds the modules to edit where everybody else would, and edits each once it has been executed."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        edits = _edits.get(name)
        spec = edits and PathFinder.find_spec(name, path, target)
        if spec and spec.loader:
            execute = spec.loader.exec_module

            def exec_module(module):
                execute(module)
                for edit in edits:
                    edit(module)

            spec.loader.exec_module = exec_module
        return spec


def when_imported(name, edit):
    """Calls `edit(module)` each time the module of that name is executed from now on, and now if it has been already."""
    _edits.setdefault(name, []).append(edit)
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    if name in sys.modules:
        edit(sys.modules[name])


def again(name):
    """Edits the module once more, for those edits that needed something which was only just being imported."""
    for edit in _edits.get(name, ()):
        edit(sys.modules[name])
