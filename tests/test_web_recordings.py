"""The page of `weftline web` records a timeline, which the browser saves."""

import os
import signal
import time
import urllib.error
import urllib.request

import pytest
from support.dumped import LONG
from support.traces import Trace, processor
from support.web import needs_chromium, on_linux, opened, page_of, text, watched

pytestmark = [on_linux, needs_chromium]


def saved(folder):
    """The files that the browser has saved whole."""
    return [it for it in folder.iterdir() if it.suffix == ".pftrace"]


def test_a_key_records_a_timeline_and_the_browser_saves_it(tmp_path):
    with watched("deadlocked") as program, page_of(program) as page:
        page.save_downloads(tmp_path)
        field = "document.getElementById('seconds')"
        assert page.value(f"[{field}.value, {field}.max]") == ["5", "60"]
        # A length over the greatest one is refused.
        page.value(f"{field}.value = 61")
        page.press("r")
        assert (
            page.value("recording === null && document.activeElement.id") == "seconds"
        )
        page.value(f"{field}.value = 1")
        # In the field, letters are no keys of the page.
        page.press("p")
        assert text(page, "#state").startswith("live")
        page.value(f"{field}.blur()")
        page.press("r")
        assert text(page, "#record").startswith("Cancel")
        page.until("document.getElementById('recording').innerText.includes(' kB: ')")
        begun = time.monotonic()
        while not saved(tmp_path):
            assert time.monotonic() - begun < LONG, list(tmp_path.iterdir())
            time.sleep(0.05)
        (file,) = saved(tmp_path)
        assert file.name == f"process-{program.pid}.pftrace"
        trace = Trace(file.read_bytes())
        (wait,) = trace.of("to Bob")
        assert wait.name == 'waits for Lock "account of bob"'
        assert trace.stopped - trace.started >= 1e9
        with processor(file.read_bytes()) as perfetto:
            found = perfetto.query(
                "SELECT count(*) AS n FROM slice WHERE category = 'wait'"
            )
            waits = [it for it in trace.slices if it.category == "wait"]
            assert found == [(len(waits),)]


def test_a_recording_is_cancelled_by_a_key_and_its_failure_is_told():
    with watched("deadlocked") as program, opened(program) as (page, address, _):
        page.value("document.getElementById('seconds').value = 60")
        page.click("#record")
        told = "document.getElementById('recording')"
        page.until(f"{told}.innerText === 'Recording for 60 s'")
        # Another page has to wait.
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{address}record", timeout=LONG)
        assert refused.value.code == 409
        assert b"A recording goes on already" in refused.value.read()
        page.press("r")
        page.until(f"{told}.innerText.startsWith('The recording was cancelled')")
        os.kill(program.pid, signal.SIGKILL)
        program.end()
        page.press("r")
        page.until(f"{told}.classList.contains('alarm')")
        assert "has ended: there is nothing to record" in text(page, "#recording")
        assert page.value(f"{told}.role") == "status"
        page.press("Escape")
        assert page.value(f"{told}.hidden")
