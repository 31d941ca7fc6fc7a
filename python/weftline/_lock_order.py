"""The order of locks, from what the environment and the project say."""

import sys
from pathlib import Path

from weftline import _weftline


def suppress_of_project(folder=None):
    """Suppresses what the nearest `pyproject.toml` says: in that folder, by default the current
    one, or above it.

    What is wrong in it is told to standard error, and does not keep the program from running.
    """
    folder = Path.cwd() if folder is None else Path(folder)
    for place in (folder, *folder.parents):
        file = place / "pyproject.toml"
        if file.is_file():
            try:
                patterns = _patterns(file)
            except (OSError, ValueError) as wrong:
                print(f"weftline: {file}: {wrong}", file=sys.stderr)
            else:
                for pattern in patterns:
                    _weftline._suppress_inversions(pattern)
            return


def _patterns(file):
    import tomllib

    with file.open("rb") as text:
        table = tomllib.load(text).get("tool", {}).get("weftline", {})
    patterns = table.get("lock-order-suppress", [])
    if not isinstance(patterns, list) or not all(
        isinstance(it, str) for it in patterns
    ):
        raise ValueError(
            'lock-order-suppress in [tool.weftline] is no list of strings: write ["cache.py:12"]'
        )
    return patterns
