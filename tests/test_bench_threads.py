"""`weftline bench --threads`: what several threads do together. No test asserts a speed."""

import json

import pytest
from weftline.bench import command, contest, scaling


def test_what_threads_do_together_has_both_figures_for_each_number_of_threads(
    tmp_path, capfd
):
    path = tmp_path / "bench.json"
    options = ["--threads", "1,3", "--quick", "--only", "a new Lock"]
    assert command.main([*options, "--json", str(path)]) == 0
    measured = json.loads(path.read_text(encoding="utf-8"))["scaling"]
    both = {"standard", "weftline"}
    assert {(one["contestant"], one["threads"]) for one in measured} >= {
        (name, threads) for name in both for threads in (1, 3)
    }
    for one in measured:
        for figure in ("per_second", "processor"):
            assert len(one[figure]["rounds"]) == contest.QUICK.rounds
            assert min(one[figure]["rounds"]) > 0
        # All threads together cannot do more than one thread's time for each.
        used = one["per_second"]["median"] * one["processor"]["median"]
        assert used < one["threads"] * 1.5
    lines = capfd.readouterr().out.splitlines()
    assert sum(line.startswith("a new Lock ") for line in lines) == 2


def test_pairs_are_measured_with_an_even_number_of_threads_only():
    rows = command.measure_scaling([1, 2, 3], quick=True, only="pairs").scaling
    assert {one.threads for one in rows} == {2}


@pytest.mark.parametrize("numbers", ["0", "1,", "two"])
def test_numbers_of_threads_that_are_none_are_refused(numbers, capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(["--threads", numbers])
    assert ended.value.code == 2
    assert "--threads" in capsys.readouterr().err


def test_one_thread_as_many_as_processors_and_twice_as_many_are_measured_by_default(
    monkeypatch,
):
    monkeypatch.setattr(scaling.machine, "processors", lambda: 3)
    assert scaling.default_threads() == [1, 3, 6]
    monkeypatch.setattr(scaling.machine, "processors", lambda: None)
    assert scaling.default_threads() == [1, 2]
