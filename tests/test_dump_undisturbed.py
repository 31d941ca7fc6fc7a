"""What a request does not change in a program: its costs, signals, destructors, hooks and waits."""

import sys

import pytest
from support.dumped import dump, running, snapshot
from support.programs import environment

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="processes answer on Linux only"
)

# A thread that is there to be asked, and the end of the program: what it prints is checked.
PROGRAM = """
import gc, os, select, signal, socket, subprocess, sys, threading, time
end = threading.Event()
waiter = threading.Thread(target=end.wait, daemon=True)
waiter.start()
"""

READY = """
print("ready", flush=True)
sys.stdin.readline()
"""


def asked(program, source, times=5):
    """The lines of a program that runs while it is asked so often, and its exit status."""
    with running(PROGRAM + program + READY + source, env=environment()) as it:
        for _ in range(times):
            assert snapshot(it.pid)["complete"]
        status = it.end()
        return it.output, status


def test_it_costs_no_thread_and_no_descriptor():
    output, status = asked(
        """
def costs(): return len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))
end.set(); waiter.join()
weftline.uninstall()
ends = time.monotonic() + 60
while (before := costs())[0] > 1:
    # A thread that was joined leaves the system some moments later.
    assert time.monotonic() < ends
weftline.install()
assert weftline.watch.answers()
print(costs() == before)
end.clear()
waiter = threading.Thread(target=end.wait, daemon=True)
waiter.start()
before = costs()
""".replace("weftline.watch", "__import__('weftline.watch').watch"),
        """
ends = time.monotonic() + 60
while costs() != before:
    # The thread that told the stacks ends after it has told them.
    assert time.monotonic() < ends
print(costs() == before)
""",
    )
    assert (output, status) == (["True", "True"], 0)


def test_no_code_of_the_program_runs_on_another_thread():
    """Destructors, hooks for imports, traces and profiles, and the collector.

    The collector runs often only when the workers are known, and the other threads sleep: a thread
    that still starts may have to collect, and then runs the destructors of the program itself.
    """
    output, status = asked(
        """
import builtins, weakref
from support.workers import asleep
own, strange = set(), []
def here(*_):
    if threading.get_ident() not in own: strange.append(threading.get_native_id())
class Local:
    def __init__(self): self.cycle = self
    def __del__(self): here()
class Seen(threading.Thread):
    @property
    def _name(self): here(); return "told"
    @_name.setter
    def _name(self, name): pass
    def run(self): end.wait()
original = builtins.__import__
def imports(*arguments, **named):
    here()
    return original(*arguments, **named)
def deep(depth):
    local = Local()
    if depth: deep(depth - 1)
    else: over.wait(0.0001)
def works():
    own.add(threading.get_ident())
    known_workers.wait()
    while not over.is_set(): deep(30)
over = threading.Event()
own.add(threading.get_ident())
gc.disable()
builtins.__import__ = imports
known_workers = threading.Barrier(5)
seen = Seen(daemon=True)
seen.start(); own.add(seen.ident)
threading.settrace(here)
threading.setprofile(here)
workers = [threading.Thread(target=works) for _ in range(4)]
threading.settrace(None)
threading.setprofile(None)
for worker in workers: worker.start()
asleep(waiter); asleep(seen)
gc.set_threshold(10)
gc.enable()
known_workers.wait()
known = set(threading.enumerate())
""",
        """
print(set(threading.enumerate()) == known)
over.set()
for worker in workers: worker.join()
builtins.__import__ = original
print(strange, gc.isenabled())
""",
        times=20,
    )
    assert (output, status) == (["True", "[] True"], 0)


def test_signals_of_the_program_and_their_descriptor_are_undisturbed():
    output, status = asked(
        """
ours, theirs = socket.socketpair()
ours.setblocking(False); theirs.setblocking(False)
count = 0
def handler(*_):
    global count
    count += 1
signal.signal(signal.SIGALRM, handler)
signal.signal(signal.SIGUSR1, handler)
signal.set_wakeup_fd(theirs.fileno())
for _ in range(100): signal.raise_signal(signal.SIGUSR1)
""",
        """
signal.set_wakeup_fd(-1)
print(count, set(ours.recv(4096)) == {signal.SIGUSR1}, signal.getsignal(53) is signal.SIG_DFL)
""",
    )
    assert (output, status) == (["100 True True"], 0)


def test_a_loop_of_asyncio_goes_on():
    with running(
        """
import asyncio, signal, sys, threading
async def main():
    loop, reader, told = asyncio.get_running_loop(), asyncio.StreamReader(), []
    loop.add_signal_handler(signal.SIGUSR1, told.append, 1)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    started = loop.time()
    sleep = asyncio.create_task(asyncio.sleep(1))
    print("ready", flush=True)
    await reader.readline()
    await sleep
    signal.raise_signal(signal.SIGUSR1)
    while not told: await asyncio.sleep(0)
    print(told, loop.time() - started >= 1)
threading.Thread(target=threading.Event().wait, daemon=True).start()
asyncio.run(main())
"""
    ) as program:
        for _ in range(5):
            assert snapshot(program.pid)["complete"]
        program.tell("")
        assert program.end() == 0
        assert program.output == ["[1] True"]


# Each is a call that blocks, and what it returns; `lasts` is its timeout.
CALLS = {
    "sleep": ("time.sleep(lasts)", None, True),
    "recv": ("theirs.recv(9)", b"told", False),
    "recv with a timeout": ("timed.recv(9)", "TimeoutError", True),
    "select": ("select.select([timed], [], [], lasts)", ([], [], []), True),
    "poll": ("select.poll().poll(lasts * 1000)", [], True),
    "epoll": ("select.epoll().poll(lasts)", [], True),
    "wait for a process": ("child.wait()", 7, False),
    "input": ("input()", "told", False),
    "Lock": ("held.acquire(timeout=lasts)", False, True),
    "RLock": ("taken.acquire(timeout=lasts)", False, True),
    "Event": ("threading.Event().wait(lasts)", False, True),
    "Queue": ("queue.Queue().get(timeout=lasts)", "Empty", True),
    "join": ("waiter.join(lasts)", None, True),
    "sigtimedwait": ("signal.sigtimedwait([signal.SIGUSR1], lasts)", None, True),
    "read": ("os.read(pipe[0], 9)", b"told", False),
    "accept": ("server.accept()[1]", "", False),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_call_that_blocks_is_not_changed(call):
    code, result, has_timeout = CALLS[call]
    with running(
        PROGRAM
        + f"""
import queue
lasts = 2
ours, theirs = socket.socketpair()
timed, _ = socket.socketpair()
timed.settimeout(lasts)
pipe = os.pipe()
server = socket.socket(socket.AF_UNIX)
server.bind(b"\\0weftline-test-%d" % os.getpid())
server.listen()
child = subprocess.Popen([sys.executable, "-c", "input(); raise SystemExit(7)"], stdin=subprocess.PIPE)
held, taken = threading.Lock(), threading.RLock()
def takes():
    held.acquire(); taken.acquire(); has.set(); end.wait()
has = threading.Event()
threading.Thread(target=takes, daemon=True).start()
has.wait()
def goes_on():
    sys.stdin.readline() if {call != "input"} else None
    ours.send(b"told"); os.write(pipe[1], b"told"); child.communicate(b"x")
    socket.socket(socket.AF_UNIX).connect(server.getsockname())
threading.Thread(target=goes_on, daemon=True).start()
print("ready", flush=True)
begun = time.monotonic()
try: result = {code}
except Exception as error: result = type(error).__name__
took = time.monotonic() - begun
print(repr(result))
print(took >= lasts, flush=True)
os._exit(0)
"""
    ) as program:
        for _ in range(5):
            assert dump(program.pid).returncode == 0
        program.tell("told")
        assert program.end() == 0
        assert program.output[0] == repr(result)
        assert program.output[1] == "True" or not has_timeout


def test_programs_that_start_and_end_meanwhile_end_as_they_would():
    source = """
import sys, threading, time
event = threading.Event()
for _ in range(3): threading.Thread(target=event.wait, daemon=True).start()
print("ready", flush=True)
time.sleep(float(sys.argv[1]))
"""
    for step in range(8):
        # Requests wait until a process is 250 ms old.
        with running(source, 0.15 + step / 40) as program:
            while program.runs():
                assert dump(program.pid).returncode in (0, 1)
            assert program.end() == 0


def test_a_report_of_this_process_is_written_to_any_file():
    output, status = asked(
        """
import io
from weftline import watch
file = io.StringIO()
watch.dump(file)
text = file.getvalue()
print(text.startswith(f"weftline: process {os.getpid()}: 2 threads"), '"MainThread"' in text)
print(watch.report(os.getpid()).startswith(f"weftline: process {os.getpid()}: 2 threads"))
sys.stderr = None
watch.dump()
reports = []
signal.signal(signal.SIGALRM, lambda *_: (watch.dump(file), reports.append(1)))
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
while len(reports) < 50: threading.Event().wait(0.01)
signal.setitimer(signal.ITIMER_REAL, 0)
""",
        "print(len(reports) >= 50)",
    )
    assert (output, status) == (["True True", "True", "True"], 0)


def test_faulthandler_and_its_stack_for_signals_go_on():
    with running(
        """
import faulthandler, signal, sys, threading
faulthandler.enable()
faulthandler.register(signal.SIGUSR1, file=sys.stdout)
threading.Thread(target=threading.Event().wait, daemon=True).start()
print("ready", flush=True)
sys.stdin.readline()
signal.raise_signal(signal.SIGUSR1)
"""
    ) as program:
        for _ in range(5):
            assert snapshot(program.pid)["complete"]
        assert program.end() == 0
        assert any("most recent call first" in line for line in program.output)
