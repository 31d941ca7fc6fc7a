//! [`Trace`]: a timeline in the format of Perfetto, from tracks and events.
//!
//! # Implementation
//!
//! A trace is a row of packets, each the field 1 of one message, so it may be written piece by
//! piece, and what is cut off behind a packet is a trace. The numbers of the fields stand in
//! Perfetto's `trace_packet.proto`, `track_descriptor.proto`, `track_event.proto`,
//! `debug_annotation.proto`, `clock_snapshot.proto` and `tracing_service_event.proto`.
//!
//! The packets need not be in the order of time: the reader sorts them, and leaves those of one
//! time as they come. So a slice may be written when it ends, its beginning first.
//!
//! Every time is one of the monotonic clock, as the waits of threads are measured. The first packet
//! makes it the clock of the trace, and relates it to the time of day.

use super::proto::Message;
use std::io::{self, Write};
use std::time::Duration;

/// A point in time: nanoseconds of the monotonic clock.
pub(crate) type Nanos = u64;

/// A time or a duration of a snapshot.
pub(crate) fn nanos(time: Duration) -> Nanos {
    time.as_nanos().try_into().unwrap_or(Nanos::MAX)
}

/// The numbers of the clocks in `builtin_clock.proto`.
const REALTIME: u64 = 1;
const MONOTONIC: u64 = 3;
const BOOTTIME: u64 = 6;

/// All packets are of one sequence: one writer makes them.
const SEQUENCE: u64 = 1;

/// What the clocks of the system showed at the same time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clocks {
    pub(crate) monotonic: Nanos,
    /// The monotonic clock that goes on while the machine is suspended.
    pub(crate) boottime: u64,
    /// Nanoseconds since 1970.
    pub(crate) realtime: u64,
}

/// The identifier of a track, unique among the traces that may be shown beside each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TrackId(u64);

impl TrackId {
    /// The track of `what` in that process. The same words name the same track.
    pub(crate) fn of(pid: u32, what: &str) -> Self {
        // FNV-1a. Zero is no identifier.
        let bytes = pid.to_le_bytes().into_iter().chain(what.bytes());
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(hash.max(1))
    }
}

/// A line of the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Track {
    pub(crate) id: TrackId,
    pub(crate) name: String,
    pub(crate) place: Place,
}

/// What a track is of, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A process, over its threads.
    Process { pid: u32 },
    /// A thread, in its process.
    Thread { pid: u32, tid: u64 },
    /// Anything else, under another track.
    Under(TrackId),
    /// A counter, under another track.
    Counter { under: TrackId },
}

/// Something that happens on a track.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) at: Nanos,
    pub(crate) track: TrackId,
    pub(crate) what: What,
}

/// What happens.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What {
    /// A slice begins.
    Begin(Description),
    /// The slice of the track that began last ends.
    End,
    /// Something without a duration.
    Instant(Description),
    /// A counter has this value from now on.
    Count(i64),
}

/// What is shown of a slice or an instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Description {
    pub(crate) category: &'static str,
    pub(crate) name: String,
    /// What a click on it shows: names and values.
    pub(crate) notes: Vec<(&'static str, Value)>,
    pub(crate) flows: Vec<Flow>,
}

/// The value of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    Number(i64),
}

/// An end of an arrow between two events. Both have the same number, and the one that is written
/// first is the tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    From(u64),
    To(u64),
}

/// What a trace is written of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Entry {
    Track(Track),
    Event(Event),
    /// The recording began. A wait may have begun long before: the page of Perfetto shows the time
    /// between the beginning and the end of the recording first.
    Started(Nanos),
    /// The recording ended.
    Stopped(Nanos),
}

/// A trace that is being written.
#[derive(Debug)]
pub(crate) struct Trace<W> {
    out: W,
    packets: u64,
    bytes: u64,
}

impl<W: Write> Trace<W> {
    /// A trace of which nothing has been written.
    pub(crate) fn new(out: W) -> Self {
        Self {
            out,
            packets: 0,
            bytes: 0,
        }
    }

    /// Relates the clocks to each other. This comes first.
    pub(crate) fn clocks(&mut self, clocks: &Clocks) -> io::Result<()> {
        const STATE_CLEARED: u64 = 1;
        self.packet(|packet| {
            packet.number(10, SEQUENCE).number(13, STATE_CLEARED);
            packet.message(6, |snapshot| {
                for (clock, time) in [
                    (MONOTONIC, clocks.monotonic),
                    (BOOTTIME, clocks.boottime),
                    (REALTIME, clocks.realtime),
                ] {
                    snapshot.message(1, |it| _ = it.number(1, clock).number(2, time));
                }
                snapshot.number(2, MONOTONIC);
            });
        })
    }

    /// Writes a track or an event. The track of an event comes before it.
    pub(crate) fn write(&mut self, entry: &Entry) -> io::Result<()> {
        self.packet(|packet| {
            packet.number(10, SEQUENCE);
            let mut at = |time| _ = packet.number(8, time).number(58, MONOTONIC);
            match *entry {
                Entry::Track(_) => {}
                Entry::Event(Event { at: time, .. })
                | Entry::Started(time)
                | Entry::Stopped(time) => at(time),
            }
            match entry {
                Entry::Track(track) => packet.message(60, |it| describe(it, track)),
                Entry::Event(event) => packet.message(11, |it| tell(it, event)),
                Entry::Started(_) => packet.message(69, |it| _ = it.number(2, 1)),
                Entry::Stopped(_) => packet.message(69, |it| _ = it.number(5, 1)),
            };
        })
    }

    /// Passes on what is kept back.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// How many packets have been written.
    pub(crate) fn packets(&self) -> u64 {
        self.packets
    }

    /// How many bytes have been written.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    fn packet(&mut self, write: impl FnOnce(&mut Message)) -> io::Result<()> {
        let mut packet = Message::default();
        packet.message(1, write);
        self.out.write_all(packet.as_bytes())?;
        self.packets += 1;
        self.bytes += packet.as_bytes().len() as u64;
        Ok(())
    }
}

/// The fields of a `TrackDescriptor`.
fn describe(descriptor: &mut Message, track: &Track) {
    /// Tracks of the same name are not shown as one.
    const NO_MERGE: u64 = 2;
    descriptor.number(1, track.id.0);
    match track.place {
        Place::Process { pid } => {
            descriptor.message(3, |it| _ = it.number(1, pid.into()).text(6, &track.name));
        }
        Place::Thread { pid, tid } => {
            descriptor.message(4, |it| {
                it.number(1, pid.into()).number(2, tid).text(5, &track.name);
            });
        }
        Place::Under(parent) => {
            descriptor.text(2, &track.name).number(5, parent.0);
            descriptor.number(15, NO_MERGE);
        }
        Place::Counter { under } => {
            descriptor.text(2, &track.name).number(5, under.0);
            descriptor.message(8, |_| ()).number(15, NO_MERGE);
        }
    }
}

/// The fields of a `TrackEvent`.
fn tell(message: &mut Message, event: &Event) {
    let (kind, description) = match &event.what {
        What::Begin(description) => (1, Some(description)),
        What::End => (2, None),
        What::Instant(description) => (3, Some(description)),
        What::Count(_) => (4, None),
    };
    message.number(9, kind).number(11, event.track.0);
    if let What::Count(value) = event.what {
        message.signed(30, value);
    }
    let Some(description) = description else {
        return;
    };
    message.text(22, description.category);
    message.text(23, &description.name);
    for (name, value) in &description.notes {
        message.message(4, |note| {
            note.text(10, name);
            match value {
                Value::Text(text) => note.text(6, text),
                Value::Number(number) => note.signed(4, *number),
            };
        });
    }
    for flow in &description.flows {
        match flow {
            Flow::From(flow) => message.fixed(47, *flow),
            Flow::To(flow) => message.fixed(48, *flow),
        };
    }
}

#[cfg(test)]
#[path = "trace_tests.rs"]
mod tests;
