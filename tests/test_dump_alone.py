"""`weftline dump` of a program that waits for nothing of weftline: one thread, in a system call."""

import sys
import time

import pytest
from support.dumped import running, snapshot

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="processes answer on Linux only"
)

# What the main thread does until its standard input ends, and what it prints then.
WAITS = {
    "a pipe": "print(len(os.read(0, 10)))",
    "a terminal's or pipe's text": "print(len(sys.stdin.read()))",
    "select": "print(select.select([0], [], [], 60)[0])",
    "poll": """
poll = select.poll()
poll.register(0)
print([fd for fd, _ in poll.poll(60_000)])
""",
    "epoll": """
epoll = select.epoll()
epoll.register(0)
print([fd for fd, _ in epoll.poll(60)])
""",
    "a socket": """
ours, theirs = socket.socketpair()
child = os.fork()
if child == 0:
    ours.close()
    os.read(0, 1)
    os._exit(0)
theirs.close()
print(len(ours.recv(1)))
""",
    "a child": """
child = os.fork()
if child == 0:
    os.read(0, 1)
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
""",
    "asyncio": """
async def main():
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    print(len(await reader.read()))
asyncio.run(main())
""",
    "sleep": "time.sleep(3); print(time.monotonic() - begun >= 3)",
}
PRINTS = {
    "a pipe": "0",
    "a terminal's or pipe's text": "0",
    "select": "[0]",
    "poll": "[0]",
    "epoll": "[0]",
    "a socket": "0",
    "a child": "7",
    "asyncio": "0",
    "sleep": "True",
}


@pytest.mark.parametrize("wait", WAITS)
def test_a_thread_alone_in_a_system_call_tells_its_stack(wait):
    program = f"""
import asyncio, os, select, socket, sys, time
begun = time.monotonic()
def waits_alone():
    print("ready", flush=True)
    {WAITS[wait].strip().replace(chr(10), chr(10) + "    ")}
waits_alone()
"""
    with running(program) as it:
        told = []
        while not told:
            # It may still be on its way.
            seen = snapshot(it.pid)
            (party,) = seen["threads"]
            told = [frame["function"] for frame in party["stack"] or ()]
        assert "waits_alone" in told
        # Many times, but not for so long that a sleep has ended on a busy machine.
        until = time.monotonic() + 1
        for _ in range(20):
            seen = snapshot(it.pid)
            assert seen["stacks"] == "interpreter", seen
            if time.monotonic() > until:
                break
        assert it.end() == 0
        assert it.output == [PRINTS[wait]]
