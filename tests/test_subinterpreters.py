"""In a sub-interpreter, of either kind, the import of weftline fails, and nothing else changes."""

import sys

import pytest
from support.programs import run
from support.target import ours_only

pytest.importorskip(
    "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
)

PROGRAM = """
import os, sys
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
import weftline
if sys.argv[2] == "installed":
    weftline.install()
read, write = os.pipe()
source = f'''
import os, queue, threading
def tell(text):
    os.write({write}, (text + "\\\\n").encode())
for name in ("weftline", "weftline.threading", "weftline.queue", "weftline.concurrent.futures"):
    try:
        __import__(name)
        tell("imported")
    except ImportError as refused:
        tell("subinterpreters" if "subinterpreters" in str(refused) else str(refused))
try:
    queue.Queue().get_nowait()
except queue.Empty:
    tell(type(threading.Lock()).__module__)
'''
if sys.argv[1] == "own lock":
    sub = interpreters.create()
elif sys.version_info >= (3, 13):
    sub = interpreters.create("legacy")
else:
    sub = interpreters.create(isolated=False)
failed = interpreters.run_string(sub, source)
assert failed is None, failed
interpreters.destroy(sub)
os.close(write)
with open(read) as told:
    print(told.read(), end="")
try:
    queue.Queue().get_nowait()
except queue.Empty:
    print("main")
"""


@ours_only
@pytest.mark.parametrize("kind", ["own lock", "shared lock"])
@pytest.mark.parametrize("state", ["installed", "not installed"])
def test_it_refuses_to_be_imported_and_the_standard_library_serves(kind, state):
    printed = run(PROGRAM, kind, state)
    assert printed == "subinterpreters\n" * 4 + "_thread\nmain\n"
