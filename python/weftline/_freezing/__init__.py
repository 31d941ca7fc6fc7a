"""Support for tools that freeze programs: PyInstaller finds its hooks here, by an entry point.

cx_Freeze and Nuitka take no hooks from packages. They find weftline by its import statements.
"""

import os


def get_hook_dirs():
    """Returns the folders with hooks for PyInstaller."""
    return [os.path.dirname(os.path.abspath(__file__))]
