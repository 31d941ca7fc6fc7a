"""Timelines show the waits that programs have noted, and what threads and pools waited for."""

import re
import sys

import pytest
from support.dumped import LONG
from support.recorded import SLOW_CONSUMER, Recorded, recorded

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="processes answer on Linux only"
)


def noted_waits(recorded, tracks):
    """The slices of these threads, each of which is within a wait that the program has noted."""
    found = [it for it in recorded.trace.slices if it.track in tracks]
    assert found
    for it in found:
        own = [wait for wait in recorded.noted if wait[0] == it.track]
        within = [wait for wait in own if wait[1] <= it.begin <= it.end <= wait[2]]
        # A wait that goes on is not noted. It began after those that are.
        last = max((wait[2] for wait in own), default=0)
        assert len(within) == 1 or it.begin >= last, it
        assert len(it.notes.keys() & {"ended", "ended within", "goes on"}) == 1, it
    return found


def test_a_convoy_shows_its_waits_as_they_were():
    it = recorded("convoy")
    waits = noted_waits(it, {f"convoy-{number}" for number in range(3)})
    assert {wait.name for wait in waits} == {'waits for Lock "cache"'}
    assert {wait.category for wait in waits} == {"wait"}
    for wait in waits:
        assert wait.notes["object"] == 'Lock "cache"'
        if wait.notes["snapshots"]:
            assert re.search(r"<string>:\d+ in noted$", wait.notes["site"]), wait
            assert re.match(r'"convoy-\d"', wait.notes["holder"]), wait
            assert wait.track not in wait.notes["holder"].split(";")[0]
    holds = it.trace.of('Lock "cache"')
    assert holds
    for hold in holds:
        assert re.fullmatch(r'held by "convoy-\d"', hold.name)
    assert max(it.trace.values("blocked threads")) == 2


def test_waits_that_end_meanwhile_are_exact_and_name_their_wakers():
    it = recorded("convoy")
    ended = [wait for wait in it.trace.slices if "ended" in wait.notes]
    waits = [wait for wait in ended if wait.category == "wait"]
    # By the first of them the process has begun to record.
    first = min(wait.begin for wait in waits)
    noted = [
        (thread, before, after)
        for thread, before, after in it.noted
        if first <= before and after <= it.trace.stopped - 10**8
    ]
    assert noted
    for thread, before, after in noted:
        own = [wait for wait in waits if wait.track == thread]
        (wait,) = [wait for wait in own if before <= wait.begin <= wait.end <= after]
        assert wait.notes["ended"] == "with what it waited for"
        waker = wait.notes["woken by"]
        assert waker in {f"convoy-{number}" for number in range(3)} - {thread}
        (wake,) = [
            wake
            for wake in it.trace.instants
            if wake.name == f"wakes {thread}" and wait.begin <= wake.begin <= wait.end
        ]
        assert wake.track == waker
    holds = [hold for hold in it.trace.of('Lock "cache"') if "ended" in hold.notes]
    # The first holder may have got the lock before the recording began.
    assert len(holds) > 1
    for hold in holds[1:]:
        # The holder sleeps for 0.4 s, and the next waiter waits all that time.
        assert hold.end - hold.begin >= 0.39 * 10**9, hold


@pytest.mark.parametrize("watched", ["0", "1"])
def test_waits_are_exact_whether_they_are_counted_or_not(watched, tmp_path):
    source = SLOW_CONSUMER.replace("0.8", "0.001")
    it = Recorded(source, tmp_path / "a.pftrace", WEFTLINE_WATCH=watched)
    told = it.outcome.stderr.decode()
    (waits,) = re.findall(r"(\d+) waits with their ends; none is missing", told)
    assert int(waits) > 100
    exact = [wait for wait in it.trace.of("producer") if "ended" in wait.notes]
    assert len(exact) > 100
    # A putter may find a slot just before it sleeps.
    wakers = [wait.notes["woken by"] for wait in exact if "woken by" in wait.notes]
    assert set(wakers) == {"consumer"} and len(wakers) > len(exact) / 2


def test_a_slow_consumer_shows_as_a_full_queue():
    it = recorded("slow consumer")
    waits = noted_waits(it, {"producer"})
    assert {wait.name for wait in waits} == {'waits for Queue "jobs" to put'}
    assert 1 in it.trace.values('Queue "jobs": waiting putters')


def test_a_starved_pool_shows_busy_workers_and_waiting_tasks():
    it = recorded("starved")
    workers = {"pool_0", "pool_1"}
    waits = noted_waits(it, workers)
    assert {wait.track for wait in waits} == workers
    assert all(re.match("waits for Future 0x", wait.name) for wait in waits)
    (busy,) = (name for name in it.trace.counts if name.endswith("busy workers"))
    (tasks,) = (name for name in it.trace.counts if name.endswith("waiting tasks"))
    assert re.fullmatch(r'pool \d+ \("pool_\d", …\): busy workers', busy)
    assert set(it.trace.values(busy)) == {2}
    assert set(it.trace.values(tasks)) == {2}
    verdicts = {it.track for it in it.trace.instants if it.name == "starved pool"}
    assert verdicts == workers


def test_a_deadlock_shows_on_each_of_its_threads():
    it = recorded("deadlock")
    found = [it for it in it.trace.instants if it.category == "deadlock"]
    assert {it.track for it in found} == {"to Bob", "to Alice"}
    assert {(it.name, it.notes["verdict"]) for it in found} == {("deadlock", "certain")}
    (wait,) = it.trace.of("to Bob")
    assert wait.notes["holder"] == '"to Alice"'
    assert wait.notes["goes on"] == "at the end of the trace"
    (patient,) = it.trace.of("patient")
    assert patient.notes["deadline"] == "16 min 40 s after it began"


def test_the_clock_of_a_trace_is_the_monotonic_one():
    it = recorded("convoy")
    monotonic, real = it.trace.clocks[3], it.trace.clocks[1]
    assert it.trace.started <= monotonic <= it.trace.stopped
    assert abs(real - it.taken) < LONG * 10**9
    noted = [wait[1] for wait in it.noted]
    assert min(noted) <= it.trace.started <= max(noted)
    assert it.trace.stopped - it.trace.started >= 2 * 10**9
