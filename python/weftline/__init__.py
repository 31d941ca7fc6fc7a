"""Python's threading stack, written in Rust: a drop-in for `threading`, `queue` and
`concurrent.futures`.

Three ways to use it:

- `weftline run script.py` runs an unchanged program on weftline;
- `weftline.install()` replaces the standard classes by weftline's, for the whole process;
- `weftline.threading`, `weftline.queue` and `weftline.concurrent.futures` export every name of the
  standard modules, for imports by name.

Beyond the standard library there is `RWLock`, many readers or one writer, and `weftline.watch`,
which shows what each thread waits for and finds deadlocks.
"""

import sys

if sys.implementation.name != "cpython" or sys.version_info < (3, 11):
    raise ImportError(
        f"weftline needs CPython 3.11 or newer; this is {sys.implementation.name} {sys.version.split()[0]}"
    )

from weftline import _names, _on_import
from weftline._weftline import DeadlockError
from weftline.install import install, installed, uninstall

__all__ = [
    "DeadlockError",
    "install",
    "installed",
    "queue",
    "threading",
    "uninstall",
    "watch",
]

# The classes that the standard library lacks.
_OWN = _names.of_module(__name__)
globals().update(_OWN)
__all__ += list(_OWN)


def __getattr__(name):
    """Imports `weftline.queue`, `weftline.threading` or `weftline.watch` on first use."""
    if name == "queue":
        import weftline.queue
    elif name == "threading":
        import weftline.threading
    elif name == "watch":
        import weftline.watch  # noqa: F401 - read from `sys.modules` below
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return sys.modules[f"{__name__}.{name}"]


def __dir__():
    return sorted({*globals(), *__all__})


def _tell_mocks(module):
    from weftline import _mocks

    _mocks.tell(module)


_on_import.when_imported("unittest.mock", _tell_mocks)
