"""Whether a program differs for sure, and the smallest one that still does in the same way."""

import ast
import dataclasses
import re
import time

from fuzz.generate import Program
from fuzz.pair import Ended

TIMES = 4


@dataclasses.dataclass(frozen=True)
class Difference:
    """A program on which the sides differ, and the first step where they do."""

    program: Program
    plain: object
    ours: object
    step: int

    @classmethod
    def of(cls, program, plain, ours):
        """The difference between two outcomes, which is at the first step that is not the same."""
        pairs = enumerate(zip(plain, ours, strict=False))
        same = min(len(plain), len(ours))
        step = next((number for number, (a, b) in pairs if a != b), same)
        return cls(program, plain, ours, step)

    @property
    def source(self):
        steps = self.program.steps
        if any(said.startswith(("at the end: ", "events: ")) for said in self.said):
            return "the end"
        return steps[self.step] if self.step < len(steps) else "the end"

    @property
    def said(self):
        """The answer of each side to that step."""
        return tuple(
            side.how
            if isinstance(side, Ended)
            else (side[self.step] if self.step < len(side) else "")
            for side in (self.plain, self.ours)
        )


def differs(pair, program):
    """How the sides differ, or None: no run of one side is as a run of the other."""
    plain, ours = pair.outcomes(program, 2)
    if isinstance(plain, Ended):
        # The standard library itself crashes or hangs, as some versions of it do: nothing to
        # compare with.
        return None
    if isinstance(ours, Ended):
        return Difference(program, _first(plain), _first(ours), 1 << 30)
    if not _disjoint(plain, ours):
        return None
    if (
        program.threaded
        or program.shape
        or len({*map(tuple, plain), *map(tuple, ours)}) > 2
    ):
        more = pair.outcomes(program, TIMES)
        if not any(isinstance(side, Ended) for side in more):
            plain, ours = plain + more[0], ours + more[1]
            if not _disjoint(plain, ours):
                return None
    return Difference.of(program, plain[0], ours[0])


def _disjoint(plain, ours):
    return {*map(tuple, plain)}.isdisjoint(map(tuple, ours))


def _first(side):
    return side if isinstance(side, Ended) else side[0]


_WORDS = re.compile(r"[A-Za-z_][A-Za-z_0-9.]*|!|\d+")
_VARIABLE = re.compile(r"\b(?:a|b|v\d|S[ab])\b")


def signature(difference):
    """The kind of the difference: the step without its numbers, and the answer of each side."""
    source = difference.source
    if source.startswith("class "):
        source = "class …"
    source = re.sub(r"(?<=\()[^()]*(?:\([^()]*\)[^()]*)*(?=\))", "…", source)
    made = {
        kind
        for step in difference.program.steps
        for kind in re.findall(
            r"(?:threading|queue|futures)\.([A-Z]\w+|local)\b",
            step.split("(")[0] if "=" in step.split("(")[0] else "",
        )
    }
    base = next(iter(sorted(made)), "") if len(made) < 2 else ""
    said = [
        re.sub(r"\d+", "N", " ".join(_WORDS.findall(text.replace("odd", ""))[:7]))
        for text in difference.said
    ]
    return f"{difference.program.shape or base} | {_VARIABLE.sub('v', source)} | {said[0]} | {said[1]}"


def shrunk(pair, difference, kind, ends=float("inf"), budget=80, known=lambda _: None):
    """The smallest program found before `ends` that differs alike: fewer steps, plainer arguments.

    A smaller program whose difference is `known` is another one.
    """
    if difference.program.shape:
        return difference
    best = difference
    tries = 0
    cut = best.program.steps[: best.step + 1]
    again = True
    todo = [cut] if len(cut) < len(best.program.steps) else []
    while again and tries < budget and time.monotonic() < ends:
        again = False
        for steps in [*todo, *smaller(best.program.steps)]:
            tries += 1
            if tries > budget or time.monotonic() > ends:
                break
            found = differs(pair, dataclasses.replace(best.program, steps=tuple(steps)))
            alike = found is not None and _alike(signature(found), kind)
            if alike and known(found) is None:
                best, again = found, True
                break
        todo = []
    return best


def _alike(one, other):
    return one.split(" | ")[2:] == other.split(" | ")[2:]


def smaller(steps):
    """Programs a little smaller than `steps`, most promising first."""
    for size in (len(steps) // 2, 2, 1):
        if size:
            for at in range(len(steps) - size, -1, -size):
                yield steps[:at] + steps[at + size :]
    for number, step in enumerate(steps):
        for simpler in _simpler(step):
            yield (*steps[:number], simpler, *steps[number + 1 :])


def _simpler(step):
    """The step with an argument or a statement less, or a plainer one."""
    tree = ast.parse(step)
    derives = step.startswith("class ")
    for node in ast.walk(tree):
        # If no step waits for a timer, time decides the outcome.
        fixed = derives or step.startswith("joined(")
        if isinstance(node, ast.Call) and not fixed:
            for arguments in (node.args, node.keywords):
                for at in range(len(arguments) - 1, -1, -1):
                    kept = arguments.pop(at)
                    yield ast.unparse(tree)
                    arguments.insert(at, kept)
            for at, argument in enumerate(node.args):
                if not isinstance(argument, (ast.Constant, ast.Name)):
                    for plain in (1, None):
                        node.args[at] = ast.Constant(plain)
                        yield ast.unparse(tree)
                    node.args[at] = argument
        if isinstance(node, ast.ClassDef) and len(node.body) > 1:
            for at in range(len(node.body)):
                kept = node.body.pop(at)
                yield ast.unparse(tree)
                node.body.insert(at, kept)
