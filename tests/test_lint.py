"""The project's own lints find what they are for, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

LINTS = Path(__file__).parent / "lint"


def run(lint, *arguments):
    command = [sys.executable, LINTS / lint, *arguments]
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False
    )
    return ended.returncode, ended.stdout


LONG = "word " * 25


@pytest.mark.parametrize(
    ("name", "text", "finds"),
    [
        ("a.rs", "/// The lock of the thread who waits.\n", "'who'"),
        ("a.rs", "let a = 1; // Somebody waits.\n", "'Somebody'"),
        ("a.rs", "fn whoever_waits_is_woken() {}\n", "'whoever'"),
        ("a.rs", f"// {LONG}\n", "columns"),
        ("a.py", '"""Tells who waits."""\n', "'who'"),
        ("a.py", "x = 1  # nobody waits\n", "'nobody'"),
        ("a.py", "def test_who_waits(): pass\n", "'who'"),
        ("a.py", f'def f():\n    """It.\n\n    {LONG}\n    """\n', "columns"),
        ("a.md", "The heirs of a lock.\n", "'heirs'"),
        ("a.md", f"- {LONG}\n", "columns"),
        ("a.toml", "# The keeper of a parcel.\n", "'parcel'"),
        ("a.yml", "# Tests for whoever pushes.\n", "'whoever'"),
    ],
)
def test_a_word_or_a_long_line_is_found(tmp_path, name, text, finds):
    (tmp_path / name).write_text(text)
    status, output = run("language.py", tmp_path / name)
    assert status == 1
    assert f"{name}:" in output
    assert finds in output


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.rs", "/// The `who` of a record.\n"),
        ("a.rs", f'let a = "who waits {LONG}";\n'),
        ("a.rs", f"//! | {LONG} |\n"),
        ("a.rs", f"/// ```\n/// let nobody = {LONG};\n/// ```\n"),
        ("a.py", "who = 'somebody'\n"),
        ("a.md", f"```\n{LONG} who\n```\n"),
        ("a.md", f"| a table | {LONG} |\n"),
        ("a.md", "The whole of it; whose lock it is.\n"),
    ],
)
def test_code_and_tables_are_exempt(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert run("language.py", tmp_path / name) == (0, "")


@pytest.mark.parametrize(
    ("name", "text", "finds"),
    [
        ("park/a.rs", "use crate::sync::Lock;\n", "not below"),
        (
            "thread/a.rs",
            "use crate::{\n    park::Parker,\n    queue::Queue,\n};\n",
            "queue",
        ),
        ("queue/a.rs", "fn f() { crate::thread::spawn(g); }\n", "thread"),
        ("executor/a.rs", "use crate::TimedOut;\n", "lib.rs"),
        ("cellar/a.rs", "use crate::park::Parker;\n", "no floor"),
        (
            "sync/a.rs",
            "#[cfg(test)]\nmod tests;\n#[cfg(test)]\nfn g() {}\nuse crate::queue::Queue;\n",
            "queue",
        ),
    ],
)
def test_an_arrow_that_does_not_run_down_is_found(tmp_path, name, text, finds):
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).write_text(text)
    status, output = run("floors.py", tmp_path)
    assert status == 1
    assert output.startswith(f"{name}:")
    assert finds in output


def test_arrows_that_run_down_are_none(tmp_path):
    (tmp_path / "executor").mkdir()
    text = "// use crate::process::Process;\nuse crate::{error::TimedOut, thread::{spawn, Thread}};\n"
    (tmp_path / "executor/a.rs").write_text(text)
    (tmp_path / "lib.rs").write_text("pub use crate::executor::Executor;\n")
    assert run("floors.py", tmp_path) == (0, "")


def crate(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("files", "finds"),
    [
        (
            {"a.rs": "use crate::b::B;\n", "b.rs": "fn f() { crate::a::g(); }\n"},
            ["a uses b", "b uses a"],
        ),
        (
            {
                "x/mod.rs": "mod a;\nmod b;\nmod c;\npub use c::{self as see, C};\n",
                "x/a.rs": "use super::{b::B, d};\n",
                "x/b.rs": "use super::C;\n",
                "x/c.rs": "use crate::x::a::{A, B as D};\n",
            },
            ["x/a uses x/b", "x/b uses x/c", "x/c uses x/a"],
        ),
        (
            {
                "x/mod.rs": "mod a;\n#[cfg(test)]\nmod tests;\npub use a::A;\nmod b;\n",
                "x/a.rs": "mod inner {\n    use super::super::b::B;\n}\n",
                "x/b.rs": "use super::A;\n",
            },
            ["x/a uses x/b", "x/b uses x/a"],
        ),
    ],
)
def test_files_that_use_each_other_are_found(tmp_path, files, finds):
    status, output = run("circles.py", crate(tmp_path, files))
    assert status == 1
    for arrow in finds:
        assert arrow in output


def test_files_that_only_tests_and_comments_lead_back_to_are_no_circle(tmp_path):
    files = {
        "x/mod.rs": "mod a;\nmod b;\npub use a::A;\n",
        "x/a.rs": "use super::b::B;\n",
        "x/b.rs": "// use super::a::A;\n#[cfg(test)]\nmod tests { use crate::x::A; }\n",
    }
    assert run("circles.py", crate(tmp_path, files)) == (0, "")
