"""The table of classes is whole: every place that lists classes knows each row."""

import dataclasses
import inspect
import re
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
        if field.default is None
        and field.name not in ("rustdoc", "new_alone", "fuzzed")
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
    raw=("RawLatch", "LatchError"),
    perturbed=("Latch", "wait", "arrive"),
    model="latch",
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
        assert '    "Latch",\n    "RWLock",\n    "install",\n' in stub
        assert "Latch = " not in after["python/weftline/_weftline.pyi"]
    crate = after["crates/weftline/src/lib.rs"]
    assert "Event, Latch, LatchGuard, Lock," in " ".join(crate.split())
    assert lint["complete"](after, rows) == after
    assert "mod future;\nmod latch;\nmod list;\n" in after[lint["MODELS"]]
    assert "\nmod latch;\nmod lock;\n" in after[lint["RAW"]]
    raw = "\npub use latch::{LatchError, RawLatch};\npub use lock::RawLock;\n"
    assert raw in after[lint["RAW"]]
    for line in ("mod latch;", "pub use latch::{Latch, LatchGuard};"):
        assert f"\n#[cfg(not(weftline_model))]\n{line}\n#[cfg(" in after[lint["SYNC"]]
    assert '\n    "Latch": ("wait", "arrive"),\n' in after[lint["PERTURBED"]]
    assert list(lint["missing_files"]([latch], ROOT)) == [
        "tests/classes: Latch.core: there is no `sync/raw/latch.rs`",
        "tests/classes: Latch.model: there is no `latch.rs`",
    ]
    waits = (ROOT / lint["WAITS"]).read_text()
    assert list(lint["missing_waits"](rows, waits)) == [
        f"{lint['WAITS']}: lacks `Latch`"
    ]


def test_an_older_line_is_replaced():
    lint = runpy.run_path(str(LINT))
    texts = {file: (ROOT / file).read_text() for file in lint["FILES"]}
    barrier = dataclasses.replace(
        CLASSES["Barrier"],
        beyond="more than before",
        perturbed=("Barrier", "wait", "abort"),
    )
    after = lint["complete"](texts, [barrier])
    page = after["docs/compatibility.md"]
    assert page.count("| `threading.Barrier` |") == 1
    assert "| more than before |" in page
    perturbed = after[lint["PERTURBED"]]
    assert '"Barrier": ("wait", "abort"),' in perturbed
    assert "reset" not in perturbed


NAMES = ("Lock", "RLock", "Condition", "Event", "Semaphore", "BoundedSemaphore")
SPECIAL = {
    "crates/weftline/tests": {
        *("auto_traits.rs", "support/waits.rs", "fork/objects.rs", "cases/subjects.rs"),
        *("properties/meetings.rs", "properties/processes.rs"),
        *(
            "process_deaths/objects.rs",
            "process_tampering/objects.rs",
            "watch/waits.rs",
        ),
    },
    "python/weftline": {"_weftline.pyi", "bench/rows.py"},
    "tests": {
        *("classes/__init__.py", "cpython/driver.py", "test_cases.py", "test_fork.py"),
        *("test_gc.py", "test_classes.py", "support/deep_threading.py"),
        *("fuzz/corpus/attributes.json", "fuzz/kinds/locks.py", "fuzz/shapes_locks.py"),
        *("test_inside_alike.py", "fuzz/arguments.py"),
        *("test_dump.py", "support/dump_storm.py"),
    },
}
"""Files with a scenario for each of many classes, which a new class may do without."""


@pytest.mark.parametrize("folder", SPECIAL)
def test_no_other_file_lists_the_classes(folder):
    found = {
        str(path.relative_to(ROOT / folder))
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".pyi", ".rs", ".toml", ".json")
        and all(re.search(rf"\b{name}\b", path.read_text()) for name in NAMES)
    }
    assert found <= SPECIAL[folder], "take the classes from tests/classes"


def test_a_class_has_at_most_twelve_files_by_hand():
    page = (ROOT / "CONTRIBUTING.md").read_text()
    table = page.partition("what it has of the class")[2].partition("\n\n")[0]
    listed = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)
    assert 0 < len(listed) <= 12
    assert [name for name in listed if not (ROOT / name).is_file()] == []
