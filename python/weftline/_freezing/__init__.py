"""What tools need that freeze programs: PyInstaller asks for its hooks here, by an entry point.

cx_Freeze and Nuitka take no hooks from packages. They find weftline by its import statements.
"""

import os


def get_hook_dirs():
    """The folders with hooks for PyInstaller."""
    return [os.path.dirname(os.path.abspath(__file__))]
