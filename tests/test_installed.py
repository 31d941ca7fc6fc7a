"""The tests of pools, futures and queues, once more with weftline installed: the standard modules'
names are then weftline's.
"""

import os
import subprocess
import sys
from pathlib import Path

from support.target import ours_only

HERE = Path(__file__).resolve().parent

FILES = """
    test_as_completed test_future test_future_callbacks test_queue_idioms test_queue_subclasses test_thread test_thread_hooks
    test_thread_pool_contexts test_thread_pool_executor test_thread_pool_idioms test_thread_pool_map test_thread_pool_submit
    test_thread_pool_work_queue test_thread_pool_workers
"""


@ours_only
def test_what_holds_for_our_modules_holds_for_the_standard_ones_when_installed():
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *(str(HERE / f"{name}.py") for name in FILES.split()),
        ],
        cwd=HERE.parent,
        env={**os.environ, "WEFTLINE_TEST_IMPL": "installed"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
