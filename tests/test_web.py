"""The command `weftline web`: what it serves, what it refuses, and how it ends."""

import json
import os
import signal
import subprocess
import urllib.request

import pytest
from support.dumped import LONG, running
from support.web import (
    COMMAND,
    MANY,
    needs_chromium,
    on_linux,
    opened,
    served,
    texts,
    watched,
)

pytestmark = on_linux


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command(number):
    with (
        running("print('ready', flush=True); input()") as program,
        served(program.pid) as (address, web),
    ):
        with urllib.request.urlopen(address, timeout=LONG) as answer:
            assert b"</html>" in answer.read()
        web.send_signal(number)
        assert web.wait(LONG) == 0
        assert "Traceback" not in web.stderr.read()
        assert program.runs()


def test_a_process_without_weftline_is_refused():
    with running("print('ready', flush=True); input()", before="") as program:
        done = subprocess.run(
            [*COMMAND, "web", str(program.pid)],
            capture_output=True,
            text=True,
            timeout=LONG,
            check=False,
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert "does not run on weftline" in done.stderr
        assert program.runs()


def test_an_event_of_a_process_in_which_nothing_changes_is_small():
    with running(MANY, 1000) as program, served(program.pid) as (address, _):
        with urllib.request.urlopen(f"{address}events", timeout=LONG) as stream:
            sizes = []
            for line in stream:
                if line.startswith(b"data: "):
                    sizes.append(len(line))
                    event = json.loads(line[6:])
                    if len(sizes) > 6:
                        break
        assert event["threads"] == {} and event["parts"] == {}, event
        assert min(sizes) < 400, sizes


@needs_chromium
def test_the_page_tells_the_end_of_the_process_and_of_the_command():
    with watched("starved") as program, opened(program) as (page, _, web):
        os.kill(program.pid, signal.SIGKILL)
        page.until(
            "document.querySelector('#state').innerText.startsWith('the process has ended')"
        )
        assert len(texts(page, "td.name button")) > 0
        web.send_signal(signal.SIGTERM)
        page.until(
            "document.querySelector('#state').innerText.startsWith('weftline web has ended')"
        )
        assert web.wait(LONG) == 0
