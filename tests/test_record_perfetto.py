"""Perfetto's trace processor finds in a timeline what Perfetto's classes decode."""

import sys

import pytest
from support.recorded import recorded
from support.traces import processor

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="processes answer on Linux only"
)


@pytest.fixture(scope="module", params=["convoy", "deadlock"])
def program(request):
    """The name of a program, its recording, and the trace processor with it."""
    it = recorded(request.param)
    with processor(it.content) as perfetto:
        yield request.param, it, perfetto


def test_the_trace_has_no_fault_and_no_data_loss(program):
    _, _, perfetto = program
    faults = "severity in ('error', 'data_loss') and value > 0"
    assert perfetto.query(f"select name, value from stats where {faults}") == []


def test_slices_and_instants_have_their_times_names_and_tracks(program):
    _, it, perfetto = program
    rows = perfetto.query(
        "select ts, dur, slice.name, category, coalesce(thread.name, track.name) "
        "from slice left join thread_track on thread_track.id = track_id "
        "left join thread using (utid) left join track on track.id = track_id"
    )
    expected = [
        (it.begin, (it.end or it.begin) - it.begin, it.name, it.category, it.track)
        for it in it.trace.slices + it.trace.instants
    ]
    assert sorted(rows) == sorted(expected)


def test_only_the_instants_of_a_deadlock_lie_in_other_slices(program):
    name, _, perfetto = program
    depths = "select distinct depth, category = 'deadlock' from slice order by 1, 2"
    inner = [(1, 1)] if name == "deadlock" else []
    assert perfetto.query(depths) == [(0, 0), *inner]


def test_counters_have_their_values(program):
    _, it, perfetto = program
    rows = perfetto.query(
        "select track.name, ts, value from counter join track on track.id = track_id"
    )
    expected = [
        (name, at, value)
        for name, values in it.trace.counts.items()
        for at, value in values
    ]
    assert expected
    assert sorted(rows) == sorted(expected)


def test_threads_are_those_of_the_process(program):
    _, it, perfetto = program
    rows = perfetto.query(
        "select distinct pid from thread_track join thread using (utid) "
        "join process using (upid) join slice on slice.track_id = thread_track.id"
    )
    assert rows == [(it.pid,)]


def test_the_recording_has_its_beginning_and_end(program):
    _, it, perfetto = program
    bounds = "name in ('tracing_started_ns', 'tracing_disabled_ns')"
    rows = perfetto.query(f"select int_value from metadata where {bounds} order by 1")
    assert rows == [(it.trace.started,), (it.trace.stopped,)]


def test_a_wait_has_notes_of_its_object_and_holder(program):
    _, _, perfetto = program
    rows = perfetto.query(
        "select distinct key from slice join args using (arg_set_id) "
        "where category = 'wait'"
    )
    assert {("debug.holder",), ("debug.object",)} <= set(rows)


def test_arrows_lead_along_a_deadlock_and_from_wakers_to_waiters(program):
    name, _, perfetto = program
    arrows = perfetto.query(
        "select tail.name as tail, head.name as head from flow "
        "join slice as tail on tail.id = slice_out join slice as head on head.id = slice_in"
    )
    if name == "deadlock":
        assert arrows == [("deadlock", "deadlock")]
    else:
        assert {head for _, head in arrows} == {"goes on"}
        wakes = {f"wakes convoy-{number}" for number in range(3)}
        assert {tail for tail, _ in arrows} <= wakes
