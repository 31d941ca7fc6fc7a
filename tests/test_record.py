"""`weftline record`: a timeline of a running program, decoded and queried by Perfetto's tools."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys

import pytest
from support.dumped import LONG, running
from support.traces import COMMAND, Trace, processor, record

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="processes answer on Linux only"
)

# Each thread notes the time before and after each of its waits. They are told when standard input
# ends.
NOTES = """
import json, os, queue, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
from weftline import watch

waits, clock = [], time.monotonic_ns
def noted(wait, *arguments):
    before = clock()
    wait(*arguments)
    waits.append((threading.current_thread().name, before, clock()))
def start(name, target, *arguments):
    threading.Thread(target=target, args=arguments, name=name, daemon=True).start()
def run_until_told():
    print("ready", flush=True)
    sys.stdin.read()
    print(json.dumps(list(waits)), flush=True)
    os._exit(0)
"""

CONVOY = (
    NOTES
    + """
cache = threading.Lock()
watch.name(cache, "cache")
def work():
    while True:
        noted(cache.acquire)
        time.sleep(0.4)
        cache.release()
for number in range(3):
    start(f"convoy-{number}", work)
run_until_told()
"""
)

SLOW_CONSUMER = (
    NOTES
    + """
jobs = queue.Queue(2)
watch.name(jobs, "jobs")
def produce():
    while True:
        noted(jobs.put, 1)
def consume():
    while True:
        noted(jobs.get)
        time.sleep(0.8)
start("producer", produce)
start("consumer", consume)
run_until_told()
"""
)

STARVED = (
    NOTES
    + """
pool = ThreadPoolExecutor(2, "pool")
both = threading.Barrier(3)
def waits_for_another():
    both.wait()
    noted(pool.submit(int).result)
for _ in range(2):
    pool.submit(waits_for_another)
both.wait()
run_until_told()
"""
)

DEADLOCK = (
    NOTES
    + """
locks = threading.RLock(), threading.RLock()
both = threading.Barrier(2)
def transfer(own, other):
    with own:
        both.wait()
        with other: pass
start("to Bob", transfer, *locks)
start("to Alice", transfer, *reversed(locks))
start("patient", threading.Event().wait, 1000)
run_until_told()
"""
)


class Recorded:
    """A trace of a program, and the waits that the program has noted."""

    def __init__(self, source, file, environment=()):
        with running(source, env={**os.environ, **dict(environment)}) as program:
            self.pid = program.pid
            self.outcome = record(program.pid, file)
            assert program.end() == 0
        assert self.outcome.returncode == 0, self.outcome
        assert self.outcome.stdout == b""
        self.content = file.read_bytes()
        self.trace = Trace(self.content)
        self.noted = json.loads(program.output[-1])


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Traces of the programs, each recorded once."""
    folder = tmp_path_factory.mktemp("traces")
    made = {}

    def find(name, source):
        if name not in made:
            made[name] = Recorded(source, folder / f"{name}.pftrace")
        return made[name]

    return find


def assert_true(recorded, tracks):
    """Each slice of these threads lies within a wait that the program has noted."""
    found = [it for it in recorded.trace.slices if it.track in tracks]
    assert found
    for it in found:
        own = [wait for wait in recorded.noted if wait[0] == it.track]
        within = [wait for wait in own if wait[1] <= it.begin <= it.end <= wait[2]]
        # A wait that goes on is not noted: it began after all that are.
        last = max((wait[2] for wait in own), default=0)
        assert len(within) == 1 or it.begin >= last, it
        assert len(it.notes.keys() & {"ended", "ended within", "goes on"}) == 1, it
    return found


def test_a_convoy_shows_its_waits_as_they_were(recorded):
    it = recorded("convoy", CONVOY)
    waits = assert_true(it, {f"convoy-{number}" for number in range(3)})
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


def test_waits_that_end_meanwhile_are_exact_and_name_their_wakers(recorded):
    it = recorded("convoy", CONVOY)
    ended = [wait for wait in it.trace.slices if "ended" in wait.notes]
    waits = [wait for wait in ended if wait.category == "wait"]
    # From when the process has certainly begun to record.
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
    # The holder of the first one may have got the lock before the recording began.
    for hold in holds[1:]:
        # It sleeps so long, and the next waiter has waited all the time.
        assert hold.end - hold.begin >= 0.39 * 10**9, hold


@pytest.mark.parametrize("watched", ["0", "1"])
def test_waits_are_exact_also_while_they_are_counted(watched, tmp_path):
    source = SLOW_CONSUMER.replace("0.8", "0.001")
    it = Recorded(source, tmp_path / "a.pftrace", {"WEFTLINE_WATCH": watched})
    told = it.outcome.stderr.decode()
    (waits,) = re.findall(r"(\d+) waits with their ends; none is missing", told)
    assert int(waits) > 100
    exact = [wait for wait in it.trace.of("producer") if "ended" in wait.notes]
    assert len(exact) > 100
    # A putter may find a slot just before it sleeps.
    wakers = [wait.notes["woken by"] for wait in exact if "woken by" in wait.notes]
    assert set(wakers) == {"consumer"} and len(wakers) > len(exact) / 2


def test_a_slow_consumer_shows_as_a_full_queue(recorded):
    it = recorded("slow consumer", SLOW_CONSUMER)
    waits = assert_true(it, {"producer"})
    assert {wait.name for wait in waits} == {'waits for Queue "jobs" to put'}
    assert 1 in it.trace.values('Queue "jobs": waiting putters')


def test_a_starved_pool_shows_busy_workers_and_waiting_tasks(recorded):
    it = recorded("starved", STARVED)
    workers = {"pool_0", "pool_1"}
    waits = assert_true(it, workers)
    assert {wait.track for wait in waits} == workers
    assert all(re.match("waits for Future 0x", wait.name) for wait in waits)
    (busy,) = (name for name in it.trace.counts if name.endswith("busy workers"))
    (tasks,) = (name for name in it.trace.counts if name.endswith("waiting tasks"))
    assert re.fullmatch(r'pool \d+ \("pool_\d", …\): busy workers', busy)
    assert set(it.trace.values(busy)) == {2}
    assert set(it.trace.values(tasks)) == {2}
    verdicts = {it.track for it in it.trace.instants if it.name == "starved pool"}
    assert verdicts == workers


def test_a_deadlock_shows_on_each_of_its_threads(recorded):
    it = recorded("deadlock", DEADLOCK)
    found = [it for it in it.trace.instants if it.category == "deadlock"]
    assert {it.track for it in found} == {"to Bob", "to Alice"}
    assert {(it.name, it.notes["verdict"]) for it in found} == {("deadlock", "certain")}
    (wait,) = it.trace.of("to Bob")
    assert wait.notes["holder"] == '"to Alice"'
    assert wait.notes["goes on"] == "at the end of the trace"
    (patient,) = it.trace.of("patient")
    assert patient.notes["deadline"] == "16 min 40 s after it began"


def test_the_clock_of_a_trace_is_the_monotonic_one(recorded):
    it = recorded("convoy", CONVOY)
    monotonic, real = it.trace.clocks[3], it.trace.clocks[1]
    assert it.trace.started <= monotonic <= it.trace.stopped
    assert abs(real - os.stat(__file__).st_mtime_ns) < 10**18
    noted = [wait[1] for wait in it.noted]
    assert min(noted) <= it.trace.started <= max(noted)
    assert it.trace.stopped - it.trace.started >= 2 * 10**9


def test_the_summary_tells_the_file_its_size_and_the_snapshots(recorded):
    it = recorded("convoy", CONVOY)
    told = it.outcome.stderr.decode().splitlines()
    size = f"{len(it.content) / 1000:.1f} kB"
    assert re.fullmatch(
        rf"weftline: .*convoy\.pftrace: {len(it.trace.packets)} packets, {size}; "
        rf"\d+\.\d s of process {it.pid} in \d+ snapshots?, \d+ failed",
        told[0],
    ), told
    assert re.fullmatch(r"  = \d+ waits with their ends; none is missing", told[1]), (
        told
    )
    assert "https://ui.perfetto.dev" in told[2]


@pytest.mark.parametrize(
    ("name", "source"), [("convoy", CONVOY), ("deadlock", DEADLOCK)]
)
def test_perfettos_trace_processor_finds_what_was_recorded(recorded, name, source):
    it = recorded(name, source)
    with processor(it.content) as perfetto:
        faults = "severity in ('error', 'data_loss') and value > 0"
        assert perfetto.query(f"select name, value from stats where {faults}") == []
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
        # No slice lies in another but the instants of a deadlock, in the waits that are part of it.
        depths = "select distinct depth, category = 'deadlock' from slice order by 1, 2"
        assert perfetto.query(depths) == [(0, 0), (1, 1)][: 1 + (name == "deadlock")]
        counts = perfetto.query(
            "select track.name, ts, value from counter join track on track.id = track_id"
        )
        expected = [
            (name, at, value)
            for name, values in it.trace.counts.items()
            for at, value in values
        ]
        assert sorted(counts) == sorted(expected)
        threads = perfetto.query(
            "select distinct pid, thread.name from thread_track join thread using (utid) "
            "join process using (upid) join slice on slice.track_id = thread_track.id"
        )
        assert {pid for pid, _ in threads} == {it.pid}
        bounds = "name in ('tracing_started_ns', 'tracing_disabled_ns')"
        metadata = f"select int_value from metadata where {bounds} order by 1"
        assert perfetto.query(metadata) == [(it.trace.started,), (it.trace.stopped,)]
        notes = perfetto.query(
            "select distinct key from slice join args using (arg_set_id) "
            "where category = 'wait' order by 1"
        )
        assert ("debug.holder",) in notes and ("debug.object",) in notes
        arrows = perfetto.query(
            "select tail.name as tail, head.name as head from flow "
            "join slice as tail on tail.id = slice_out join slice as head on head.id = slice_in"
        )
        if name == "deadlock":
            assert arrows == [("deadlock", "deadlock")]
        else:
            assert {head for _, head in arrows} == {"goes on"}
            assert {tail for tail, _ in arrows} <= {
                f"wakes convoy-{it}" for it in range(3)
            }


@contextlib.contextmanager
def recording(pid, file):
    """A recording that goes on for long, from when it has written something."""
    command = [*COMMAND, str(pid), "-o", "-", "--seconds", str(LONG)]
    # A test run that a shell has put in the background ignores this signal, and its children too.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with (
        open(file, "wb") as out,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        ) as process,
    ):
        signal.signal(signal.SIGINT, before)
        out.write(process.stdout.read(1))

        def finish():
            written, told = process.communicate(timeout=LONG)
            out.write(written)
            out.flush()
            return told.decode()

        try:
            yield process, finish
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_recording_and_what_there_is_is_written(tmp_path, number):
    file = tmp_path / "trace"
    with running(DEADLOCK) as program, recording(program.pid, file) as (it, finish):
        it.send_signal(number)
        told = finish()
        assert it.returncode == 0, told
        assert "a signal ended the recording" in told
        assert re.match(r"weftline: -: \d+ packets, ", told)
        assert program.runs()
    assert Trace(file.read_bytes()).of("to Bob")


def test_the_end_of_the_process_ends_a_recording(tmp_path):
    file = tmp_path / "trace"
    with running(DEADLOCK) as program, recording(program.pid, file) as (it, finish):
        assert program.end() == 0
        told = finish()
        assert it.returncode == 0, told
        assert "the process has ended" in told
    trace = Trace(file.read_bytes())
    (wait,) = trace.of("to Bob")
    assert "ended within" in wait.notes
    assert trace.instants[-1].name == "the process has ended"


def test_a_process_that_does_not_answer_leaves_the_file_as_it_is(tmp_path):
    file = tmp_path / "trace"
    file.write_text("precious")
    it = record(os.getppid(), file)
    assert it.returncode == 1
    assert b"it does not run on weftline" in it.stderr
    assert file.read_text() == "precious"


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with running(DEADLOCK) as program:
        it = record(program.pid, tmp_path / "missing" / "trace")
        assert program.runs()
    assert it.returncode == 1
    assert it.stderr.decode().startswith(f"weftline: {tmp_path}/missing/trace: No such")


def test_a_reader_that_has_seen_enough_is_no_failure():
    with running(DEADLOCK) as program:
        command = [*COMMAND, str(program.pid), "-o", "-", "--seconds=9"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as it:
            it.stdout.read(1)
            it.stdout.close()
            assert (it.stderr.read(), it.wait(LONG)) == (b"", 0)


def test_help_has_an_example_and_says_what_is_not_seen():
    it = subprocess.run(
        [*COMMAND, "--help"], capture_output=True, text=True, timeout=LONG, check=False
    )
    assert (it.returncode, it.stderr) == (0, "")
    assert "\nexample: weftline record " in it.stdout
    words = " ".join(it.stdout.split())
    assert "the waits that are overwritten before they are read are counted" in words


@pytest.mark.parametrize("arguments", [[], ["7", "8"], ["7", "--seconds=0"], ["x"]])
def test_a_wrong_command_line_has_status_2(arguments):
    it = subprocess.run(
        [*COMMAND, *arguments], capture_output=True, timeout=LONG, check=False
    )
    assert it.returncode == 2
    assert b"usage: weftline record" in it.stderr
