"""Which processes answer `weftline dump`, however they hang, and which get no signal."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.dumped import (
    LONG,
    blocked,
    dump,
    running,
    snapshot,
    snapshots,
    state,
    thread,
)
from weftline import watch

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="processes answer on Linux only"
)

ONE_WAITS = """
import os, signal, subprocess, sys, threading, time
event = threading.Event()
def waits(): event.wait()
waiter = threading.Thread(target=waits, name="waits", daemon=True)
waiter.start()
"""

READY = """
print("ready", flush=True)
sys.stdin.read()
"""


def test_a_process_answers_while_an_extension_holds_the_interpreter_for_ever():
    with running(
        ONE_WAITS
        + """
import ctypes
while not weftline._weftline._blocked_now() or not weftline._weftline._blocked_now()[0][3]:
    time.sleep(0.01)
mutex, interpreter = ctypes.create_string_buffer(256), ctypes.PyDLL(None)
interpreter.pthread_mutex_lock(mutex)
print("ready", flush=True)
interpreter.pthread_mutex_lock(mutex)
"""
    ) as program:
        found = snapshot(program.pid, lambda it: it["stacks"] == "silent")
        wait = thread(found, "waits")["waits"]
        assert (wait["kind"], wait["site"]["function"]) == ("Event", "waits")
        done = dump(program.pid)
        assert done.returncode == 0
        assert "did not answer within 200 ms" in done.stdout
        # Again and again, though the first request still waits for the interpreter.
        for _ in range(3):
            assert thread(snapshot(program.pid), "waits")["waits"]["site"]


def test_a_wait_that_a_signal_interrupted_early_is_told_with_its_line():
    with running(
        """
import ctypes, signal, sys, threading, time
done = []
signal.signal(signal.SIGALRM, lambda *_: done.append(1))
event = threading.Event()
def holds():
    mutex, interpreter = ctypes.create_string_buffer(256), ctypes.PyDLL(None)
    interpreter.pthread_mutex_lock(mutex)
    end = time.monotonic() + 60
    while not done or not any(it[3] for it in weftline._weftline._blocked_now()):
        assert time.monotonic() < end
        time.sleep(0.001)
    print("ready", flush=True)
    interpreter.pthread_mutex_lock(mutex)
threading.Thread(target=holds, daemon=True).start()
def waits(): event.wait()
signal.setitimer(signal.ITIMER_REAL, 0.02)
waits()
"""
    ) as program:
        found = snapshot(program.pid)
        wait = next(it["waits"] for it in found["threads"] if it["main"])
        assert wait["site"]["function"] == "waits"


def read_only():
    command = ["unshare", "--mount", "sh", "-c"]
    command += ['mount -o remount,bind,ro / && exec "$@"', "sh"]
    tried = subprocess.run([*command, "true"], capture_output=True, check=False)
    return command if tried.returncode == 0 else None


def test_a_process_answers_on_a_read_only_file_system():
    command = read_only()
    if command is None:
        pytest.skip("the file system cannot be made read-only here")
    source = (
        "import weftline; weftline.install()"
        + ONE_WAITS
        + """
try: open("written-by-a-test", "w")
except OSError: pass
else: raise SystemExit("it can be written to")
"""
        + READY
    )
    with running("", command=[*command, sys.executable, "-c", source]) as program:
        assert blocked(snapshot(program.pid, lambda it: blocked(it) == 1)) == 1


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_answer(tmp_path, method):
    file = tmp_path / "program.py"
    file.write_text(
        """
import multiprocessing, sys, threading
def child(pipe):
    event = threading.Event()
    pipe.send(1)
    event.wait()
if __name__ == "__main__":
    import weftline; weftline.install()
    context = multiprocessing.get_context(sys.argv[1])
    ours, theirs = context.Pipe()
    children = [context.Process(target=child, args=(theirs,), daemon=True) for _ in range(2)]
    for it in children: it.start()
    for it in children: ours.recv()
    print(*(it.pid for it in children))
    print("ready", flush=True)
    sys.stdin.read()
"""
    )
    with running("", command=[sys.executable, str(file), method]) as program:
        (children,) = program.output
        children = set(map(int, children.split()))
        for child in children:
            found = snapshot(child, lambda it: blocked(it) == 1)
            (main,) = (it for it in found["threads"] if it["main"])
            assert main["stack"][0]["function"] == "child"
        told = snapshots(program.pid, "--children")
        assert {program.pid, *children} <= {it["pid"] for it in told}
        assert told[0]["pid"] == program.pid
        assert program.end() == 0


@pytest.mark.parametrize("forks_in", ["main thread", "thread"])
def test_the_child_of_a_fork_answers_with_its_one_thread(forks_in):
    with running(
        ONE_WAITS
        + """
import warnings; warnings.simplefilter("ignore")
ours, theirs = os.pipe()
def forks():
    child = os.fork()
    if not child:
        os.read(ours, 1)
        threading.Event().wait()
    print(child)
    print("ready", flush=True)
if sys.argv[1] == "thread":
    it = threading.Thread(target=forks, name="forks")
    it.start()
    it.join()
else:
    forks()
os.write(theirs, b"x")
sys.stdin.read()
""",
        forks_in,
    ) as program:
        child = int(program.output[0])
        try:
            found = snapshot(child, lambda it: blocked(it) == 1)
            (only,) = found["threads"]
            assert only["main"] and only["tid"] == child
            assert only["stack"][0]["function"] == "forks"
            assert len(snapshot(program.pid)["threads"]) == 2
        finally:
            os.kill(child, signal.SIGKILL)


def test_other_programs_that_a_process_starts_get_no_signal():
    with running(
        ONE_WAITS
        + """
child = subprocess.Popen([sys.executable, "-c", "print(1, flush=True); input()"], stdin=subprocess.PIPE,
    stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid)
"""
        + READY
        + "child.communicate(b'x'); print(child.returncode)"
    ) as program:
        (told,) = snapshots(program.pid, "--children")
        assert told["pid"] == program.pid
        assert dump(program.output[0]).returncode == 1
        assert program.end() == 0 and program.output[-1] == "0"


def test_a_program_under_run_answers_and_its_children_with_the_option(tmp_path):
    child = "import threading; print(1, flush=True); threading.Event().wait()"
    file = tmp_path / "program.py"
    file.write_text(
        f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {child!r}], stdout=subprocess.PIPE)
child.stdout.readline()
print("ready", flush=True)
sys.stdin.read()
child.kill()
"""
    )
    command = [sys.executable, "-m", "weftline", "run", "--children", str(file)]
    with running("", command=command) as program:
        mother, child = snapshots(program.pid, "--children")
        assert mother["pid"] == program.pid
        assert thread(child, "MainThread")["waits"]["kind"] == "Event"
        assert program.end() == 0


def test_a_program_that_has_taken_the_signal_keeps_it():
    for when in "before", "after":
        with running(
            f"""
import signal, sys, weftline
def handler(*_): print("called", flush=True)
if {when == "after"}: weftline.install()
signal.signal(53, handler)
weftline.install()
assert signal.getsignal(53) is handler
from weftline import watch
assert not watch.answers()
"""
            + READY,
            before="",
        ) as program:
            done = dump(program.pid)
            assert done.returncode == 1 and "got no signal" in done.stderr
            assert program.output == []
            os.kill(program.pid, 53)
            program.read_to("called")
            assert program.end() == 0


@pytest.mark.parametrize(
    ("value", "answers"), [("0", False), ("47", True), ("9", False), ("x", False)]
)
def test_the_environment_names_the_signal(value, answers):
    source = (
        f"from weftline import watch\nassert watch.answers() is {answers}\nimport sys"
    )
    env = {**os.environ, "WEFTLINE_SIGNAL": value}
    with running(source + READY, env=env) as program:
        assert dump(program.pid).returncode == (0 if answers else 1)
        assert program.end() == 0


def test_nothing_is_sent_where_a_signal_would_do_harm():
    # Only the thread that does not block the signal could take it, and has ended.
    blocks = (
        "signal.pthread_sigmask(signal.SIG_BLOCK, [53]); event.set(); waiter.join()"
    )
    with running(ONE_WAITS + blocks + READY) as program:
        done = dump(program.pid)
        assert done.returncode == 1 and "block the signal" in done.stderr
        os.kill(program.pid, signal.SIGSTOP)
        done = dump(program.pid)
        assert done.returncode == 1 and "kill -CONT" in done.stderr
        os.kill(program.pid, signal.SIGCONT)
        assert program.end() == 0


@pytest.mark.parametrize("is_alone", [True, False])
def test_a_program_that_pauses_goes_on_pausing(is_alone):
    with running(
        """
import signal, sys, threading
if len(sys.argv) == 1: threading.Thread(target=threading.Event().wait, daemon=True).start()
signal.signal(signal.SIGUSR1, lambda *_: print("handled", flush=True))
print("ready", flush=True)
signal.pause()
print("over", flush=True)
""",
        *["alone"] * is_alone,
    ) as program:
        # It reads no input; it is there when it sleeps.
        place, begun = Path(f"/proc/{program.pid}/wchan"), time.monotonic()
        while "pause" not in place.read_text():
            if time.monotonic() - begun > LONG:
                pytest.skip("this system does not tell where a thread sleeps")
        done = dump(program.pid)
        if is_alone:
            assert done.returncode == 1 and "got no signal" in done.stderr
        else:
            assert done.returncode == 0 and "an Event" in done.stdout
        assert program.output == []
        os.kill(program.pid, signal.SIGUSR1)
        program.read_to("over")
        assert program.output == ["handled"]


def test_root_asks_a_process_of_another_user():
    if os.geteuid() != 0:
        pytest.skip("only root can start a process of another user")
    source = """
import os, sys
import weftline; weftline.install()
import threading
os.setgid(65534); os.setuid(65534)
threading.Thread(target=threading.Event().wait, name="waits", daemon=True).start()
"""
    with running(source + READY, before="") as program:
        found = snapshot(program.pid, lambda it: blocked(it) == 1)
        assert state(found, "waits") == {"is": "flag", "set": False}


def test_a_wrong_command_line_is_refused():
    for wrong in ([], ["x"], ["-1"], ["1", "2"], ["1", "--all"], ["--what", "1"]):
        done = dump(*wrong)
        assert (done.returncode, done.stdout) == (2, ""), wrong
        assert "usage: weftline dump" in done.stderr
    done = dump("--help")
    assert done.returncode == 0 and "usage: weftline dump" in done.stdout
    for nobody in 0, 2**22 + 1, 2**32 - 1:
        done = dump(nobody)
        assert (done.returncode, done.stdout) == (1, ""), nobody
        assert f"process {nobody}: there is no such process" in done.stderr


def test_all_finds_each_process_that_answers():
    with running(ONE_WAITS + READY) as one, running("import sys" + READY) as two:
        done = dump("--all")
        assert f"process {one.pid}:" in done.stdout
        assert f"process {two.pid}:" in done.stdout
        assert f"process {os.getpid()}:" not in done.stdout or watch.answers()


def test_a_signal_without_a_reader_makes_a_report_on_standard_error():
    with running(ONE_WAITS + READY, stderr=subprocess.PIPE) as program:
        snapshot(program.pid, lambda it: blocked(it) == 1)
        os.kill(program.pid, 53)
        first = program.read_error()
        assert f"process {program.pid}: what each thread waits for" in first
        assert '"waits" waits for an Event' in program.read_error()
        assert program.end() == 0


def test_reports_in_python():
    with running(ONE_WAITS + READY) as program:
        snapshot(program.pid, lambda it: blocked(it) == 1)
        assert '"waits"' in watch.report(program.pid)
    for pid, error in [
        (program.pid, ProcessLookupError),
        (0, ProcessLookupError),
        (-1, OverflowError),
        ("1", TypeError),
    ]:
        with pytest.raises(error):
            watch.report(pid)
    with subprocess.Popen(["sleep", str(LONG)]) as other:
        with pytest.raises(RuntimeError, match="got no signal"):
            watch.report(other.pid)
        other.kill()
