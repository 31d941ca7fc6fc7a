//! Processes: their arguments and results, their ends, the waits for each other, and the refusals
//! to start.
//!
//! A program of its own, because each process that it starts is this program again. Cases that must
//! be seen from outside run as a further program, chosen by name.

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[path = "process/cases.rs"]
mod cases;
mod support;

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
use cases::{Case, children, endings, main, programs};

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
fn main() {}
