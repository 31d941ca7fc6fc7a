"""Calls deeper than the stack end in `RecursionError`, or have no limit: on any stack, with every
object left sound.
"""

from support.programs import run
from support.target import ours_only

# The last line of the program's output names the call that failed.
EACH = """
import sys
from support.chains import on_a_stack_of
from support import deep_futures, deep_queues, deep_threading
from support.deep import CALLS

failed = []

def call(name, stack):
    try:
        CALLS[name]()
    except BaseException as error:
        failed.append((name, stack, error))
        raise

for name in CALLS:
    for stack in [0, 256 * 1024, 128 * 1024]:
        print(name, stack, flush=True)
        on_a_stack_of(stack, lambda: call(name, stack))
assert not failed
"""


@ours_only
def test_calls_deeper_than_the_stack_end_well():
    # Exceptions of callbacks are logged.
    run(EACH, within=400, stderr=None)


@ours_only
def test_calls_deeper_than_the_stack_end_well_with_the_interpreters_own_limit_raised():
    run(
        "import sys; sys.setrecursionlimit(10**6)\n" + EACH,
        within=400,
        stderr=None,
    )
