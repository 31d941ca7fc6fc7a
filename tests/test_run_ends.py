"""However a program ends under `weftline run`, it ends as under `python`: the same status, the same
last output, and never a crash.

Each runs with the interpreter's debugging allocator, which shows a use of memory after its free.
"""

import os
import signal
import sys

import pytest
from support.launched import WAYS, both, both_ways, weftline, write, write_all

_D = "class D:\n    def __init__(self, name): self.name = name\n    def __del__(self): print(self.name)\n"
ENDS = {
    "a syntax error": ("x = (", 1),
    "an error in the module": ("1 / 0", 1),
    "an error below": ("def f():\n    raise KeyError('key')\nf()", 1),
    "an exception without a traceback": (
        "class E(Exception): pass\nE.__module__ = 'builtins'\nraise E('bare').with_traceback(None)",
        1,
    ),
    "a syntax error from below": ("exec('x = (')", 1),
    "an exception group": (
        "raise ExceptionGroup('several', [ValueError(1), KeyError('two')])",
        1,
    ),
    "a chain": (
        "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('wrong') from e",
        1,
    ),
    "an exception that is shown badly": (
        "class E(Exception):\n    def __str__(self): raise ValueError('no')\nraise E",
        1,
    ),
    "sys.exit()": ("import sys; sys.exit()", 0),
    "sys.exit(None)": ("import sys; sys.exit(None)", 0),
    "sys.exit(7)": ("import sys; sys.exit(7)", 7),
    "sys.exit(-1)": ("import sys; sys.exit(-1)", 255),
    "sys.exit(2**31)": ("import sys; sys.exit(2**31)", 0),
    "sys.exit(2**70)": ("import sys; sys.exit(2**70)", 255),
    "sys.exit(-2**70) with a thread left over": (
        "import sys, threading, time; threading.Thread(target=lambda: (time.sleep(0.05), print('late'))).start(); sys.exit(-2**70)",
        255,
    ),
    "sys.exit(2**70) with a pool": (
        "import sys; from concurrent.futures import thread; thread.ThreadPoolExecutor(1).submit(print, 1).result(); sys.exit(2**70)",
        255,
    ),
    "sys.exit(True)": ("import sys; sys.exit(True)", 1),
    "sys.exit with a text": ("import sys; sys.exit('the last word')", 1),
    "sys.exit with an object": ("import sys; sys.exit([1, 2])", 1),
    "SystemExit without arguments": ("raise SystemExit", 0),
    "SystemExit in a group": ("raise BaseExceptionGroup('g', [SystemExit(3)])", 1),
    "KeyboardInterrupt": ("raise KeyboardInterrupt", -signal.SIGINT),
    "a class of KeyboardInterrupt's": (
        "class Mine(KeyboardInterrupt): pass\nraise Mine",
        -signal.SIGINT if sys.version_info >= (3, 14) else 1,
    ),
    "os._exit": ("import os; os._exit(5)", 5),
    "a signal": (
        "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
        -signal.SIGTERM,
    ),
    "an interrupt by signal": (
        "import os, signal; signal.signal(signal.SIGINT, signal.default_int_handler); os.kill(os.getpid(), signal.SIGINT); import time; time.sleep(60)",
        -signal.SIGINT,
    ),
    "a hook of the program's": (
        "import sys\nsys.excepthook = lambda *a: print(a[0], a[1], a[2] is not None)\n1 / 0",
        1,
    ),
    "a hook that fails": (
        "import sys\ndef hook(*_): raise ValueError('in the hook')\nsys.excepthook = hook\n1 / 0",
        1,
    ),
    "a hook that exits": (
        "import sys\nsys.excepthook = lambda *_: sys.exit(9)\n1 / 0",
        9,
    ),
    "no hook": ("import sys\ndel sys.excepthook\n1 / 0", 1),
    "an interrupt with a hook": (
        "import sys\nsys.excepthook = lambda *a: print(a[0])\nraise KeyboardInterrupt",
        -signal.SIGINT,
    ),
    "another __main__": (
        "import sys, types\nold = sys.modules['__main__']\nsys.modules['__main__'] = types.ModuleType('__main__')\nprint(old.__name__)",
        0,
    ),
    "another __main__, and an error": (
        "import sys, types\nkept = sys.modules['__main__']\nimport builtins; builtins.kept = kept\nsys.modules['__main__'] = types.ModuleType('__main__')\n1 / 0",
        1,
    ),
    "no __main__": (
        "import sys, builtins\nbuiltins.kept = sys.modules.pop('__main__')\n1 / 0",
        1,
    ),
    "an empty __main__": ("import sys\nglobals().clear()", 0),
    "an error in a destructor of __main__'s": (
        "class D:\n    def __del__(self): print('gone'); 1 / 0\nd = D()",
        0,
    ),
    "an error in a destructor, and an error": (
        "class D:\n    def __del__(self): print('gone')\nd = D()\n1 / 0",
        1,
    ),
    "a destructor": (
        f"{_D}a = D('a')\nimport sys\nsys.exit(3)",
        3,
    ),
    # Not beside the other one: which comes first is a matter of addresses without the interpreter
    # lock.
    "a destructor in a cycle": (
        f"{_D}b = D('b')\nb.me = b\nimport sys\nsys.exit(3)",
        3,
    ),
    "handlers at exit": (
        "import atexit, sys\natexit.register(lambda: print(sys.argv, '__file__' in globals()))\natexit.register(lambda: 1 / 0)",
        0,
    ),
    "an exit in a handler at exit": (
        "import atexit, sys\natexit.register(sys.exit, 4)",
        0,
    ),
    "a thread left over": (
        "import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.05), print('late'))).start()\n1 / 0",
        1,
    ),
    "a failing flush": (
        "import sys\nclass Out:\n    def write(self, text): pass\n    def flush(self): raise OSError('flush')\nsys.stdout = Out()",
        120,
    ),
    "a child of fork": (
        "import os, sys\nif os.fork() == 0:\n    sys.exit(8)\nprint(os.waitstatus_to_exitcode(os.wait()[1]))",
        0,
    ),
    "a child of fork that falls off the end": (
        "import os\nif child := os.fork():\n    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))",
        0,
    ),
    "out of memory": ("raise MemoryError", 1),
    "too deep": ("def f(): f()\nf()", 1),
    "a null byte": ("x = '\0'", 1),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("way", ["script", "module", "standard input"])
def test_a_program_ends_alike(tmp_path, way, end):
    source, code = ENDS[end]
    both_ways(tmp_path, source + "\n", way, code=code, env=_DEBUG)


@pytest.mark.parametrize(
    "end",
    [
        "a syntax error",
        "an exception without a traceback",
        "sys.exit(7)",
        "KeyboardInterrupt",
    ],
)
@pytest.mark.parametrize("way", ["directory", "archive"])
def test_a_directory_and_an_archive_end_alike(tmp_path, way, end):
    source, code = ENDS[end]
    both_ways(tmp_path, source + "\n", way, code=code, env=_DEBUG)


@pytest.mark.parametrize("way", WAYS[:-1])
def test_a_program_that_is_asked_to_stay_shows_a_prompt_after_it(tmp_path, way):
    arguments = write_all(tmp_path, "import sys\nkept = 3\nsys.exit(7)\n")[way]
    ask = "print(kept, __name__)\n"
    both(*arguments, flags=["-i"], cwd=tmp_path, input=ask)


def test_a_program_that_asks_to_stay_shows_a_prompt_after_it(tmp_path):
    write(
        tmp_path, "stay.py", "import os\nkept = 3\nos.environ['PYTHONINSPECT'] = 'x'\n"
    )
    both("stay.py", cwd=tmp_path, input="print(kept)\n")


def test_an_exception_whose_traceback_is_taken_off_in_a_pool_is_shown(tmp_path):
    """Many tasks raise one exception in parallel, each without its traceback."""
    write(
        tmp_path,
        "pool.py",
        """
        import concurrent.futures as cf
        rows = [{n: n} for n in range(200)]
        del rows
        only = ValueError("raised by every task")
        def task(n):
            raise only.with_traceback(None)
        with cf.ThreadPoolExecutor(4) as pool:
            print(sum(f.result() for f in [pool.submit(task, n) for n in range(2000)]))
        """,
    )
    shown = weftline("run", "pool.py", cwd=tmp_path, code=1, env=_DEBUG).stderr
    assert shown.endswith("ValueError: raised by every task\n")


_DEBUG = {**os.environ, "PYTHONMALLOC": "debug"}
