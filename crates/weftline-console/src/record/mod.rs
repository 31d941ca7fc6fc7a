//! `weftline record`: a timeline of a process, for Perfetto.
//!
//! | file | what it holds |
//! |---|---|
//! | `command.rs` | the command line, and the summary |
//! | `recording.rs` | asking the process, again and again |
//! | `clock.rs` | the clocks of the system |
//! | `timeline.rs` | snapshots, one after the other, as tracks and events |
//! | `waits.rs` | the waits of threads |
//! | `past.rs` | the waits that have ended, each once |
//! | `holds.rs` | the holders of locks |
//! | `counters.rs` | blocked threads, queues and pools in numbers |
//! | `words.rs` | what slices and tracks are called |
//! | `trace.rs` | [`Trace`](trace::Trace): tracks and events in the format of Perfetto |
//! | `proto.rs` | the wire format of Protocol Buffers |

mod clock;
mod command;
mod counters;
mod holds;
mod past;
mod proto;
mod recording;
mod timeline;
mod trace;
mod waits;
mod words;

#[cfg(test)]
mod tests;

pub(crate) use command::record;
pub(crate) use recording::{RecordError, record_until};
