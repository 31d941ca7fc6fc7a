"""The exporters of docs/seeing.md, with the real client libraries."""

import re
from pathlib import Path

from support.programs import run

SEEING = Path(__file__).resolve().parents[2] / "docs" / "seeing.md"

WORKS = """
import threading
import weftline

weftline.install()
{exporter}
assert not threading.Semaphore(0).acquire(timeout=0.003)
assert not threading.Semaphore(0).acquire(timeout=0.003)
waiting = threading.Lock()
waiting.acquire()
other = threading.Thread(target=waiting.acquire, daemon=True)
other.start()
while watch.metrics()["blocked"].get("Lock") != 1:
    pass
{check}
waiting.release()
other.join()
"""


def printed(title, check):
    """What the program prints that has the exporter under that line of the document."""
    text = SEEING.read_text(encoding="utf-8")
    exporter = re.search(
        rf"^For {title}:\n\n```python\n(.*?)```", text, re.DOTALL | re.MULTILINE
    )
    return run(WORKS.format(exporter=exporter[1], check=check))


def test_prometheus():
    text = printed(
        "Prometheus",
        "from prometheus_client import generate_latest\nprint(generate_latest().decode())",
    )
    assert 'weftline_blocked{kind="Lock"} 1.0' in text
    assert 'weftline_wait_seconds_count{kind="Semaphore"} 2.0' in text
    assert 'weftline_wait_seconds_bucket{kind="Semaphore",le="+Inf"} 2.0' in text
    assert 'weftline_wait_seconds_bucket{kind="Semaphore",le="0.001024"} 0.0' in text


def test_opentelemetry():
    setup = """
from opentelemetry.metrics import set_meter_provider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
reader = InMemoryMetricReader()
set_meter_provider(MeterProvider([reader]))
"""
    check = """
for scope in reader.get_metrics_data().resource_metrics[0].scope_metrics:
    for metric in scope.metrics:
        for point in metric.data.data_points:
            print(metric.name, metric.unit, dict(point.attributes)["kind"], point.value)
"""
    lines = printed("OpenTelemetry", setup + check).splitlines()
    assert "weftline.blocked  Lock 1" in lines
    assert "weftline.waits  Semaphore 2" in lines
    [time] = [
        line for line in lines if line.startswith("weftline.wait.time s Semaphore ")
    ]
    assert 0.005 < float(time.rsplit(" ", 1)[1]) < 60
