"""Sequential programs from a seed: an object or two, some steps, and an inspection at the end."""

import dataclasses
import random
import string

from fuzz.arguments import POOLS
from fuzz.kinds import KINDS, anything


@dataclasses.dataclass(frozen=True)
class Program:
    """Steps of source text; of a concurrent program its shape and numbers instead."""

    steps: tuple = ()
    threaded: bool = False
    shape: str = ""
    settings: tuple = ()

    def to_json(self):
        if self.shape:
            return {"shape": self.shape, "settings": dict(self.settings)}
        told = {"steps": list(self.steps)}
        return {**told, "threaded": True} if self.threaded else told

    @classmethod
    def from_json(cls, told):
        return cls(
            tuple(told.get("steps", ())),
            told.get("threaded", "shape" in told),
            told.get("shape", ""),
            tuple(told.get("settings", {}).items()),
        )


class Template:
    """Source text with holes, split once."""

    def __init__(self, text):
        self.parts = [
            (literal, hole) for literal, hole, _, _ in string.Formatter().parse(text)
        ]

    def filled(self, fill):
        return "".join(
            [
                literal if hole is None else literal + fill(hole)
                for literal, hole in self.parts
            ]
        )


_STEPS = {kind: [Template(step) for step in kind.steps] for kind in KINDS}
_MAKES = {kind: [Template(step) for step in kind.make] for kind in KINDS}
_SEEN = {kind: [Template(step) for step in kind.seen] for kind in KINDS}
_ANYTHING = [Template(step) for step in anything.STEPS]
_BODIES = [Template(body) for body in anything.BODIES]
_EXTRAS = [Template(body) for body in anything.EXTRAS]


class _Maker:
    """Makes one program."""

    def __init__(self, seed):
        self.random = random.Random(seed).random
        self.objects = {}
        self.steps = []

    def pick(self, choices):
        return choices[int(self.random() * len(choices))]

    def fill(self, hole):
        """The text for the hole, for the object of the step."""
        pool = POOLS.get(hole)
        if pool is not None:
            return self.pick(pool)
        kind = self.objects[self.about]
        if hole == "v":
            return self.about
        if hole == "w":
            return self.pick(list(self.objects))
        if hole == "n":
            new = f"v{len(self.objects) + 1}"
            self.objects[new] = kind
            return new
        if hole == "m":
            return self.method
        if hole == "name":
            return self.pick(kind.names)
        if hole == "method":
            return self.pick(kind.methods)
        if hole == "args":
            return self.pick(_MAKES[kind]).filled(self.fill)
        if hole == "cls":
            return self.pick(KINDS).cls if self.random() < 0.2 else kind.cls
        raise LookupError(hole)

    def make(self, kind, name, derived):
        self.about, self.objects[name] = name, kind
        cls = kind.cls
        if derived:
            cls = f"S{name}"
            self.steps.append(self.derived(kind, cls))
        arguments = self.pick(_MAKES[kind]).filled(self.fill)
        self.steps.append(f"{name} = {cls}({arguments})")

    def derived(self, kind, cls):
        """A subclass with one or two methods of its own."""
        lines = [f"class {cls}({kind.cls}):"]
        for _ in range(1 + (self.random() < 0.3)):
            if self.random() < 0.65:
                self.method = self.pick(kind.methods)
                body = self.pick(_BODIES).filled(self.fill)
                lines.append(f"    def {self.method}(self, *a, **k): {body}")
            else:
                lines.append("    " + self.pick(_EXTRAS).filled(self.fill))
        return "\n".join(lines).replace("return (S, ())", f"return ({cls}, ())")

    def program(self):
        kind = self.pick(KINDS)
        self.make(kind, "a", kind.base and self.random() < 0.3)
        if self.random() < 0.25:
            other = kind if self.random() < 0.5 else self.pick(KINDS)
            self.make(other, "b", False)
        for _ in range(2 + int(self.random() * 7)):
            self.about = self.pick(list(self.objects))
            if self.random() < 0.25:
                template = self.pick(_ANYTHING)
            else:
                template = self.pick(_STEPS[self.objects[self.about]])
            self.steps += template.filled(self.fill).split(" ;; ")
        for name, of in self.objects.items():
            self.about = name
            self.steps += [seen.filled(self.fill) for seen in _SEEN[of]]
        threaded = any(of.threaded for of in self.objects.values())
        return Program(tuple(self.steps), threaded)


def program(seed):
    """The program of a seed, the same in every process and version."""
    return _Maker(seed).program()
