"""Finds comments, documents and names of tests that are not in the project's plain language.

Two rules: no line of a comment or document is over 100 columns, and none has a word of `words.txt`.
Code is exempt: that in documents, in back quotes, and the programs' own output. So are the rows of
tables. Run by `make lint`, or with files as arguments.
"""

import ast
import io
import re
import subprocess
import sys
import tokenize
from pathlib import Path

COLUMNS = 100
HERE = Path(__file__).parent
ROOT = HERE.parents[1]
KINDS = ("*.rs", "*.py", "*.pyi", "*.md", "*.toml", "*.yml", "Makefile", ".ci/*")


def words():
    """The patterns of `words.txt`, each with what to write instead."""
    lines = (HERE / "words.txt").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if line and not line.startswith("#"):
            pattern, instead = line.split("\t")
            yield (
                re.compile(rf"(?<![\w'-])(?:{pattern})(?![\w'-])", re.IGNORECASE),
                instead,
            )


def of_document(text):
    """The lines of a document that are prose, with their numbers."""
    in_code = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith(("```", "~~~")):
            in_code = not in_code
        elif not in_code and not line.startswith("<"):
            yield number, line, line


def of_rust(text):
    """The comments of a Rust file, and the names of its functions."""
    in_code = False
    for number, line in enumerate(text.splitlines(), 1):
        comment = re.match(r"\s*//[/!]?(.*)", line)
        if comment is None:
            in_code = False
            name = re.match(r"\s*(?:pub(?:\([^)]*\))? )?(?:unsafe )?fn (\w+)", line)
            if name:
                yield number, "", name[1].replace("_", " ")
            behind = re.search(r"[;{},] // (.*)", line)
            if behind:
                yield number, "", behind[1]
        elif comment[1].lstrip().startswith("```"):
            in_code = not in_code
        elif not in_code:
            yield number, line, comment[1]


def of_python(text):
    """The comments and docstrings of a Python file, and the names of its functions."""
    lines = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and "noqa" not in token.string:
            yield token.start[0], lines[token.start[0] - 1], token.string
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, "", node.name.replace("_", " ")
        has_text = ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef
        if isinstance(node, has_text) and ast.get_docstring(node, clean=False):
            for number in range(node.body[0].lineno, node.body[0].end_lineno + 1):
                yield number, lines[number - 1], lines[number - 1]


def of_settings(text):
    """The comments of a Makefile, a script or a file of settings."""
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(r"\s*#[^!]", line):
            yield number, line, line


READERS = {".md": of_document, ".rs": of_rust, ".py": of_python, ".pyi": of_python}


def faults(path, banned):
    """What is wrong in the file, each as a line of a report."""
    text = path.read_text(encoding="utf-8")
    where = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    for number, line, prose in READERS.get(path.suffix, of_settings)(text):
        is_row = re.match(r"\s*(?://[/!]?|#)?\s*\|", line)
        # A command or an address cannot be wrapped.
        is_whole = re.match(r"\s*(?://[/!]?|#)?\s*(?:\$ |\S+$)", line)
        if len(line) > COLUMNS and not is_row and not is_whole:
            yield f"{where}:{number}: {len(line)} columns, the most are {COLUMNS}"
        plain = re.sub(r"`[^`]*`", "``", prose)
        for pattern, instead in banned:
            for found in pattern.finditer(plain):
                yield f"{where}:{number}: '{found[0]}': write {instead}"


def tracked():
    """The files that hold text of the project, new ones among them."""
    chosen = "--cached", "--others", "--exclude-standard"
    command = "git", "-C", ROOT, "ls-files", "-z", *chosen, "--", *KINDS
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    names = [name for name in listed.split("\0") if name]
    return [ROOT / name for name in names if (ROOT / name).exists()]


def main(arguments):
    banned = list(words())
    paths = [Path(name).resolve() for name in arguments] or tracked()
    found = [fault for path in paths if path.exists() for fault in faults(path, banned)]
    print(*found, sep="\n", end="\n" if found else "")
    return (
        f"{len(found)} faults of language: CONTRIBUTING.md has the rules"
        if found
        else None
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
