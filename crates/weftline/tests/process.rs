//! Processes: what they are given and what they return, how they end, who waits for whom, and what
//! refuses to start.
//!
//! A program of its own, since each process that it starts is this program again. What has to be
//! seen from outside runs as a further program, chosen by name.

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[path = "process/cases.rs"]
mod cases;
mod support;

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
use cases::{Case, children, endings, main, programs};

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
fn main() {}
