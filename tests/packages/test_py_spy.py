"""`py-spy dump` names the threads of a program under `weftline run`, and shows the lines in which
they wait.
"""

import os
import subprocess
import sys
import sysconfig

PROGRAM = """\
import queue, threading
from support.workers import asleep
def wait_for_a_job():
    queue.Queue().get()
def wait_for_an_event():
    threading.Event().wait()
threads = [threading.Thread(target=target, name=name, daemon=True)
           for name, target in (("the-getter", wait_for_a_job), ("the-waiter", wait_for_an_event))]
for thread in threads:
    thread.start()
    asleep(thread)
print("ready", flush=True)
input()
"""
PY_SPY = os.path.join(sysconfig.get_path("scripts"), "py-spy")


def test_threads_are_named_and_their_waits_shown(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-m", "weftline", "run", str(program)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            dump = subprocess.run(
                [PY_SPY, "dump", "--pid", str(process.pid)],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        finally:
            process.kill()
    assert dump.returncode == 0, dump.stderr
    stacks = dict(block.split("\n", 1) for block in dump.stdout.split("\nThread ")[1:])
    by_name = {
        title.partition('"')[2].rstrip('"'): stack for title, stack in stacks.items()
    }
    assert "wait_for_a_job (program.py:4)" in by_name["the-getter"]
    assert "wait_for_an_event (program.py:6)" in by_name["the-waiter"]
    assert "MainThread" in by_name
