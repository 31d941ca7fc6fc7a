"""The benchmark runs, reports its measurements, and counts correctly. No test asserts a speed."""

import gc
import json
import os
import subprocess
import sys
import threading
from concurrent import futures

import pytest
import weftline
from classes import standard
from weftline.bench import (
    command,
    contest,
    contestants,
    crowd,
    idle,
    instructions,
    memory,
    report,
    results,
    rows,
    sight,
    summary,
    watched,
)
from weftline.bench.statement import REPEAT, Loop


@pytest.fixture(scope="module")
def quick_run(tmp_path_factory):
    """A quick run as a user starts it: its finished process and the content of its JSON file."""
    path = tmp_path_factory.mktemp("bench") / "bench.json"
    command = [sys.executable, "-m", "weftline", "bench", "--quick", "--json", path]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    return done, json.loads(path.read_text(encoding="utf-8"))


def test_the_report_has_a_line_for_every_operation(quick_run):
    lines = quick_run[0].stdout.splitlines()
    for row in rows.QUICK_ROWS:
        assert any(line.startswith(row.operation) for line in lines), row.operation


def test_the_json_says_where_it_was_measured(quick_run):
    content = quick_run[1]
    assert content["python"]["version"] == ".".join(map(str, sys.version_info[:3]))
    assert content["python"]["gil"] in (True, False)
    assert content["machine"]["processors"] >= 1
    assert content["date"].endswith("Z")
    assert content["versions"]["weftline"]
    assert set(contestants.PEERS) <= set(content["versions"])


def test_the_json_has_each_operation_with_its_rounds_ratio_and_verdict(quick_run):
    content = quick_run[1]
    assert [one["operation"] for one in content["speed"]] == [
        row.operation for row in rows.QUICK_ROWS
    ]
    for one, row in zip(content["speed"], rows.QUICK_ROWS, strict=True):
        assert ("standard" in one["seconds"]) == (row.needs != "RWLock")
        assert "weftline" in one["seconds"]
        for seconds in one["seconds"].values():
            assert len(seconds["rounds"]) == contest.QUICK.rounds
            assert min(seconds["rounds"]) <= seconds["median"] <= max(seconds["rounds"])
            assert min(seconds["rounds"]) > 0
        ratio = one["ratio"]
        if "standard" not in one["seconds"]:
            assert ratio is one["met"] is one["target"] is None
            continue
        assert ratio["lower"] <= ratio["median"] <= ratio["upper"]
        assert one["met"] == (ratio["median"] >= one["target"])


def test_the_json_has_the_cost_of_waiting_for_every_class(quick_run):
    waits = quick_run[1]["idle"]
    assert [one["class"] for one in waits] == [wait.cls for wait in idle.WAITS]
    for one in waits:
        for cost in one["costs"].values():
            assert cost["threads"] == quick_run[1]["settings"]["threads"]
            assert cost["seconds"] > 0


def test_the_json_has_three_figures_for_every_call_that_wakes_many(quick_run):
    pair = [contestants.standard(), contestants.ours()]
    calls = [
        one.call
        for one in crowd.CROWDS
        if all(crowd.can_take_part(each, one) for each in pair)
    ]
    measured = quick_run[1]["crowds"]
    assert list(dict.fromkeys(one["call"] for one in measured)) == calls
    for one in measured:
        number = quick_run[1]["settings"]["crowds"][str(one["threads"])]
        assert list(one["figures"]) == list(crowd.FIGURES)
        for figure in one["figures"].values():
            for seconds in figure["seconds"].values():
                assert len(seconds) == number
                assert min(seconds) > 0
        medians = [figure["ratio"]["median"] for figure in one["figures"].values()]
        assert one["met"] == (min(medians) >= 1)


@pytest.mark.skipif(sys.platform != "linux", reason="processes answer on Linux only")
def test_the_json_has_reports_in_each_form_with_the_stacks(quick_run):
    content = quick_run[1]
    measured = content["sight"]
    assert [one["form"] for one in measured] == list(sight.FORMS)
    for one in measured:
        (threads,) = content["settings"]["sight"]
        assert one["threads"] == int(threads)
        assert len(one["dumps"]) == content["settings"]["sight"][threads]
        for dump in one["dumps"]:
            assert dump["has_stacks"]
            assert dump["printed"] > 100 < dump["memory"]
            assert 0 <= dump["stood"] and 0 < dump["seconds"]


@pytest.mark.skipif(sys.platform != "linux", reason="processes answer on Linux only")
def test_the_json_has_each_operation_watched_in_each_way(quick_run):
    measured = quick_run[1]["watched"]
    told = [(one["operation"], one["way"]) for one in measured]
    assert told == [(it, way) for it in watched.OPERATIONS for way in watched.WAYS]
    for one in measured:
        assert len(one["ratios"]) == quick_run[1]["settings"]["watched_rounds"]
        assert min(one["ratios"]) > 0


def test_the_json_has_the_bytes_of_every_class_where_the_system_tells(quick_run):
    weighed = quick_run[1]["memory"]
    tells = sys.platform == "linux"
    assert [one["class"] for one in weighed] == (list(memory.TARGETS) if tells else [])
    for one in weighed:
        # tracemalloc must not see more of a standard object than the process grew by, rounding
        # apart.
        standard = one["bytes"]["standard"]
        assert standard["traced"] < standard["process"] * 1.1
        assert one["ratio"] == pytest.approx(
            standard["process"] / one["bytes"]["weftline"]["process"]
        )


def test_a_ratio_is_the_median_of_the_ratios_within_each_round():
    # The machine is ten times slower in the last round: that changes the times, not the ratio.
    ratio = summary.ratio(theirs=[20.0, 40.0, 300.0], ours=[10.0, 10.0, 100.0])
    assert ratio == summary.Ratio(median=3.0, lower=2.5, upper=3.5)


def test_a_ratio_of_one_round_has_no_spread():
    assert summary.ratio([6.0], [2.0]) == summary.Ratio(3.0, 3.0, 3.0)


def test_a_ratio_refuses_rounds_that_do_not_pair():
    with pytest.raises(ValueError, match="same rounds"):
        summary.ratio([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="same rounds"):
        summary.ratio([], [])


def test_a_target_is_reached_by_the_median_and_not_by_its_spread():
    assert summary.Ratio(median=4.0, lower=1.0, upper=5.0).reaches(4)
    assert not summary.Ratio(median=3.9, lower=3.0, upper=9.0).reaches(4)


def test_quartiles_lie_between_the_values_that_surround_them():
    assert summary.quartiles([4.0, 1.0, 3.0, 2.0, 5.0]) == (2.0, 3.0, 4.0)


def test_the_empty_loop_is_subtracted_round_by_round():
    assert summary.without_loop([10.0, 12.0], [1.0, 2.0]) == [9.0, 10.0]


def test_an_operation_never_costs_nothing():
    assert summary.without_loop([10.0], [11.0]) == [1.0]


def test_a_loop_runs_its_statement_once_for_each_copy_and_turn():
    counted = []
    begin, end = Loop("counted.append(None)", ["counted"]).run(3, {"counted": counted})
    assert len(counted) == 3 * REPEAT
    assert end > begin


def test_a_loop_may_have_another_number_of_copies():
    counted = []
    Loop("counted.append(None)", ["counted"], 1).run(3, {"counted": counted})
    assert len(counted) == 3


def test_a_statement_is_written_in_the_contestants_own_spelling():
    peer = contestants.Contestant("peer", "1", {}, {"put": "green_put"})
    assert (
        peer.spell("queue.{put}(1); queue.{get}()") == "queue.green_put(1); queue.get()"
    )


def test_the_standard_classes_are_recognised():
    ours = set(contestants.ours().classes)
    assert set(contestants.standard().classes) == ours - {"RWLock"}


@pytest.mark.parametrize(
    "name", [name for name, row in standard().items() if row.module == "threading"]
)
def test_a_patched_standard_module_is_refused(monkeypatch, name):
    monkeypatch.setattr(threading, name, contestants.ours().classes[name])
    with pytest.raises(contestants.NotTheStandardLibrary, match=name):
        contestants.standard()


@pytest.mark.parametrize("name", ["Future", "ThreadPoolExecutor", "wait"])
def test_a_patched_module_of_executors_is_refused(monkeypatch, name):
    monkeypatch.setattr(futures, name, contestants.ours().classes[name])
    with pytest.raises(contestants.NotTheStandardLibrary, match=name):
        contestants.standard()


def test_every_contestant_takes_part_in_each_row_whose_class_it_has():
    effort = contest.Effort(rounds=2, one_thread=1e-4, threads=1e-4)
    pair = [contestants.standard(), contestants.ours()]
    less = contestants.Contestant("less", "1", {"Lock": threading.Lock})
    for row in rows.QUICK_ROWS:
        times = contest.contest(row, [*pair, less], effort, order=_Reversed())
        expected = {one.name for one in (*pair, less) if row.needs in one.classes}
        assert set(times) == expected >= {"weftline"}
        assert all(len(taken) == 2 and min(taken) > 0 for taken in times.values())


def test_a_contestant_is_installed_for_the_rows_that_ask_for_it():
    seen = []
    effort = contest.Effort(rounds=2, one_thread=1e-6, threads=1e-6)
    for one, in_place, expected in (
        (contestants.standard(), True, False),
        (contestants.ours(), True, True),
        (contestants.ours(), False, False),
    ):
        row = rows.Row(
            "looks",
            "Thread",
            1,
            lambda _: {"seen": seen, "event_of": threading.Thread},
            ("seen.append(type(event_of()._started))",),
            repeat=1,
            in_place=in_place,
        )
        contest.contest(row, [one], effort, order=_Reversed())
        event = contestants.ours().classes["Event"]
        assert {cls is event for cls in seen} == {expected}
        seen.clear()
        assert not weftline.installed()


def test_a_thread_that_fails_ends_the_measurement():
    row = rows.Row(
        "fails", "Lock", 1, lambda _: {"lock": None}, ("lock.acquire()", "pass")
    )
    effort = contest.Effort(rounds=1, one_thread=1e-4, threads=1e-4)
    with pytest.raises(AttributeError, match="acquire"):
        contest.contest(row, [contestants.standard()], effort, order=_Reversed())


def test_timers_that_were_started_are_cancelled_when_the_next_cannot_be():
    refused = RuntimeError("can't start new thread")
    started, cancelled = [], []

    class Timer:
        def __init__(self, *_):
            pass

        def start(self):
            if len(started) == 3:
                raise refused
            started.append(self)

        def cancel(self):
            cancelled.append(self)

    row = next(row for row in rows.QUICK_ROWS if row.needs == "Timer")
    few = contestants.Contestant("few", "1", {"Timer": Timer})
    with pytest.raises(RuntimeError) as raised:
        contest.contest(row, [few], contest.QUICK, order=_Reversed())
    assert raised.value is refused
    assert len(started) == 3
    assert set(started) <= set(cancelled)


def test_a_limit_of_threads_is_reported_in_words(monkeypatch, capfd):
    def refuse(*_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(contest, "contest", refuse)
    assert command.main(["--quick", "--only", "timers"]) == 1
    assert "ulimit -u" in capfd.readouterr().err


def test_another_failure_of_a_row_is_not_taken_for_a_limit(monkeypatch):
    def fail(*_):
        raise RuntimeError("cannot join current thread")

    monkeypatch.setattr(contest, "contest", fail)
    with pytest.raises(RuntimeError, match="cannot join"):
        command.main(["--quick", "--only", "timers"])


def test_a_missed_target_is_reported_in_words():
    row = rows.Row("sleeping", "Lock", 2, lambda _: {}, ("pass",))
    speed = results.Speed(row, {"standard": [3.0], "weftline": [2.0]})
    run = results.Results(where={}, settings={}, speed=[speed])
    assert run.missed() == ["sleeping: 1.50, meant 2"]


def test_a_row_that_the_standard_library_lacks_is_beside_the_peers():
    row = rows.Row("reading", "RWLock", None, lambda _: {}, ("pass",))
    speed = results.Speed(row, {"weftline": [2e-9], "fasteners": [5e-9]})
    where = {
        "date": "today",
        "python": {"gil": True, "implementation": "CPython", "version": "3"},
        "machine": {"processors": 2, "processor": "any"},
        "versions": {"weftline": "1", "fasteners": "2"}
        | dict.fromkeys(("aiologic", "culsans", "readerwriterlock")),
    }
    run = results.Results(where, settings={"quick": False}, speed=[speed])
    assert run.missed() == []
    lines = report.render(run).splitlines()
    assert "Not installed, so not beside: aiologic, culsans, readerwriterlock." in lines
    line = next(line for line in lines if line.startswith("reading"))
    assert line.split() == [
        "reading",
        "-",
        "2",
        "ns",
        "-",
        "-",
        "-",
        "fasteners",
        "2.50",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (41.49e-9, "41.5 ns"),
        (999e-9, "999 ns"),
        (1.5e-6, "1.5 µs"),
        (0.25, "250 ms"),
        (2.0, "2 s"),
    ],
)
def test_a_duration_has_three_figures_and_a_unit(seconds, text):
    assert report.duration(seconds) == text


class _Reversed:
    """An order without randomness."""

    def sample(self, names, _):
        return list(reversed(names))


def test_instructions_are_those_of_further_turns(tmp_path, monkeypatch, capsys):
    # Its last argument is the number of turns.
    counter = (
        "#!/bin/sh\n"
        "for turns; do :; done\n"
        'echo "==1== I   refs:      $((700000 + 10000 * turns))" >&2\n'
    )
    fake = tmp_path / "valgrind"
    fake.write_text(counter, encoding="utf-8")
    fake.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert command.main(["--instructions", "--only", "with lock"]) == 0
    line = f"{'with lock':<45}{10_000 / REPEAT:>12,.1f} instructions\n"
    assert capsys.readouterr().out == line
    fake.write_text("#!/bin/sh\necho it broke >&2\nexit 3\n", encoding="utf-8")
    assert command.main(["--instructions", "--only", "with lock"]) == 1
    assert "valgrind did not count 'with lock':\nit broke" in capsys.readouterr().err


def test_without_valgrind_no_instruction_is_counted(monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    assert command.main(["--instructions"]) == 1
    assert "valgrind is not installed" in capsys.readouterr().err


def test_the_program_whose_instructions_are_counted_runs():
    for row in instructions.chosen("queue"):
        instructions.main(row.operation, 1)
    assert not gc.isenabled()
    gc.enable()
