"""A program under `weftline run` has the stack that it has under `python`: no means shows a frame
of weftline's.
"""

import pytest
from support.launched import WAYS, both_ways

# Reads the stack by every means, from a function, and prints it without the parts that differ from
# run to run.
LOOK = """
import contextlib, faulthandler, inspect, io, logging, re, sys, tempfile, threading, traceback

def chain(frame):
    names = []
    while frame is not None:
        names.append((frame.f_code.co_filename, frame.f_code.co_name, frame.f_lineno))
        frame = frame.f_back
    return names

def dumped():
    with tempfile.TemporaryFile("w+") as file:
        faulthandler.dump_traceback(file, all_threads=True)
        file.seek(0)
        return re.sub("0x[0-9a-f]+", "", file.read())

def look():
    told = io.StringIO()
    logger = logging.Logger("look")
    logger.addHandler(logging.StreamHandler(told))
    logger.warning("logged", stack_info=True)
    traceback.print_stack(file=told)
    print(told.getvalue())
    print([(f.filename, f.function, f.lineno) for f in inspect.stack()])
    print([(f.filename, f.name, f.lineno) for f in traceback.extract_stack()])
    print(chain(sys._getframe()))
    print([chain(frame) for _, frame in sorted(sys._current_frames().items())])
    print(dumped())
    try:
        sys._getframe(len(inspect.stack(0)))
    except ValueError as error:
        print(error)
"""


@pytest.mark.parametrize("way", WAYS)
def test_every_means_shows_the_same_stack(tmp_path, way):
    program = f"""{LOOK}
look()
class Body:
    look()
[look() for _ in range(1)]
def generator():
    look()
    yield
list(generator())
eval("look()")
"""
    shown = both_ways(tmp_path, program, way).stdout
    assert "look" in shown and "run.py" not in shown and "cli.py" not in shown


@pytest.mark.parametrize("way", WAYS)
def test_other_threads_see_the_same_stack_of_the_main_thread(tmp_path, way):
    both_ways(
        tmp_path,
        f"""{LOOK}
def watch():
    main = sys._current_frames()[threading.main_thread().ident]
    print([entry[:2] for entry in chain(main)][-1])
    print([line for line in dumped().splitlines() if "<module>" in line])
thread = threading.Thread(target=watch)
thread.start(), thread.join()
""",
        way,
    )


@pytest.mark.parametrize("way", WAYS)
def test_what_runs_at_the_end_sees_the_same_stack(tmp_path, way):
    both_ways(
        tmp_path,
        f"""{LOOK}
import atexit, weakref
atexit.register(lambda: print("at exit", chain(sys._getframe())))
def hook(*_):
    print("in the hook", chain(sys._getframe()))
sys.excepthook = hook
class Last:
    def __del__(self, sys=sys, chain=chain):
        print("at the very end", chain(sys._getframe()))
last = Last()
1 / 0
""",
        way,
        code=1,
    )


@pytest.mark.parametrize("end", ["pass", "sys.exit(0)"])
@pytest.mark.parametrize("way", WAYS)
def test_a_profile_function_hears_of_the_same_calls(tmp_path, way, end):
    """Except the calls of the exit into the module `threading`, which a plain interpreter may not
    have imported.
    """
    both_ways(
        tmp_path,
        f"""
import sys
def hear(frame, event, argument, write=sys.__stdout__.write, listen=sys.setprofile):
    if frame.f_code.co_name == "_shutdown":
        listen(None)
    elif event in ("call", "return"):
        write(f"{{event}} {{frame.f_code.co_name}}\\n")
sys.setprofile(hear)
def function():
    pass
function()
{end}
""",
        way,
    )


@pytest.mark.parametrize("way", WAYS)
def test_the_recursion_limit_is_reached_at_the_same_depth(tmp_path, way):
    both_ways(
        tmp_path,
        """
def down(depth):
    try:
        return down(depth + 1)
    except RecursionError:
        return depth
print(down(0))
""",
        way,
    )


def test_a_module_has_the_two_frames_of_runpy_that_it_has_under_python(tmp_path):
    program = "import inspect; print([f.function for f in inspect.stack()])"
    shown = both_ways(tmp_path, program, "module").stdout
    assert shown == "['<module>', '_run_code', '_run_module_as_main']\n"
