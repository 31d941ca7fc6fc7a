"""`python -m fuzz`: runs programs for a while, and prints the shrunk ones that differ."""

import argparse
import collections
import itertools
import json
import subprocess
import sys
import time

from fuzz import concurrent, generate
from fuzz.allowed import allowed
from fuzz.pair import Ended, Pair
from fuzz.script import script
from fuzz.shrink import Difference, differs, shrunk, signature

MAKERS = {False: generate.program, True: concurrent.program}
SIZES = {False: 1000, True: 100}
"""The number of programs in an order, of sequential and of concurrent ones."""
HUNG_AFTER = {False: 20, True: 90}
"""Seconds after which a program of an order counts as hung.

A concurrent program detects by itself which threads are lost.
"""


class Campaign:
    """One run of the command: its programs, the allowed differences, the findings."""

    def __init__(self, options):
        self.options = options
        self.counts = collections.Counter()
        self.rules = collections.Counter()
        self.found = collections.Counter()
        self.shown = set()
        # A sequential program may leave a timer that fires later, so it runs in a process of its
        # own.
        self.pairs = {False: Pair(), True: Pair()}

    def run(self):
        """Batches of both sorts in turn, until the time or the programs are over."""
        self.began = told = time.monotonic()
        self.ends = self.began + self.options.seconds
        sorts = (
            [False, True]
            if self.options.only is None
            else [self.options.only == "concurrent"]
        )
        last = self.options.first + self.options.programs
        with self.pairs[False], self.pairs[True]:
            for number in itertools.count():
                begun = [self.options.first + number * SIZES[sort] for sort in sorts]
                for sort, first in zip(sorts, begun, strict=True):
                    if first < last and time.monotonic() < self.ends:
                        self.batch(sort, first)
                if min(begun) >= last or time.monotonic() >= self.ends:
                    return
                if time.monotonic() - told > 60:
                    told = time.monotonic()
                    print(self.summary(), file=sys.stderr, flush=True)

    def batch(self, concurrently, first):
        """Runs programs `first` and following, and examines those whose answers differ."""
        indexes = list(range(first, first + SIZES[concurrently]))
        answers = self.ask(concurrently, indexes, whole=concurrently)
        unlike = [i for i in indexes if i in answers and answers[i][0] != answers[i][1]]
        make = MAKERS[concurrently]
        self.counts[concurrently] += len(answers)
        if concurrently:
            # No schedule changes the outcome, so one run is enough.
            for index in unlike:
                program = make(f"{self.options.seed}/{index}")
                print(
                    "# once\n"
                    + script(program, Difference.of(program, *answers[index])),
                    flush=True,
                )
        for index, sides in self.ask(concurrently, unlike, whole=True).items():
            if sides[0] == sides[1]:
                self.counts["chance"] += 1
            else:
                program = make(f"{self.options.seed}/{index}")
                self.examine(Difference.of(program, *sides))

    def ask(self, concurrently, indexes, whole):
        """The answers of both sides, by index; a program that ends its process is examined
        separately.
        """
        order = {"concurrent": concurrently, "seed": self.options.seed, "whole": whole}
        answers = {}
        while indexes:
            sides = self.pairs[concurrently].ask(
                {**order, "indexes": indexes, "seconds": HUNG_AFTER[concurrently]}
            )
            dead = [end for end in reversed(sides) if isinstance(end, Ended)]
            if not dead:
                answers.update(zip(indexes, zip(*sides, strict=True), strict=True))
                break
            place = min(end.index for end in dead)
            place = indexes.index(place) if place in indexes else 0
            self.ended(
                MAKERS[concurrently](f"{self.options.seed}/{indexes[place]}"),
                dead[0],
                ours=[isinstance(s, Ended) and s.index == indexes[place] for s in sides]
                == [False, True],
            )
            answers.update(self.ask(concurrently, indexes[:place], whole))
            indexes = indexes[place + 1 :]
        return answers

    def ended(self, program, end, ours):
        """A process ended or hung: tests whether this program alone repeats that."""
        difference = differs(self.pairs[bool(program.shape)], program)
        if difference is not None:
            self.find(difference)
            return
        if not ours:
            self.counts["standard ended"] += 1
            return
        self.counts["ended once"] += 1
        print(f"# once: {end.how}\n{end.said}\n{script(program)}", flush=True)

    def examine(self, difference):
        """Counts a difference that is allowed or known; any other must show itself again."""
        rule = allowed(difference)
        if rule is not None:
            self.rules[rule] += 1
        elif signature(difference) in self.found:
            self.found[signature(difference)] += 1
        else:
            again = differs(self.pairs[False], difference.program)
            if again is None:
                self.counts["chance"] += 1
            else:
                self.find(again)

    def find(self, difference):
        """Shrinks a difference of a new kind, and prints it."""
        rule = allowed(difference)
        if rule is not None:
            self.rules[rule] += 1
            return
        kind = signature(difference)
        self.found[kind] += 1
        if self.found[kind] > 1:
            return
        limits = self.ends, self.options.tries
        small = shrunk(self.pairs[False], difference, kind, *limits, known=allowed)
        if signature(small) in self.shown:
            return
        self.shown.add(signature(small))
        told = json.dumps(small.program.to_json(), ensure_ascii=False)
        print(f"# {'-' * 70}\n# {signature(small)}\n# {told}")
        print(script(small.program, small), flush=True)

    def summary(self):
        """The programs, the allowed differences and the findings, in lines."""
        spent = time.monotonic() - self.began
        counts = self.counts
        told = (
            f"seed {self.options.seed}, {spent:.0f} s: "
            f"{counts[False]:,} sequential and {counts[True]:,} concurrent programs; "
            f"{self.found.total():,} differ in {len(self.found)} ways, "
            f"{self.rules.total():,} as the page says, {counts['chance']} by chance; "
            f"{counts['ended once']} ended once"
        )
        for name, counter in (("allowed", self.rules), ("differ", self.found)):
            for kind, count in counter.most_common(60):
                told += f"\n  {name} {count:>6}  {kind}"
        return told


def several(options):
    """Runs that many campaigns in parallel, each with programs of its own.

    A campaign spends most of its time on steps that block.
    """
    settings = {
        name: value
        for name, value in vars(options).items()
        if value is not None and name not in ("jobs", "seed")
    }
    arguments = [f"--{name}={value}" for name, value in settings.items()]
    campaigns = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "fuzz",
                f"--seed={options.seed}.{number}",
                *arguments,
            ]
        )
        for number in range(options.jobs)
    ]
    return max([campaign.wait() for campaign in campaigns])


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", default="0")
    parser.add_argument(
        "--jobs",
        type=int,
        default=1,
        help="how many campaigns run beside each other, with the seeds SEED.0, SEED.1, …",
    )
    parser.add_argument(
        "--first", type=int, default=0, help="the first program's number"
    )
    parser.add_argument(
        "--programs", type=int, default=1 << 60, help="how many of each"
    )
    parser.add_argument(
        "--tries", type=int, default=80, help="how often one difference is made smaller"
    )
    parser.add_argument("--only", choices=["sequential", "concurrent"])
    options = parser.parse_args(arguments)
    if options.jobs > 1:
        return several(options)
    campaign = Campaign(options)
    campaign.run()
    print(campaign.summary())
    return bool(campaign.found or campaign.counts["ended once"])
