"""debugpy attaches to a program under `weftline run`, stops a thread of it at a breakpoint, and
reads its variables.
"""

import subprocess
import sys

from packages.adapter import Adapter

PROGRAM = """\
import queue, threading
import debugpy
host, port = debugpy.listen(("127.0.0.1", 0))
print(port, flush=True)
debugpy.wait_for_client()
jobs = queue.Queue()
def work():
    number = jobs.get()
    answer = number + 1
    print(answer, flush=True)
worker = threading.Thread(target=work, name="the worker")
worker.start()
jobs.put(41)
worker.join()
"""
BREAKPOINT = PROGRAM.splitlines().index("    print(answer, flush=True)") + 1


def test_a_breakpoint_in_a_thread_is_hit(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-m", "weftline", "run", str(program)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            adapter = Adapter(int(process.stdout.readline()))
            adapter.ask("initialize", adapterID="weftline", pathFormat="path")
            attached = adapter.send("attach", justMyCode=False)
            adapter.event("initialized")
            adapter.ask(
                "setBreakpoints",
                source={"path": str(program)},
                breakpoints=[{"line": BREAKPOINT}],
            )
            adapter.ask("configurationDone")
            adapter.response(attached)
            stopped = adapter.event("stopped")
            threads = {
                thread["id"]: thread["name"]
                for thread in adapter.ask("threads")["threads"]
            }
            frames = adapter.ask("stackTrace", threadId=stopped["threadId"])[
                "stackFrames"
            ]
            scopes = adapter.ask("scopes", frameId=frames[0]["id"])["scopes"]
            local = adapter.ask(
                "variables", variablesReference=scopes[0]["variablesReference"]
            )["variables"]
            adapter.ask("continue", threadId=stopped["threadId"])
            adapter.event("terminated")
            adapter.close()
            out, _ = process.communicate(timeout=30)
        finally:
            process.kill()
    assert stopped["reason"] == "breakpoint"
    assert threads[stopped["threadId"]] == "the worker"
    assert "MainThread" in threads.values()
    assert (frames[0]["name"], frames[0]["line"]) == ("work", BREAKPOINT)
    values = {variable["name"]: variable["value"] for variable in local}
    assert (values["number"], values["answer"]) == ("41", "42")
    assert (process.returncode, out) == (0, "42\n")
