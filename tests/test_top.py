"""`weftline top` in a terminal: what it shows, its keys, and how it gives the terminal back."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest
from support.dumped import LONG, running

if sys.platform != "linux":
    pytest.skip("processes answer on Linux only", allow_module_level=True)

from support.terminal import terminal

TOP = [sys.executable, "-m", "weftline", "top"]

READY = """
print("ready", flush=True)
sys.stdin.read()
sys.stdout.flush()
import os; os._exit(0)
"""

DEADLOCK = (
    """
import sys, threading
locks = threading.Lock(), threading.Lock()
both = threading.Barrier(2)
def take(own, other):
    with locks[own]:
        both.wait()
        locks[other].acquire()
def start(name, *locks):
    threading.Thread(target=take, args=locks, name=name, daemon=True).start()
start("to Bob", 0, 1)
start("to Alice", 1, 0)
"""
    + READY
)

WAITS = (
    """
import sys, threading
for number in range(40):
    threading.Thread(target=threading.Event().wait, name=f"worker {number:02}", daemon=True).start()
"""
    + READY
)


@pytest.fixture
def deadlocked():
    with running(DEADLOCK, env=os.environ | {"WEFTLINE_DEADLOCK": "off"}) as program:
        yield program


@pytest.fixture
def waiting():
    with running(WAITS) as program:
        yield program


def top(program, **options):
    return terminal([*TOP, str(program.pid)], **options)


@pytest.mark.parametrize("quits", ["q", "\x1b[21~", "\x03"])
def test_a_deadlock_is_told_in_words_and_the_terminal_comes_back(deadlocked, quits):
    with top(deadlocked) as view:
        shown = view.wait_for("1 deadlock")
        assert "! 2 threads wait for each other, likely for ever" in shown
        assert re.search(r"to Bob +deadlock .* Lock 0x\w+, held by to Alice", shown)
        view.press(quits)
        assert view.end() == (0, True)
        assert view.written.endswith(b"\x1b[?25h\x1b[?1049l"), view.written[-80:]
    assert deadlocked.runs()


def test_a_stack_a_filter_and_a_frozen_view(waiting):
    with top(waiting) as view:
        view.wait_for("worker 11")
        view.press("\\worker 17")
        view.wait_for(lambda text: "worker 17" in text and "worker 11" not in text)
        view.press("\r\r")
        assert '"worker 17" (tid' in view.wait_for("waits for an Event")
        # Escape closes the pane, then shows all.
        view.press("\x1b")
        view.wait_for("F4Filter")
        view.press("\x1b")
        view.wait_for("worker 11")
        view.press("Z")
        frozen = view.wait_for("FROZEN")
        # What was on the way.
        while view.read(0.1):
            pass
        assert not view.read(1.5), "a frozen view writes nothing"
        assert view.screen.text() == frozen
        view.press("Zq")
        assert view.end() == (0, True)


CONTENDED = (
    """
import sys, threading, time
from weftline import watch
watch.start()
cache = threading.Lock()
watch.name(cache, "cache")
def work():
    while True:
        with cache:
            time.sleep(0.004)
for number in range(3):
    threading.Thread(target=work, name=f"worker {number}", daemon=True).start()
"""
    + READY
)


def test_locks_are_sorted_by_contention_and_waits_have_histograms():
    with running(CONTENDED) as program, top(program) as view:
        view.press("2")
        row = r"\nLock cache +\S+ (µs|ms|s) +\d+ +\S+ ms +\d "
        view.wait_for(lambda text: re.search(row, text))
        assert "TOTAL▽    WAITS    MEAN  WAITERS" in view.screen.text()
        view.press("6")
        view.wait_for(lambda text: re.search(r"\nLock +\S+ (ms|s) +\d+", text))
        view.press("H")
        shown = view.wait_for("counted for ")
        assert re.search(r"\nLock: \d+ waits, mean \S+ ms, 0 timed out, 0 inter", shown)
        assert re.search(r"\n≤  (8\.1|16|4\.0) ms +\d+ █+", shown), shown
        view.press("H")
        view.wait_for("F4Filter")
        view.press("q")
        assert view.end() == (0, True)


def test_a_process_that_does_not_measure_is_told_how_to(deadlocked):
    with top(deadlocked) as view:
        view.press("2")
        view.wait_for("WEFTLINE_WATCH=1 or weftline.watch.start()")
        view.press("6")
        shown = view.wait_for("6 Waits 0")
        assert "to count waits: weftline run --watch" in shown
        view.press("?")
        assert "histograms of the waits" in view.wait_for("lines 1 to")


def test_a_refresh_writes_little(waiting):
    with top(waiting) as view:
        view.wait_for("worker 11")
        while view.read(0.1):
            pass
        begun, before = time.monotonic(), len(view.written)
        while time.monotonic() < begun + 5:
            view.read(0.5)
        written = len(view.written) - before
        refreshes = view.written[before:].count(b"\x1b[?2026h")
        print(f"{written} bytes in {refreshes} refreshes")
        assert 1 <= refreshes <= 12
        assert written / refreshes < 1000
        assert refreshes == view.written[before:].count(b"\x1b[?2026l")


def test_without_colour_there_is_none(deadlocked):
    with top(deadlocked, NO_COLOR="1") as view:
        view.wait_for("1 deadlock")
        view.press("q")
        view.end()
        looks = re.findall(rb"\x1b\[([0-9;]*)m", view.written)
        codes = {int(code) for look in looks for code in look.split(b";")}
        assert codes == {0, 1, 7}


def test_the_view_fills_the_terminal_when_its_size_changes(waiting):
    with top(waiting) as view:
        view.wait_for("worker 11")
        assert "worker 30" not in view.screen.text()
        view.resize(132, 50)
        view.wait_for(lambda text: "worker 30" in text and " AT" in text)
        view.resize(20, 5)
        view.wait_for("weftline top needs")
        view.resize(80, 24)
        view.wait_for("worker 11")


def test_the_end_of_the_process_is_told_and_the_view_stays(deadlocked):
    with top(deadlocked) as view:
        view.wait_for("1 deadlock")
        deadlocked.end()
        shown = view.wait_for("THE PROCESS HAS ENDED")
        assert "to Bob" in shown
        view.press("q")
        assert view.end() == (0, True)


def test_a_process_that_is_stopped_is_asked_again_until_it_answers(deadlocked):
    with top(deadlocked) as view:
        view.wait_for("1 deadlock")
        os.kill(deadlocked.pid, signal.SIGSTOP)
        view.wait_for("NO ANSWER since")
        os.kill(deadlocked.pid, signal.SIGCONT)
        view.wait_for(lambda text: "NO ANSWER" not in text)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGQUIT", "SIGINT"])
def test_a_signal_ends_the_view_and_the_terminal_comes_back(deadlocked, name):
    number = signal.Signals[name]
    with top(deadlocked) as view:
        view.wait_for("1 deadlock")
        view.signal(number)
        assert view.end() == (-number, True)
        if number == signal.SIGINT:
            assert "KeyboardInterrupt" in view.screen.text()


def test_ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_again(deadlocked):
    with terminal(["sh", "-i"], PS1="shell$ ") as view:
        view.wait_for("shell$")
        view.press(f"{' '.join(TOP)} {deadlocked.pid}\r")
        view.wait_for("1 deadlock")
        view.press("\x1a")
        view.wait_for("Stopped")
        assert not view.screen.is_other
        view.press("stty -a\r")
        assert "-icanon" not in view.wait_for("icanon")
        view.press("fg\r")
        view.wait_for("1 deadlock")
        view.press("q")
        view.wait_for("shell$")
        assert not view.screen.is_other


def test_a_program_that_shows_the_view_keeps_its_signals(deadlocked):
    source = f"""
import os, signal, sys
from weftline import cli
signal.signal(signal.SIGTERM, lambda *_: print("handled"))
for _ in range(2):
    print("status", cli.main(["top", "{deadlocked.pid}"]))
    os.kill(os.getpid(), signal.SIGTERM)
"""
    with terminal([sys.executable, "-c", source]) as view:
        view.wait_for("1 deadlock")
        view.press("q")
        # The next view may cover it before it is read.
        view.wait_for(lambda _: view.written.count(b"handled") == 1)
        view.wait_for("1 deadlock")
        view.signal(signal.SIGTERM)
        # That signal, and then its own.
        view.wait_for(lambda _: view.written.count(b"handled") == 3)
        assert view.end() == (0, True)
        assert b"status 0" in view.written and b"status 1" in view.written


def refused(*arguments, **environment):
    """The outcome of a view that cannot be shown."""
    return subprocess.run(
        [*TOP, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=LONG,
        stdin=subprocess.DEVNULL,
        env=os.environ | environment,
        check=False,
    )


def test_without_a_terminal_the_command_says_what_to_use(deadlocked):
    done = refused(deadlocked.pid)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"use `weftline dump {deadlocked.pid}`" in done.stderr
    with top(deadlocked, TERM="dumb") as view:
        view.wait_for(f"use `weftline dump {deadlocked.pid}`")
        assert view.end() == (1, True)
        assert b"\x1b" not in view.written


def test_a_process_that_does_not_answer_is_refused_before_the_screen_changes():
    with subprocess.Popen(["sleep", str(LONG)]) as other:
        try:
            for pid, why in (
                (2**22 + 1, "no such process"),
                (
                    other.pid,
                    "does not run on weftline",
                ),
            ):
                with terminal([*TOP, str(pid)], size=(200, 24)) as view:
                    assert why in view.wait_for(why)
                    assert view.end() == (1, True)
                    assert b"\x1b" not in view.written
        finally:
            other.kill()


def test_a_wrong_command_line_is_refused():
    for wrong in [], ["x"], ["-1"], ["1", "2"], ["--what", "1"]:
        done = refused(*wrong)
        assert (done.returncode, done.stdout) == (2, ""), wrong
        assert "usage: weftline top PID" in done.stderr
    done = refused("--help")
    assert done.returncode == 0
    assert "example: weftline top" in done.stdout and "status: 0" in done.stdout
