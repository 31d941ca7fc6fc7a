"""`weftline web` of a program, and its page in a browser."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.chromium import chromium, why_not
from support.dumped import running

on_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="processes answer on Linux only"
)

needs_chromium = pytest.mark.skipif(
    bool(why_not()), reason=f"a browser is needed: {why_not()}"
)

WATCHED = Path(__file__).parent / "watched"

COMMAND = sys.executable, "-m", "weftline"


@contextlib.contextmanager
def watched(name, **environment):
    """One of the programs in `support/watched`."""
    command = [*COMMAND, "run", WATCHED / f"{name}.py"]
    with running("", command=command, env=os.environ | environment) as program:
        yield program


@contextlib.contextmanager
def served(pid):
    """The address of the page of a process, and the command that serves it."""
    with subprocess.Popen(
        [*COMMAND, "web", str(pid)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as web:
        try:
            yield web.stdout.readline().strip(), web
        finally:
            web.kill()


@contextlib.contextmanager
def opened(program, **options):
    """A page that shows a program, its address, and the command that serves it."""
    with served(program.pid) as (address, web), chromium() as page:
        page.open(address, **options)
        page.until("model.head.is === 'live' && model.version > 1")
        yield page, address, web


@contextlib.contextmanager
def page_of(program, **options):
    """A page that shows a program. Its console has no error in the end."""
    with opened(program, **options) as (page, _, _):
        yield page
        assert page.messages == []


def text(page, selector):
    """The text of an element, as it is seen."""
    return page.value(f"document.querySelector({selector!r}).innerText")


def texts(page, selector):
    """The text of each such element."""
    return page.value(
        f"[...document.querySelectorAll({selector!r})].map((it) => it.textContent)"
    )


# Its argument is the number of its threads. Of four, three wait for an event and one for a lock.
MANY = """
import threading, sys
threading.stack_size(64 * 1024)
event, lock = threading.Event(), threading.Lock()
lock.acquire()
for number in range(int(sys.argv[1])):
    wait = event.wait if number % 4 else lock.acquire
    threading.Thread(target=wait, daemon=True, name=f"thread-{number}").start()
print("ready", flush=True)
sys.stdin.read()
import os; os._exit(0)
"""
