"""`watch.on_deadlock`: what happens when threads find a deadlock."""

import sys

import pytest
from support.deadlocks import PRELUDE
from support.programs import run

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="owners are read on Linux only"
)

CIRCLE = PRELUDE + "circle(['left', 'right'], [threading.RLock(), threading.RLock()])\n"


def test_the_default_is_a_report_on_standard_error():
    from subprocess import PIPE, Popen

    program = f"""
import threading, os
faulthandler = None
{PRELUDE}
watch.on_deadlock('report')
circle(['left', 'right'], [threading.RLock(), threading.RLock()])
time.sleep(3)
os._exit(0)
"""
    with Popen([sys.executable, "-c", program], stderr=PIPE, text=True) as process:
        told = process.stderr.read()
    assert told.startswith(f"weftline: process {process.pid}: deadlock: 2 threads")
    assert told.count("deadlock:") == 1


def test_raise_ends_one_wait_and_leaves_the_locks_sound():
    output = run(
        PRELUDE
        + """
watch.on_deadlock("raise")
locks = [threading.RLock(), threading.RLock()]
come = Turn(2)
ended = []

def take_both(own, other):
    try:
        with own:
            come()
            with other:
                ended.append("got both")
    except weftline.DeadlockError as error:
        ended.append(str(error).partition(":")[2].partition(":")[2].split(",")[0].strip().split("\\n")[0])

threads = [start("left", take_both, *locks), start("right", take_both, *reversed(locks))]
for thread in threads:
    thread.join(50)
print(sorted(ended))
for lock in locks:
    assert lock.acquire(timeout=10)
    lock.release()
assert issubclass(weftline.DeadlockError, RuntimeError)
"""
    )
    assert output == "['deadlock: 2 threads wait for each other', 'got both']\n"


def test_a_join_can_be_ended_too():
    output = run(
        PRELUDE
        + """
watch.on_deadlock("raise")
both, ended = [], []
come = Turn(2)

def join_other(index):
    come()
    try:
        both[1 - index].join()
        ended.append("joined")
    except weftline.DeadlockError:
        ended.append("raised")

both += [threading.Thread(target=join_other, args=(i,), daemon=True) for i in (0, 1)]
for thread in both:
    thread.start()
for thread in both:
    thread.join(50)
print(sorted(ended))
"""
    )
    assert output == "['joined', 'raised']\n"


def test_abort_ends_the_process_with_status_70():
    run(
        CIRCLE + "watch.on_deadlock('abort')\ntime.sleep(50)",
        code=70,
        stderr=None,
    )


def test_a_callable_that_raises_is_told_and_nothing_else_happens():
    output = run(
        PRELUDE
        + """
def fail(verdict, text):
    FOUND.append(verdict)
    raise KeyError("mine")

watch.on_deadlock(fail)
told = []
sys.unraisablehook = lambda args: told.append(args.exc_type)
circle(['left', 'right'], [threading.RLock(), threading.RLock()])
print(found())
end = time.monotonic() + 30
while not told and time.monotonic() < end:
    time.sleep(0.01)
print(told)
"""
    )
    assert output == "['certain']\n[<class 'KeyError'>]\n"


@pytest.mark.parametrize("action", ["", "loud", None, 1])
def test_another_action_is_refused(action):
    from weftline import watch

    with pytest.raises(ValueError, match="'report', 'raise', 'abort', 'off'"):
        watch.on_deadlock(action)


def test_off_tells_nothing():
    assert (
        run(
            CIRCLE
            + "watch.on_deadlock('off')\ntime.sleep(3)\nimport os\nprint(FOUND, flush=True)\nos._exit(0)"
        )
        == "[]\n"
    )
