"""Finds files of a crate that use each other, directly or over other files.

A file that is in a circle can be read only together with all others of it. Methods of one type in
several files may call each other, and are not seen here. The arrows come from the paths in the
code: `use` lines, paths that begin with `crate`, `self` or `super`, and those that begin with a
file below. A name that a `mod.rs` re-exports leads to the file that defines it. Run by `make lint`.
"""

import re
import sys
from pathlib import Path

from floors import SOURCE, code_of

CRATES = SOURCE.parents[1]
SOURCES = SOURCE, CRATES / "weftline-python/src", CRATES / "weftline-console/src"

USE = re.compile(r"^\s*(pub(?:\([^)]*\))?\s+)?use\s+([^;]+);", re.MULTILINE)
PATH = re.compile(r"(?<![\w:])((?:crate|super|self)(?:::\w+)+)")
VISIBLE = re.compile(r"\bpub\([^)]*\)")
CALLED = re.compile(r"(?<![\w:])([a-z]\w*(?:::\w+)+)")


def paths_of(tree):
    """The paths of a `use` tree: of `a::{b, c::d}` they are `a::b` and `a::c::d`."""
    tree = re.sub(r"\s+as\s+\w+", "", tree.strip())
    group = re.match(r"((?:\w+::)*)\{(.*)\}$", tree, re.DOTALL)
    if group is None:
        yield tuple(tree.split("::"))
        return
    part, depth = "", 0
    for letter in group[2] + ",":
        if letter == "," and depth == 0:
            if part.strip():
                yield from paths_of(group[1] + part.strip())
            part = ""
            continue
        depth += (letter == "{") - (letter == "}")
        part += letter


def from_the_file(code):
    """The code, with the paths of its inline modules as the file itself would write them."""

    def shifted(block):
        return re.sub(
            r"(?<![\w:])(?:(super::)(?=super::)|super::)",
            lambda path: "" if path[1] else "self::",
            block[0],
        )

    return re.sub(
        r"^( *)(?:pub(?:\([^)]*\))? )?mod \w+ \{\n.*?^\1\}",
        shifted,
        code,
        flags=re.MULTILINE | re.DOTALL,
    )


class Crate:
    """The modules of a crate, as tuples of names, and what each of them uses."""

    def __init__(self, source):
        self.files, self.uses, self.arrows = {}, {}, {}
        for path in sorted(source.rglob("*.rs")):
            parts = path.relative_to(source).with_suffix("").parts
            module = parts[:-1] if parts[-1] in ("mod", "lib") else parts
            self.files[module] = path
        inline = {}
        for module, path in self.files.items():
            code = from_the_file(code_of(path.read_text(encoding="utf-8")))
            found = [(bool(use[1]), use[2]) for use in USE.finditer(code)]
            self.uses[module] = [
                (is_public, path)
                for is_public, tree in found
                for path in paths_of(tree)
            ]
            rest = VISIBLE.sub("", USE.sub("", code))
            inline[module] = [tuple(path.split("::")) for path in PATH.findall(rest)]
            children = {it[-1] for it in self.files if it and it[:-1] == module}
            paths = (tuple(path.split("::")) for path in CALLED.findall(rest))
            inline[module] += [path for path in paths if path[0] in children]
        for module in self.files:
            # What a folder offers is in files below; it does not use them.
            used = [
                path
                for is_public, path in self.uses[module]
                if not (is_public and self.files[module].stem in ("mod", "lib"))
            ]
            targets = {self.owner(module, path) for path in used + inline[module]}
            self.arrows[module] = targets - {None, module, ()}

    def owner(self, module, path, depth=0):
        """The module that defines the name of a path; None outside the crate."""
        first = path[0]
        if first == "crate":
            base, path = (), path[1:]
        elif first == "self":
            base, path = module, path[1:]
        elif first == "super":
            base = module
            while path and path[0] == "super":
                base, path = base[:-1], path[1:]
        elif (*module, first) in self.files:
            base = module
        else:
            return None
        while path and (*base, path[0]) in self.files:
            base, path = (*base, path[0]), path[1:]
        if path and depth < len(self.files):
            for _, offered in self.uses[base]:
                if offered[-1] == path[0] and offered != path:
                    found = self.owner(base, offered, depth + 1)
                    if found is not None:
                        return found
        return base

    def reached(self, module):
        """All modules that a module uses, also over others."""
        seen, left = set(), [module]
        while left:
            for target in self.arrows[left.pop()]:
                if target not in seen:
                    seen.add(target)
                    left.append(target)
        return seen

    def circles(self):
        """The groups of modules that all reach each other."""
        reached = {module: self.reached(module) for module in self.files}
        in_circle = {module for module in self.files if module in reached[module]}
        while in_circle:
            module = min(in_circle)
            circle = {other for other in reached[module] if module in reached[other]}
            yield sorted(circle)
            in_circle -= circle


def main(sources):
    found = 0
    for source in sources:
        crate = Crate(source)
        for circle in crate.circles():
            found += 1
            print("a circle:")
            for module in circle:
                others = [
                    "/".join(to) for to in sorted(crate.arrows[module]) if to in circle
                ]
                print(f"    {'/'.join(module)} uses {', '.join(others)}")
    return f"{found} circles of files" if found else None


if __name__ == "__main__":
    sys.exit(main([Path(path).resolve() for path in sys.argv[1:]] or SOURCES))
