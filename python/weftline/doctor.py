"""`weftline doctor`: what works on this machine and with this interpreter, for a bug's report."""

import os
import sys
import sysconfig


def main(arguments):
    """Prints it. Returns the exit status."""
    from weftline._weftline import _console

    if len(arguments) == 1:
        for line in _interpreter():
            print(line)
        sys.stdout.flush()
    return _console(arguments)


def _interpreter():
    lock = "without" if sysconfig.get_config_var("Py_GIL_DISABLED") else "with"
    yield f"CPython {sys.version.split()[0]} {lock} an interpreter lock, {sys.platform}: {sys.executable}"
    for name in sorted(os.environ):
        if name == "WEFTLINE" or name.startswith("WEFTLINE_"):
            yield f"environment: {name}={os.environ[name]}"
    for library in ("gevent", "eventlet"):
        if library in sys.modules:
            yield f"imported already: {library}"
