"""`weftline web`: the page of programs that are deadlocked, starved, busy and large."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import chromium as browser
from support.dumped import LONG, running
from support.traces import Trace, processor

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="processes answer on Linux only"
)

needs_chromium = pytest.mark.skipif(
    bool(browser.why_not()), reason=f"a browser is needed: {browser.why_not()}"
)

WATCHED = Path(__file__).parent / "support" / "watched"

COMMAND = sys.executable, "-m", "weftline"


@contextmanager
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


@contextmanager
def page_of(program, **options):
    """A page that shows a program."""
    with served(program.pid) as (address, _), browser.chromium() as page:
        page.open(address, **options)
        page.until("model.head.is === 'live' && model.version > 1")
        yield page
        assert page.messages == []


@contextmanager
def watched(name, **environment):
    """One of the programs in `support/watched`."""
    command = [*COMMAND, "run", WATCHED / f"{name}.py"]
    with running("", command=command, env=os.environ | environment) as program:
        yield program


def text(page, selector):
    return page.value(f"document.querySelector({selector!r}).innerText")


def texts(page, selector):
    return page.value(
        f"[...document.querySelectorAll({selector!r})].map((it) => it.textContent)"
    )


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


def test_what_runs_without_weftline_is_refused():
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


@needs_chromium
def test_a_deadlock_stands_out():
    with watched("deadlocked") as program, page_of(program) as page:
        page.until("document.querySelector('.verdict.alarm')")
        verdict = text(page, "#verdicts")
        assert "Likely deadlock: 2 threads wait for each other" in verdict
        assert '"to Bob" waits for Lock "account of bob", held by "to Alice"' in verdict
        assert page.value("document.title").startswith("◆ ")
        # Four nodes of the ring, and the workers as one.
        assert page.value("document.querySelectorAll('.node .alarm.body').length") == 4
        assert "8 threads" in texts(page, ".node .name")
        first, second = page.value(
            "[...document.querySelectorAll('#threads-table tbody tr.alarm')].map((it) => it.innerText)"
        )
        assert "to Bob" in first and "account of bob" in first
        assert "to Alice" in second and "deadlocked.py:21 in transfer" in second


@needs_chromium
def test_a_thread_shows_its_stack_and_its_place_in_the_picture():
    with watched("deadlocked") as program, page_of(program) as page:
        page.until("document.querySelectorAll('tr.alarm').length === 2")
        page.click("#threads-table tbody button")
        stack = text(page, "tr.details")
        assert "deadlocked.py:21 in transfer" in stack
        assert "holds Lock account of alice" in stack
        assert texts(page, "#canvas .picked .name") == ["to Bob"]
        # It stays, and keeps the focus, while events come.
        version = page.value("model.version")
        page.until(f"model.version > {version + 1}")
        assert page.value("document.activeElement.textContent") == "to Bob"
        page.press("ArrowDown")
        page.press("Enter")
        page.until(
            "document.querySelector('#canvas .picked .name')?.textContent === 'to Alice'"
        )


@needs_chromium
def test_the_keys_freeze_filter_and_choose():
    with watched("deadlocked") as program, page_of(program) as page:
        page.until("document.querySelectorAll('#threads-table tbody tr').length === 12")
        page.press("/")
        for key in "audit":
            page.press(key)
        assert texts(page, "td.name button") == ["audit"]
        page.press("Escape")
        assert len(texts(page, "td.name button")) == 12
        page.press("p")
        assert text(page, "#state") == "frozen: the process is not asked"
        page.press("p")
        page.until("document.querySelector('#state').innerText.startsWith('live')")
        page.press("?")
        assert page.value("document.getElementById('helping').open")
        page.press("Escape")
        page.until("!document.getElementById('helping').open")
        page.press("t")
        scheme = "getComputedStyle(document.body).backgroundColor"
        dark = page.value(scheme)
        page.press("t")
        assert page.value(scheme) != dark
        # A node of several threads shows these alone.
        page.value(
            "[...document.querySelectorAll('.node')].find((it) => it.textContent.includes('8 threads')).focus()"
        )
        page.press("Enter")
        assert len(texts(page, "td.name button")) == 8


@needs_chromium
def test_the_picture_stays_while_nothing_changes():
    with watched("deadlocked") as program, page_of(program) as page:
        page.until("document.querySelectorAll('.node .alarm.body').length === 4")
        page.value("window.before = document.querySelector('#canvas svg')")
        (waited, *_) = texts(page, "[data-waited]")
        page.until(
            f"document.querySelector('[data-waited]').textContent !== {waited!r}"
        )
        assert page.value("window.before === document.querySelector('#canvas svg')")


@needs_chromium
def test_a_starved_pool_stands_out():
    with watched("starved") as program, page_of(program) as page:
        page.until("document.querySelector('.verdict.alarm')")
        assert "Starved pool: its 4 workers wait for tasks, and 12 tasks wait" in text(
            page, "#verdicts"
        )
        assert "pool 1" in texts(page, ".node .name")
        assert "4 of 4" in text(page, "#pools tbody")
        assert page.value("model.points.at(-1).p['1']") == [4, 4, 12]
        assert "Now pool 1: 12" in page.value(
            "[...document.querySelectorAll('.chart')].map((it) => it.ariaLabel).find((it) => it.startsWith('Waiting tasks'))"
        )


@needs_chromium
def test_a_busy_server_is_fine():
    with watched("server") as program, page_of(program, is_dark=True) as page:
        page.until("model.points.filter((it) => it.p['1']?.[0] > 0).length > 2")
        assert "No deadlock" in text(page, "#verdicts")
        page.until(
            "document.querySelector('#queues tbody')?.innerText.includes('log lines')"
        )
        assert not page.value("document.querySelector('.verdict.alarm')")


@needs_chromium
def test_the_end_of_the_process_and_of_the_command_are_told():
    with (
        watched("starved") as program,
        served(program.pid) as (address, web),
        browser.chromium() as page,
    ):
        page.open(address)
        page.until("model.head.is === 'live'")
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


@needs_chromium
def test_two_hundred_threads_are_legible_and_thousands_usable():
    for count in 200, 3000:
        with running(MANY, count) as program, page_of(program) as page:
            page.until(f"model.threads.size === {count + 1}")
            page.until(f"model.parts.summary.blocked === {count}")
            nodes = texts(page, ".node .name")
            assert len(nodes) < 8 and f"{count // 4} threads" in nodes, nodes
            shown = len(texts(page, "td.name button"))
            assert shown == min(200, count + 1)
            assert page.value("document.getElementById('more').hidden") == (
                shown == count + 1
            )
            # The filter goes through all of them.
            page.press("/")
            for key in f"thread-{count - 1}":
                page.press(key)
            assert texts(page, "td.name button") == [f"thread-{count - 1}"]


HOSTILE = """
import threading, sys
event = threading.Event()
for name in NAMES:
    threading.Thread(target=event.wait, daemon=True, name=name).start()
print("ready", flush=True)
sys.stdin.read()
import os; os._exit(0)
"""


@needs_chromium
def test_names_are_text():
    names = [
        "<script>window.hurt = 1</script>",
        "<img src=x onerror='window.hurt = 2'>",
        "</text></svg><script>window.hurt = 3</script>",
        "\"' onclick=window.hurt=4 x='",
        "&lt;b&gt; ]]> <!--",
        "\u202eright to left\u0000",
        "__proto__",
        "{{nonce}}",
    ]
    with running(f"NAMES = {names!r}\n{HOSTILE}") as program, page_of(program) as page:
        page.until(f"model.threads.size === {len(names) + 1}")
        shown = texts(page, "td.name button")
        assert {it for it in names if "\0" not in it} < set(shown)
        assert (
            page.value(
                "document.querySelectorAll('#canvas script, #canvas img, table img').length"
            )
            == 0
        )
        page.until("model.version > 3")
        assert page.value("window.hurt") is None


@needs_chromium
def test_everything_that_acts_has_a_name_and_is_reached_by_keys():
    with watched("starved") as program, page_of(program) as page:
        page.until("document.querySelector('.node')")
        nameless = page.value(
            "[...document.querySelectorAll('button, a, input, [role=button], [role=img]')]"
            ".filter((it) => !it.hidden && !(it.ariaLabel || it.textContent.trim())).length"
        )
        assert nameless == 0
        # One node of the picture is in the order of the tab key; arrows lead to the others.
        assert (
            page.value("document.querySelectorAll('.node[tabindex=\"0\"]').length") == 1
        )
        assert page.value("document.documentElement.lang") == "en"


CONTRAST = """(() => {
  const light = (text) => {
    const parts = text.match(/[\\d.]+/g).slice(0, 3).map((it) => it / 255);
    const [r, g, b] = parts.map((it) => (it <= 0.04045 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const bar = light(getComputedStyle(document.querySelector("#kinds .column")).fill);
  const ground = light(getComputedStyle(document.getElementById("ended")).backgroundColor);
  return (Math.max(bar, ground) + 0.05) / (Math.min(bar, ground) + 0.05);
})()"""


@needs_chromium
@pytest.mark.parametrize("is_dark", [False, True])
def test_ended_waits_have_histograms_and_locks_their_contention(is_dark):
    with (
        watched("server", WEFTLINE_WATCH="1") as program,
        page_of(program, is_dark=is_dark) as page,
    ):
        page.until(
            "model.parts.ended?.kinds.find((it) => it.title === 'Semaphore')?.count > 20"
        )
        assert text(page, "#ended-about").startswith("Counted for ")
        row = text(page, "#contended tbody tr").split("\t")
        assert row[0] == "Semaphore database connections", row
        assert int(row[1].replace(",", "")) > 20
        assert all(re.fullmatch(r"\d+(\.\d)? (µs|ms|s)", it) for it in row[2:]), row
        # A histogram says in words what it draws, and is read bar by bar by keys.
        chart = (
            "[...document.querySelectorAll('#kinds figure')]"
            ".find((it) => it.querySelector('b').textContent === 'Semaphore')"
            ".querySelector('svg')"
        )
        label = page.value(f"{chart}.ariaLabel")
        words = (
            r"Semaphore, \d+ waits, mean .+, 0 timed out, 0 interrupted\. By duration: "
        )
        assert re.match(words, label), label
        axis = page.value(
            f"[...{chart}.querySelectorAll('text:not(.now)')].map((it) => it.textContent)"
        )
        assert [it for it in axis if it] == [
            "1 µs",
            "100 µs",
            "10 ms",
            "1 s",
            "> 33.5 s",
        ]
        assert page.value(f"{chart}.tabIndex") == 0
        page.value(f"{chart}.focus()")
        page.press("ArrowRight")
        page.press("ArrowRight")
        page.press("ArrowLeft")
        read = page.value(
            f"{chart}.closest('figure').querySelector('output').textContent"
        )
        assert re.fullmatch(r".+ (µs|ms|s): \d+ waits?", read), read
        # It stays and keeps the focus while counts come.
        version = page.value("model.version")
        page.until(f"model.version > {version + 1}")
        assert page.value(f"document.activeElement === {chart}")
        assert page.value(CONTRAST) > 3


@needs_chromium
def test_without_counts_the_page_says_how_to_have_them():
    with watched("starved") as program, page_of(program) as page:
        page.until("!document.getElementById('ended').hidden")
        about = text(page, "#ended-how")
        assert "weftline run --watch or with WEFTLINE_WATCH=1" in about
        assert "weftline.watch.start()" in about
        assert page.value("document.querySelectorAll('#kinds figure').length") == 0
        assert page.value("document.getElementById('contended').hidden")


QUIET = """
import sys
from weftline import watch
watch.start()
print("ready", flush=True)
sys.stdin.read()
"""


@needs_chromium
def test_a_process_that_has_counted_nothing_says_so():
    with running(QUIET) as program, page_of(program) as page:
        assert text(page, "#ended-about").endswith(": none has ended yet.")
        assert page.value("document.getElementById('contended').hidden")


def saved(folder):
    """The files that the browser has saved whole."""
    return [it for it in folder.iterdir() if it.suffix == ".pftrace"]


@needs_chromium
def test_a_key_records_a_timeline_and_the_browser_saves_it(tmp_path):
    with watched("deadlocked") as program, page_of(program) as page:
        page.save_downloads(tmp_path)
        field = "document.getElementById('seconds')"
        assert page.value(f"[{field}.value, {field}.max]") == ["5", "60"]
        # What is no length is not recorded.
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
            assert found == [(len(trace.slices) - len(held(trace)),)]


def held(trace):
    return [it for it in trace.slices if it.category != "wait"]


@needs_chromium
def test_a_recording_is_cancelled_and_what_fails_is_told():
    with (
        watched("deadlocked") as program,
        served(program.pid) as (address, _),
        browser.chromium() as page,
    ):
        page.open(address)
        page.until("model.head.is === 'live'")
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
