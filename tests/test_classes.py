"""The table of classes is whole: every place that lists classes knows each row."""

import dataclasses
import inspect
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import weftline
from classes import CLASSES, STANDARD_MODULES, standard
from fuzz.kinds import KINDS
from support.blocking import BLOCKING
from support.chains import LINKS
from support.hammers import KINDS as HAMMERED
from support.target import MODULES, ours_only
from weftline import _mocks, _weftline
from weftline.bench import contestants

ROOT = Path(__file__).resolve().parents[1]
LINT = ROOT / "tests" / "lint" / "table.py"

COMPARED = {"parts", "calls", "replaceable", "left_out", "make_anew", "work", "read"}
"""The columns of the tests that compare with the standard library."""


@pytest.mark.parametrize("name", CLASSES)
def test_a_column_is_filled_or_has_its_reason(name):
    row = CLASSES[name]
    columns = {
        field.name
        for field in dataclasses.fields(row)
        if field.default is None and field.name not in ("rustdoc", "new_alone")
    }
    empty = {column for column in columns if getattr(row, column) is None}
    reasons = set(row.without) | (set() if row.is_standard else COMPARED)
    assert empty <= reasons
    assert set(row.without) <= empty
    assert all(row.without.values())


@pytest.mark.parametrize("name", CLASSES)
def test_every_suite_has_the_class(name):
    row = CLASSES[name]
    assert set(row.waits or ()) <= set(BLOCKING)
    assert set(row.hammered or ()) <= set(HAMMERED)
    assert set(row.links or ()) <= set(LINKS)
    assert row.waits is None or any(wait.timed for wait in row.waits.values())


@ours_only
@pytest.mark.parametrize("name", CLASSES)
def test_the_package_has_the_class(name):
    row = CLASSES[name]
    thing = row.new(MODULES)
    if row.is_standard:
        assert type(thing) is not type(row.new(STANDARD_MODULES))
    else:
        assert name in weftline.__all__
    if not row.in_python:
        assert isinstance(thing, vars(_weftline)["lock" if name == "Lock" else name])
    if not row.in_c and not row.in_python:
        assert issubclass(type(thing), _mocks._CLASSES)
    assert inspect.getdoc(type(thing))


@pytest.mark.parametrize("name", standard())
def test_the_fuzzer_and_the_benchmark_have_the_class(name):
    assert name in {kind.cls.rpartition(".")[2] for kind in KINDS}
    assert name in contestants.ours().classes


def test_rows_that_are_read_by_kind_are_of_that_kind():
    assert {"Lock", "RLock", "Semaphore", "BoundedSemaphore"} <= set(contestants.LOCKS)
    assert set(contestants.QUEUES) == {
        name for name, row in CLASSES.items() if row.module == "queue"
    }
    assert set(contestants.LOCKS).isdisjoint(contestants.QUEUES)


def test_the_documents_the_stub_and_the_crate_have_the_lines_of_the_table():
    ended = subprocess.run(
        [sys.executable, LINT], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, "")


LATCH = dataclasses.replace(
    CLASSES["Barrier"],
    name="Latch",
    rust=("Latch", "LatchGuard"),
    rustdoc=("`threading.Latch`", "[`Latch`]"),
    core="`sync/raw/latch.rs`",
)
PLACES = {
    "README.md": "| `threading.Latch` | `weftline.threading.Latch` | `weftline::Latch` |",
    "docs/compatibility.md": "| `threading.Latch` | `sync/raw/latch.rs` |",
    "crates/weftline/src/lib.rs": "//! | `threading.Latch` | [`Latch`] |",
    "python/weftline/_weftline.pyi": "Latch = _threading.Latch",
}


@pytest.mark.parametrize("module", ["threading", "weftline"])
def test_a_new_row_gets_its_line_in_every_place(module):
    lint = runpy.run_path(str(LINT))
    texts = {file: (ROOT / file).read_text() for file in lint["FILES"]}
    latch = dataclasses.replace(LATCH, module=module)
    rows = list(CLASSES.values())
    rows.insert(rows.index(CLASSES["Barrier"]) + 1, latch)
    after = lint["complete"](texts, rows)
    if module == "threading":
        for file, line in PLACES.items():
            assert line not in texts[file]
            assert line in after[file]
            assert after[file].index("Barrier") < after[file].index(line)
    else:
        line = "| only here | `weftline.Latch` | `weftline::Latch` |"
        assert line in after["README.md"]
        stub = after["python/weftline/__init__.pyi"]
        assert "from weftline._weftline import Latch as Latch\n" in stub
        assert '"uninstall", "Latch"]' in stub
        assert "Latch = " not in after["python/weftline/_weftline.pyi"]
    crate = after["crates/weftline/src/lib.rs"]
    assert "Event, Latch, LatchGuard, Lock," in " ".join(crate.split())
    assert lint["complete"](after, rows) == after
    assert list(lint["missing_files"]([latch], ROOT)) == [
        "tests/classes: Latch.core: there is no `sync/raw/latch.rs`"
    ]


def test_an_older_line_is_replaced():
    lint = runpy.run_path(str(LINT))
    texts = {file: (ROOT / file).read_text() for file in lint["FILES"]}
    barrier = dataclasses.replace(CLASSES["Barrier"], beyond="more than before")
    after = lint["complete"](texts, [barrier])
    page = after["docs/compatibility.md"]
    assert page.count("| `threading.Barrier` |") == 1
    assert "| more than before |" in page
