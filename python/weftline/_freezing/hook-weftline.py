"""PyInstaller's hook: a program that imports any part of weftline includes all of it."""
# ruff: noqa: N999 - the name is PyInstaller's rule

from PyInstaller.utils.hooks import (  # type: ignore[import-untyped]
    collect_data_files,
    collect_submodules,
)

# The benchmark starts interpreters, which a frozen program lacks. It would also include its peers.
excludedimports = ["weftline.bench"]
_LEFT_OUT = ("weftline.bench", "weftline._freezing")

hiddenimports = [
    *collect_submodules("weftline", filter=lambda name: not name.startswith(_LEFT_OUT)),
    # Imported by the extension module.
    "atexit",
    "collections",
    "heapq",
    "queue",
    "runpy",
    "threading",
]

# An interpreter that the program starts imports weftline from files (`everywhere/`, `children.py`).
module_collection_mode = "pyz+py"
datas = collect_data_files("weftline", subdir="everywhere", include_py_files=True)
