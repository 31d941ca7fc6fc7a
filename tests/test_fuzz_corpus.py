"""The fuzzer's corpus stays equal on both sides, and each rule of the fuzzer has its entry."""

import json

import pytest
from fuzz import allowed, concurrent, corpus, generate, itself
from fuzz.kinds import KINDS
from fuzz.pair import Ended, Pair, Side
from fuzz.script import script
from fuzz.shrink import differs, shrunk, signature


@pytest.mark.parametrize("file", corpus.files(), ids=lambda file: file.stem)
def test_what_was_found_is_the_same_on_both_sides(file):
    with Pair() as pair:
        for program in corpus.programs(file):
            difference = differs(pair, program)
            assert difference is None or allowed.allowed(difference), script(
                program, difference
            )


@pytest.mark.parametrize("rule", allowed.RULES, ids=lambda rule: rule.holds.__name__)
def test_each_allowed_difference_has_its_entry_on_the_page(rule):
    assert sum(entry.startswith(rule.entry) for entry in allowed.entries()) == 1


@pytest.mark.parametrize("make", [generate.program, concurrent.program])
def test_a_seed_makes_the_same_program_again_and_json_keeps_it(make):
    for number in range(200):
        program = make(f"7/{number}")
        assert make(f"7/{number}") == program
        texts = json.loads(json.dumps(program.to_json()))
        assert generate.Program.from_json(texts) == program


def test_programs_made_now_answer_on_both_sides():
    """A batch of each sort comes back whole: neither side crashes or hangs."""
    with Pair() as pair:
        for sort, count in ((False, 200), (True, 25)):
            order = {"concurrent": sort, "seed": "test", "indexes": list(range(count))}
            answers = pair.ask({**order, "whole": False})
            assert [len(answer) for answer in answers] == [count, count]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.cls)
def test_an_attribute_that_is_the_object_or_its_own_method_overflows_no_stack(kind):
    side = Side(ours=True)
    texts = [program.to_json() for program in itself.programs(kind)]
    side.send({"programs": texts, "seconds": 120})
    answer = side.receive()
    side.close()
    assert not isinstance(answer, Ended), (answer, texts[answer.index])
    assert len(answer) == len(texts)


def test_a_difference_is_seen_and_shrunk_to_the_steps_that_make_it():
    steps = (
        "a = queue.Queue()",
        "a.put(1)",
        "import sys, threading",
        "a.qsize()",
        "'weftline' in sys.modules",
        "a.get()",
    )
    with Pair() as pair:
        difference = differs(pair, generate.Program(steps))
        assert difference.said == ("False", "True")
        small = shrunk(pair, difference, signature(difference))
    assert small.program.steps in [
        ("import sys, threading", "'weftline' in sys.modules"),
        ("'weftline' in sys.modules",),
    ]
