"""A `threading.Barrier` answers and raises as the standard one."""

import copy
import pickle

import pytest
from support.differ import error_class, outcome
from support.target import std_threading, threading

MODULES = [std_threading, threading]


OF_ONE = {
    "wait": lambda b: b.wait(),
    "wait three times": lambda b: (b.wait(), b.wait(), b.wait()),
    "wait 0": lambda b: b.wait(0),
    "wait -1": lambda b: b.wait(-1),
    "wait 'x'": lambda b: b.wait("x"),
}


OF_TWO = {
    "wait 0": lambda b: b.wait(0),
    "wait -1": lambda b: b.wait(-1),
    "wait a while": lambda b: b.wait(0.01),
    "wait a while by keyword": lambda b: b.wait(timeout=0.01),
    "wait 'x'": lambda b: b.wait("x"),
    "wait inf": lambda b: b.wait(float("inf")),
    "wait 1e100": lambda b: b.wait(1e100),
    "abort": lambda b: (b.abort(), b.broken),
    "abort and wait": lambda b: (b.abort(), b.wait()),
    "reset": lambda b: (b.reset(), b.broken),
    "abort and wait 'x'": lambda b: (b.abort(), b.wait("x")),
    "abort and wait 1e100": lambda b: (b.abort(), b.wait(1e100)),
    "abort and reset": lambda b: (b.abort(), b.reset(), b.broken),
    "time out and ask": lambda b: (
        error_class(b.wait, 0).__name__,
        b.broken,
        b.n_waiting,
    ),
    "properties": lambda b: (b.parties, b.n_waiting, b.broken),
    "set parties": lambda b: error_class(setattr, b, "parties", 3),
    "set broken": lambda b: error_class(setattr, b, "broken", True),
    "repr": repr,
    "repr when broken": lambda b: (b.abort(), repr(b))[1],
    "pickle": pickle.dumps,
    "deepcopy": copy.deepcopy,
    "truth": bool,
    "a new attribute": lambda b: setattr(b, "note", 1) or b.note,
    "an unknown attribute": lambda b: b.note,
    "enter": lambda b: b.__enter__(),
}


@pytest.mark.parametrize("case", OF_ONE)
def test_a_barrier_of_one_answers_as_the_standard_one(case):
    standard, ours = [outcome(OF_ONE[case], module.Barrier(1)) for module in MODULES]
    assert ours == standard


@pytest.mark.parametrize("case", OF_TWO)
def test_a_barrier_of_two_answers_as_the_standard_one(case):
    standard, ours = [
        (outcome(OF_TWO[case], barrier), barrier.broken, barrier.n_waiting)
        for barrier in [module.Barrier(2) for module in MODULES]
    ]
    assert ours == standard
