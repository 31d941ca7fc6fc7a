"""The command `weftline record`: its summary, its failures, and what ends a recording."""

import contextlib
import os
import re
import signal
import subprocess
import sys

import pytest
from support.dumped import LONG, running
from support.recorded import CONVOY, DEADLOCK, recorded
from support.traces import COMMAND, Trace, record

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="processes answer on Linux only"
)


def test_the_summary_tells_the_file_its_size_and_the_snapshots():
    it = recorded("convoy")
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


@contextlib.contextmanager
def recording(pid, file):
    """A long recording, from its first byte on, and a function that awaits its end."""
    command = [*COMMAND, str(pid), "-o", "-", "--seconds", str(LONG)]
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
def test_a_signal_ends_a_recording_which_is_written(tmp_path, number):
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


def test_a_reader_that_closes_its_pipe_ends_a_recording_without_a_failure(tmp_path):
    with (
        running(CONVOY) as program,
        recording(program.pid, tmp_path / "trace") as (it, _),
    ):
        it.stdout.close()
        assert (it.stderr.read(), it.wait(LONG)) == (b"", 0)
        assert program.runs()


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
