//! Timelines of made-up processes.
//!
//! | file | what it holds |
//! |---|---|
//! | `moments.rs` | a process at some second, told in the form in which real ones tell |
//! | `reader.rs` | a timeline as its reader finds it: well-formed, in slices and instants |
//! | `waits.rs` | waits that snapshots see |
//! | `past.rs` | waits that have ended, told with their ends |
//! | `holds.rs` | the holders of locks |
//! | `counters.rs` | blocked threads, queues and pools in numbers |
//! | `verdicts.rs` | deadlocks and starved pools |
//! | `tracks.rs` | the tracks of threads, and their names |
//! | `memory.rs` | the bounds of what a timeline remembers |
//! | `random.rs` | random processes and random locks |

mod counters;
mod holds;
mod memory;
mod moments;
mod past;
mod random;
mod reader;
mod tracks;
mod verdicts;
mod waits;
