"""Runs an interpreter on weftline from its start: `weftline run --children` puts this folder on the
path of the programs that a program starts.

The folder leaves `sys.path` immediately, and a `sitecustomize` of the user is imported as it would
have been. An interpreter that cannot import weftline, such as one of another version, runs without
it. So this file is readable by old versions, too.
"""

import os
import sys


def _install():
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != folder]
    if sys.version_info < (3, 11):  # noqa: UP036 - as the text above says
        return
    # The folder where the parent has found weftline, after this interpreter's own path.
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
# Raises if there is none, as the import of this module would have raised without weftline.
import sitecustomize  # type: ignore[import-not-found]  # noqa: F401
