"""Runs an interpreter on weftline from its start: `weftline run --children` has this folder on the
path of what a program starts.

The folder leaves `sys.path` at once, and a `sitecustomize` of the user's is imported as it would
have been. An interpreter that cannot import weftline, of another version, say, runs without; so
this file is one that old ones can read, too.
"""

import os
import sys


def _install():
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != folder]
    if sys.version_info < (3, 11):  # noqa: UP036 - as the text above says
        return
    # Where the parent has found it, after all places of this interpreter's own.
    sys.path.append(os.path.dirname(os.path.dirname(folder)))
    try:
        from weftline import install
    except ImportError:
        return
    finally:
        sys.path.pop()
    install()
    if os.environ.get("WEFTLINE_LEGACY"):
        from weftline import legacy

        legacy.provide()


_install()
sys.modules.pop("sitecustomize", None)
# Fails, where there is none, as the import of this one would have failed without us.
import sitecustomize  # type: ignore[import-not-found]  # noqa: F401
