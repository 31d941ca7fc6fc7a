"""Finds lines that the table of classes (`tests/classes`) has and another file lacks: the rows of
the documents, the modules and names of the crate, the aliases of the stub, the operations at which
perturbed tests pause.

`make classes` (`table.py --write`) writes them. Also finds files that a row names and that do not
exist. Run by `make lint`.
"""

import ast
import re
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from classes import CLASSES

README = "README.md"
PAGE = "docs/compatibility.md"
CRATE = "crates/weftline/src/lib.rs"
STUB = "python/weftline/_weftline.pyi"
PACKAGE = "python/weftline/__init__.pyi"
MODELS = "crates/weftline/tests/models/main.rs"
SYNC = "crates/weftline/src/sync/mod.rs"
RAW = "crates/weftline/src/sync/raw/mod.rs"
PERTURBED = "python/weftline/_perturb.py"
FILES = (README, PAGE, CRATE, STUB, PACKAGE, MODELS, SYNC, RAW, PERTURBED)
WAITS = "crates/weftline/tests/support/waits.rs"
FOLDERS = {
    "core": ("crates/weftline/src",),
    "binding": ("crates/weftline-python/src", "python/weftline"),
    "tests": ("tests", "crates/weftline/tests"),
}
"""Where the files are that a column names."""


@dataclass(frozen=True)
class Line:
    """A line that belongs into a file, and the beginning by which an older form of it is found."""

    file: str
    begin: str
    text: str
    after: str = ""
    """The line that it follows in a file that has no earlier line of the table."""


def lines(rows):
    """All lines of the table, for each file in the sequence of the rows."""
    for row in rows:
        full = f"{row.module}.{row.name}"
        ours = f"`weftline.{full}`" if row.is_standard else f"`{full}`"
        theirs = f"`{full}`" if row.is_standard else "only here"
        first = f"| {theirs} |" if row.is_standard else f"| {theirs} | {ours} |"
        rust = row.readme or f"`weftline::{row.rust[0]}`"
        yield Line(README, first, f"| {theirs} | {ours} | {rust} |")
        columns = f"{row.core} | {row.binding} | {row.tests} |"
        beyond = f" {row.beyond} |" if row.beyond else " |"
        yield Line(PAGE, f"| `{full}` |", f"| `{full}` | {columns}{beyond}")
        if row.rustdoc:
            python, here = row.rustdoc
            yield Line(CRATE, f"//! | {python} |", f"//! | {python} | {here} |")
        if row.module == "threading" and not row.in_python:
            home = "_thread" if row.name == "RLock" else "_threading"
            yield Line(STUB, f"{row.name} = ", f"{row.name} = {home}.{row.name}")
        if not row.is_standard:
            begin = f"from weftline._weftline import {row.name} as {row.name}"
            after = "from weftline import threading as threading"
            yield Line(PACKAGE, begin, begin, after)


def with_line(text, line, follows):
    """The text with the line: in the place of its older form, or else after the line `follows`."""
    present = text.splitlines()
    if line.text in present:
        return text
    for number, old in enumerate(present):
        if old.startswith(line.begin):
            present[number] = line.text
            break
    else:
        present.insert(present.index(follows) + 1, line.text)
    return "\n".join(present) + "\n"


def with_exports(text, rows):
    """The crate's own file with the list of what it exports of the folder `sync`."""
    names = sorted(
        name for row in rows if row.core.startswith("`sync/") for name in row.rust
    )
    listed = textwrap.fill(
        ", ".join(names) + ",",
        width=100,
        initial_indent="    ",
        subsequent_indent="    ",
    )
    return re.sub(r"pub use sync::\{[^}]*\};", f"pub use sync::{{\n{listed}\n}};", text)


def with_all(text, rows):
    """The package's stub with the list of its public names."""
    names = ["DeadlockError", "install", "installed", "queue", "threading"]
    names += ["uninstall", "watch"]
    names += [row.name for row in rows if not row.is_standard]
    # As the formatter writes a list that is too long for a line.
    listed = "".join(f'    "{name}",\n' for name in sorted(names))
    return re.sub(r"__all__ = \[[^\]]*\]", f"__all__ = [\n{listed}]", text)


def with_models(text, rows):
    """The list of models with those of the rows."""
    present = re.findall(r"^mod (\w+);$", text, re.MULTILINE)
    names = sorted({*present, *(row.model for row in rows if row.model)})
    listed = "".join(f"mod {name};\n" for name in names)
    return re.sub(r"(?:^mod \w+;\n)+", listed, text, flags=re.MULTILINE)


def with_module(text, name, exported, condition=""):
    """A file of modules with that one, and the names that it exports."""
    exported = ", ".join(sorted(exported))
    if "," in exported:
        exported = f"{{{exported}}}"
    declared = rf"^(?:pub )?mod {name};$"
    if re.search(declared, text, re.MULTILINE):
        return text
    for pattern, line in (
        (r"mod (\w+);\n", f"mod {name};\n"),
        (r"pub use (\w+)::(?:\w+|\{[^}]*\});\n", f"pub use {name}::{exported};\n"),
    ):
        whole = rf"^{re.escape(condition)}{pattern}"
        places = list(re.finditer(whole, text, re.MULTILINE))
        at = next((it.start() for it in places if it[1] > name), places[-1].end())
        text = f"{text[:at]}{condition}{line}{text[at:]}"
    return text


def with_operations(text, row):
    """The operations of perturbed tests with those of the class."""
    cls, *operations = row.perturbed
    line = f'    "{cls}": ("{operations[0]}", "{operations[1]}"),\n'
    known = re.search(rf'^    "{cls}": (\([^)]*\)),\n', text, re.MULTILINE)
    if known is None:
        # The last entries are no classes of the table.
        at = text.index("    # `wait` and `as_completed`.\n")
        return text[:at] + line + text[at:]
    if ast.literal_eval(known[1]) == tuple(operations):
        return text
    return text[: known.start()] + line + text[known.end() :]


def complete(texts, rows):
    """The texts of the files, by name, with all that the table has."""
    texts, before = dict(texts), {}
    for line in lines(rows):
        follows = before.get(line.file, line.after)
        texts[line.file] = with_line(texts[line.file], line, follows)
        before[line.file] = line.text
    texts[CRATE] = with_exports(texts[CRATE], rows)
    texts[PACKAGE] = with_all(texts[PACKAGE], rows)
    texts[MODELS] = with_models(texts[MODELS], rows)
    unmodelled = "#[cfg(not(weftline_model))]\n"
    for row in rows:
        if found := re.match(r"`sync/raw/(\w+)\.rs`", row.core):
            raw = row.raw or (f"Raw{row.rust[0]}",)
            texts[RAW] = with_module(texts[RAW], found[1], raw)
            texts[SYNC] = with_module(texts[SYNC], found[1], row.rust, unmodelled)
        if row.perturbed:
            texts[PERTURBED] = with_operations(texts[PERTURBED], row)
    return texts


def missing_files(rows, root):
    """The files that rows name and that do not exist."""
    for row in rows:
        for column, folders in FOLDERS.items():
            for name in re.findall("`([^`]+)`", getattr(row, column)):
                if not any(list((root / folder).glob(name)) for folder in folders):
                    yield f"tests/classes: {row.name}.{column}: there is no `{name}`"
        model = f"{row.model}.rs"
        if row.model and not (root / MODELS).with_name(model).exists():
            yield f"tests/classes: {row.name}.model: there is no `{model}`"


def missing_waits(rows, text):
    """The locks and queues of the crate whose waits the Rust tests lack."""
    for row in rows:
        is_listed = row.core.startswith(("`sync/", "`queue/"))
        if is_listed and not re.search(
            rf"\b{row.rust[0]}(?:::<\w+>|::<\(\)>)?::", text
        ):
            yield f"{WAITS}: lacks `{row.rust[0]}`"


def main(root, write):
    rows = list(CLASSES.values())
    before = {file: (root / file).read_text(encoding="utf-8") for file in FILES}
    after = complete(before, rows)
    found = list(missing_files(rows, root))
    found += missing_waits(rows, (root / WAITS).read_text(encoding="utf-8"))
    for file in FILES:
        if write:
            (root / file).write_text(after[file], encoding="utf-8")
        else:
            lacking = set(after[file].splitlines()) - set(before[file].splitlines())
            found += [f"{file}: lacks `{line}`" for line in sorted(lacking)]
    print(*found, sep="\n", end="\n" if found else "")
    return f"{len(found)} faults: `make classes` writes the lines" if found else None


if __name__ == "__main__":
    sys.exit(main(ROOT, "--write" in sys.argv[1:]))
