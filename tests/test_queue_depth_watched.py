"""How full queues are, where no thread waits at them: on the page, and in a timeline."""

import json
import re

from support.dumped import running
from support.recorded import NOTES
from support.traces import Trace, record
from support.web import needs_chromium, on_linux, page_of, texts

pytestmark = on_linux

# Whose consumer is slow.
GROWING = (
    NOTES
    + """
jobs = watch.name(queue.Queue(maxsize=3_000), "jobs")
def consume():
    while True:
        jobs.get()
        for _ in range(1_000_000):
            pass
def produce():
    while True:
        jobs.put(1)
        time.sleep(0.001)
for _ in range(1_500):
    jobs.put(1)
start("consumer", consume)
start("producer", produce)
run_until_told()
"""
)


def test_a_timeline_has_a_counter_of_the_items():
    with running(GROWING) as program:
        trace = Trace(record(program.pid, "-").stdout)
    values = [value for _, value in trace.counts['Queue "jobs": items']]
    assert len(values) > 1
    assert 1_400 < values[0] < values[-1] <= 3_000
    assert not any(name.endswith("waiting getters") for name in trace.counts)


@needs_chromium
def test_the_page_has_a_line_and_a_column_of_the_items():
    with running(GROWING) as program, page_of(program) as page:
        page.until("model.points.length > 3")
        charts = texts(page, "#lines svg")
        (chart,) = (it for it in charts if it.startswith("In queues"))
        # The names of the axis in few characters.
        assert " k" in chart
        assert re.search(r"jobs \d{4}$", chart), chart
        rows = json.loads(page.value("JSON.stringify(model.parts.queues.rows)"))
        assert [(it["title"], it["capacity"]) for it in rows] == [("jobs", 3_000)]
        cells = texts(page, "#queues tbody td")
        assert re.fullmatch(r"\d{4} of 3000", cells[2]), cells
