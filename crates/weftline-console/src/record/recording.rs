//! A recording: a process is asked again and again, and what it tells is written.
//!
//! Twice a second it tells its state, and in between the waits that have ended: a ring of waits
//! holds those of a thread that ends some thousand waits a second.

use super::clock::{self, now};
use super::timeline::Timeline;
use super::trace::{Entry, Nanos, Trace, nanos};
use crate::signals::Signals;
use crate::source::Source;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, fs};
use weftline::watch::{RequestError, Snapshot, Wanted};

/// The time between two answers.
const INTERVAL: Nanos = 100_000_000;
/// Each of so many answers has the state.
const STATE_EACH: Nanos = 5;
/// Waits are asked for twice if they ended at most so long before the last answer: one that ends
/// while the process tells may be in the next answer alone.
const OVERLAP: Nanos = 50_000_000;

/// What has been recorded.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) lasted: Duration,
    pub(crate) snapshots: u64,
    pub(crate) failed: u64,
    /// The waits that have been told to their end.
    pub(crate) waits: u64,
    /// Those that are missing.
    pub(crate) lost: u64,
    pub(crate) ended_by: EndedBy,
}

/// What ended a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndedBy {
    /// Its time is over.
    Time,
    /// The recorder was asked to end.
    Signal,
    /// The process has ended, or runs another program.
    Process,
}

/// How far a recording is.
pub(crate) struct Progress {
    pub(crate) lasted: Duration,
    pub(crate) snapshots: u64,
    pub(crate) blocked: usize,
}

/// Why nothing, or not everything, was recorded.
#[derive(Debug)]
pub(crate) enum RecordError {
    /// The process did not tell of itself even once.
    Request(RequestError),
    /// The trace cannot be written.
    Write(io::Error),
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(error) => error.fmt(f),
            Self::Write(error) => error.fmt(f),
        }
    }
}

impl From<io::Error> for RecordError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

/// Records a process for so long, or until a signal comes. `open` opens the place of the trace,
/// once the process has told of itself.
pub(crate) fn record<W: Write>(
    pid: u32,
    length: Duration,
    open: impl FnOnce() -> io::Result<W>,
    progress: impl FnMut(Progress),
) -> Result<Recorded, RecordError> {
    let signals = Signals::block().map_err(|error| {
        RecordError::Request(RequestError::System("signals cannot be read", error))
    })?;
    record_until(pid, length, open, progress, move |time| signals.pause(time))
}

/// As [`record`], without signals: `pause` waits for that long. If it returns `false`, the
/// recording ends as by a signal.
pub(crate) fn record_until<W: Write>(
    pid: u32,
    length: Duration,
    open: impl FnOnce() -> io::Result<W>,
    mut progress: impl FnMut(Progress),
    mut pause: impl FnMut(Duration) -> bool,
) -> Result<Recorded, RecordError> {
    let begun = now();
    let source = Source::open(pid).map_err(RecordError::Request)?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let mut trace = Trace::new(open()?);
    let mut entries = Vec::new();
    let mut timeline = Timeline::begin(pid, name.trim_end(), begun, &mut entries);
    trace.clocks(&clock::clocks())?;
    let end = begun.saturating_add(length.as_nanos().try_into().unwrap_or(Nanos::MAX));
    let (mut snapshots, mut failed) = (0, 0);
    let mut asked_at = begun;
    let mut told_at = begun;
    let mut state_turn = 0;
    let mut wanted = Wanted::State;
    let mut answer = Ok(source.first().answer);
    // Waits are recorded from now on. If that fails, the next request tells why.
    let _ = source.ask_for(Wanted::Past(Duration::ZERO));
    let ended_by = loop {
        match answer {
            Ok(ref answer) if answer.snapshot.is_whole => {
                let snapshot = &answer.snapshot;
                told_at = nanos(snapshot.taken);
                match wanted {
                    Wanted::Past(_) => timeline.add_past(snapshot, &mut entries),
                    _ => {
                        timeline.add(snapshot, &mut entries);
                        snapshots += 1;
                        progress(Progress {
                            lasted: Duration::from_nanos(now() - begun),
                            snapshots,
                            blocked: blocked(snapshot),
                        });
                    }
                }
            }
            // It has ended, or executed another program.
            Err(RequestError::NoProcess | RequestError::NotAnswering) => break EndedBy::Process,
            answer => {
                failed += 1;
                let why = match answer {
                    Ok(_) => "it told only a part".to_owned(),
                    Err(error) => error.to_string(),
                };
                timeline.miss(asked_at, &why, &mut entries);
            }
        }
        write(&mut trace, &mut entries)?;
        if asked_at >= end {
            break EndedBy::Time;
        }
        // A process that takes long to answer is not asked more often for that.
        let passed = now() - begun;
        let turn = passed / INTERVAL + 1;
        let until_next = turn * INTERVAL - passed;
        let until_end = end.saturating_sub(begun + passed);
        if !pause(Duration::from_nanos(until_next.min(until_end))) {
            break EndedBy::Signal;
        }
        asked_at = now();
        let within = Duration::from_nanos(asked_at.saturating_sub(told_at) + OVERLAP);
        let is_due = turn / STATE_EACH != state_turn;
        state_turn = turn / STATE_EACH;
        wanted = match is_due || asked_at >= end {
            true => Wanted::StateAndPast(within),
            false => Wanted::Past(within),
        };
        answer = source.ask_for(wanted).map(Arc::new);
    };
    // A second signal ends the program at once.
    drop(pause);
    let ended = now();
    let (waits, lost) = timeline.past();
    timeline.finish(ended, ended_by == EndedBy::Process, &mut entries);
    write(&mut trace, &mut entries)?;
    Ok(Recorded {
        packets: trace.packets(),
        bytes: trace.bytes(),
        lasted: Duration::from_nanos(ended - begun),
        snapshots,
        failed,
        waits,
        lost,
        ended_by,
    })
}

fn blocked(snapshot: &Snapshot) -> usize {
    let parties = snapshot.parties.iter();
    parties.filter(|party| party.wait.is_some()).count()
}

/// Writes what has come, so that the trace is whole up to here if the recorder is killed.
fn write<W: Write>(trace: &mut Trace<W>, entries: &mut Vec<Entry>) -> io::Result<()> {
    for entry in entries.drain(..) {
        trace.write(&entry)?;
    }
    trace.flush()
}
