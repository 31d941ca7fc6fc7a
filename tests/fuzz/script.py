"""A program as a script that runs by itself: `python script.py`, and `weftline run script.py`."""

from fuzz.pair import Ended

_HEAD = """\
import collections, concurrent.futures as futures, copy, functools, gc, inspect, math, pickle, queue, sys, threading
import time, traceback, types, warnings, weakref
from decimal import Decimal
from fractions import Fraction
from fuzz.values import *
"""


def script(program, difference=None):
    """The program's text, with the answers of both sides beside each step where they differ."""
    if program.shape:
        lines = [f"# concurrent: {program.shape} {dict(program.settings)}"]
        if difference is not None:
            lines += [
                f"#   plain: {_said(difference.plain)}",
                f"#   ours:  {_said(difference.ours)}",
            ]
        return "\n".join(lines)
    lines = []
    for number, step in enumerate(program.steps):
        lines.append(step)
        if difference is not None:
            sides = [
                side[number]
                if not isinstance(side, Ended) and number < len(side)
                else ""
                for side in (difference.plain, difference.ours)
            ]
            if sides[0] != sides[1]:
                lines += [f"#   plain: {sides[0]}", f"#   ours:  {sides[1]}"]
            elif sides[0] not in (".", ""):
                lines.append(f"#   both: {sides[0]}")
    if difference is not None:
        for name, side in (("plain", difference.plain), ("ours", difference.ours)):
            if isinstance(side, Ended):
                lines.append(
                    f"# {name} {side.how}\n"
                    + "\n".join(f"#   {line}" for line in side.said.splitlines()[:25])
                )
            elif len(side) > len(program.steps):
                lines.append(f"# {name}: {side[-1]}")
    return "\n".join(lines)


def _said(side):
    return side.how if isinstance(side, Ended) else side
