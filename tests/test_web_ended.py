"""The page of `weftline web` on waits that have ended: their histograms, and contention."""

import contextlib
import re

import pytest
from support.dumped import running
from support.web import needs_chromium, on_linux, page_of, text, watched

pytestmark = [on_linux, needs_chromium]


@contextlib.contextmanager
def page_of_ended_waits(**options):
    """The page of a server that counts its waits, once it has counted some for a semaphore."""
    with (
        watched("server", WEFTLINE_WATCH="1") as program,
        page_of(program, **options) as page,
    ):
        page.until(
            "model.parts.ended?.kinds.find((it) => it.title === 'Semaphore')?.count > 20"
        )
        yield page


def test_the_contention_of_a_lock_is_a_row():
    with page_of_ended_waits() as page:
        assert text(page, "#ended-about").startswith("Counted for ")
        name, waits, *times = text(page, "#contended tbody tr").split("\t")
        assert name == "Semaphore database connections"
        assert int(waits.replace(",", "")) > 20
        assert times
        for time in times:
            assert re.fullmatch(r"\d+(\.\d)? (µs|ms|s)", time)


def test_a_histogram_is_told_in_words_and_read_bar_by_bar_by_keys():
    chart = (
        "[...document.querySelectorAll('#kinds figure')]"
        ".find((it) => it.querySelector('b').textContent === 'Semaphore')"
        ".querySelector('svg')"
    )
    with page_of_ended_waits() as page:
        label = page.value(f"{chart}.ariaLabel")
        words = (
            r"Semaphore, \d+ waits, mean .+, 0 timed out, 0 interrupted\. By duration: "
        )
        assert re.match(words, label), label
        axis = page.value(
            f"[...{chart}.querySelectorAll('text:not(.now)')].map((it) => it.textContent)"
        )
        marks = ["1 µs", "100 µs", "10 ms", "1 s", "> 33.5 s"]
        assert [it for it in axis if it] == marks
        assert page.value(f"{chart}.tabIndex") == 0
        page.value(f"{chart}.focus()")
        page.press("ArrowRight")
        page.press("ArrowRight")
        page.press("ArrowLeft")
        read = page.value(
            f"{chart}.closest('figure').querySelector('output').textContent"
        )
        assert re.fullmatch(r".+ (µs|ms|s): \d+ waits?", read), read
        # The chart stays and keeps the focus while counts come.
        version = page.value("model.version")
        page.until(f"model.version > {version + 1}")
        assert page.value(f"document.activeElement === {chart}")


# The contrast of a bar and its ground, by the Web Content Accessibility Guidelines.
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


@pytest.mark.parametrize("is_dark", [False, True])
def test_the_bars_of_a_histogram_contrast_with_their_ground(is_dark):
    with page_of_ended_waits(is_dark=is_dark) as page:
        assert page.value(CONTRAST) > 3


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


def test_a_process_that_has_counted_nothing_says_so():
    with running(QUIET) as program, page_of(program) as page:
        assert text(page, "#ended-about").endswith(": none has ended yet.")
        assert page.value("document.getElementById('contended').hidden")
