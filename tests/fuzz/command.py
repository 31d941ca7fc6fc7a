"""`python -m fuzz`: runs programs for a while, and prints the shrunk ones that differ."""

import argparse
import collections
import itertools
import sys
import time

from fuzz import concurrent, generate
from fuzz.allowed import allowed
from fuzz.pair import Ended, Pair
from fuzz.script import script
from fuzz.shrink import differs, shrunk, signature


class Session:
    """One run of the command: what was run, what was allowed, what was found."""

    def __init__(self, options):
        self.options = options
        self.counts = collections.Counter()
        self.rules = collections.Counter()
        self.found = {}
        self.pair = Pair()

    def run(self):
        self.ends = ends = time.monotonic() + self.options.seconds
        self.began = told = time.monotonic()
        concurrently = itertools.cycle(
            {"both": [False] * 3 + [True], "sequential": [False], "concurrent": [True]}[
                self.options.only
            ]
        )
        first = {False: self.options.first, True: self.options.first}
        while time.monotonic() < ends:
            kind = next(concurrently)
            if first[kind] >= self.options.first + self.options.programs:
                if first[not kind] >= self.options.first + self.options.programs or (
                    self.options.only != "both"
                ):
                    break
                continue
            self.batch(kind, first[kind])
            first[kind] += self.size(kind)
            if time.monotonic() - told > 60:
                told = time.monotonic()
                print(self.summary(), file=sys.stderr, flush=True)
        self.pair.close()

    def size(self, concurrently):
        return 100 if concurrently else 1000

    def batch(self, concurrently, first):
        """Runs programs `first` and following, and looks closer at those whose answers differ."""
        count = self.size(concurrently)
        make = concurrent.program if concurrently else generate.program
        last = first + count
        while first < last:
            order = {
                "concurrent": concurrently,
                "seed": self.options.seed,
                "first": first,
                "count": last - first,
                "seconds": 300,
            }
            plain, ours = self.pair.ask(order)
            dead = [end for end in (plain, ours) if isinstance(end, Ended)]
            if dead:
                end = dead[-1]
                self.counts["ended"] += 1
                self.look(make(f"{self.options.seed}/{end.index}"), end)
                # What ran before it has given no answer: again, without it.
                if end.index > first:
                    last_before = end.index
                    self.batch_part(concurrently, first, last_before)
                self.counts[concurrently] += 1
                first = end.index + 1
                continue
            self.counts[concurrently] += last - first
            for index, (one, other) in enumerate(zip(plain, ours, strict=True), first):
                if one != other:
                    self.look(make(f"{self.options.seed}/{index}"))
            first = last

    def batch_part(self, concurrently, first, last):
        order = {"concurrent": concurrently, "seed": self.options.seed, "first": first}
        plain, ours = self.pair.ask({**order, "count": last - first, "seconds": 300})
        if isinstance(plain, Ended) or isinstance(ours, Ended):
            self.counts["not compared"] += last - first
            return
        self.counts[concurrently] += last - first
        make = concurrent.program if concurrently else generate.program
        for index, (one, other) in enumerate(zip(plain, ours, strict=True), first):
            if one != other:
                self.look(make(f"{self.options.seed}/{index}"))

    def look(self, program, end=None):
        """Decides whether `program` is a finding, and shrinks it if it is."""
        difference = differs(self.pair, program)
        if difference is None:
            self.counts["chance" if end is None else "ended once"] += 1
            if end is not None:
                print(f"once: {end.how}\n{end.said}\n{script(program)}", flush=True)
            return
        rule = allowed(difference)
        if rule is not None:
            self.rules[rule] += 1
            return
        kind = signature(difference)
        self.counts["differ"] += 1
        if kind in self.found:
            self.found[kind][0] += 1
            return
        self.found[kind] = [1, None]
        small = shrunk(self.pair, difference, kind, self.ends)
        final = signature(small)
        if final != kind and final in self.found and self.found[final][1] is not None:
            self.found[kind][1] = self.found[final][1]
            return
        self.found[kind][1] = small
        self.found.setdefault(final, [0, small])
        print(f"# {'-' * 70}\n# {final}\n{script(small.program, small)}", flush=True)

    def summary(self):
        spent = time.monotonic() - self.began
        kinds = sorted(
            ((n, kind) for kind, (n, _) in self.found.items() if n), reverse=True
        )
        counts = self.counts
        return "\n".join(
            [
                f"seed {self.options.seed}, {spent:.0f} s: "
                + f"{counts[False]:,} sequential and {counts[True]:,} concurrent programs; "
                + f"{counts['differ']:,} differ in {len(kinds)} ways; "
                + f"{counts['chance']} by chance, {counts['ended once']} ended once, "
                + f"{counts['not compared']} not compared",
                *(f"  allowed {n:>6}  {rule}" for rule, n in self.rules.most_common()),
                *(f"  differ {n:>6}  {kind}" for n, kind in kinds[:60]),
            ]
        )


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", default="0")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--programs", type=int, default=1 << 60)
    parser.add_argument(
        "--only", default="both", choices=["both", "sequential", "concurrent"]
    )
    session = Session(parser.parse_args(arguments))
    session.run()
    print(session.summary())
    return bool(session.counts["differ"] or session.counts["ended once"])
