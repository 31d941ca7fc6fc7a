//! Pools of processes: tasks and their ends, and workers that die and are replaced, without leaving
//! anything behind.
//!
//! A program of its own, because each worker is this program again.

mod support;

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[path = "process_pool/cases.rs"]
mod cases;

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn main() {
    weftline::run(cases::all);
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
fn main() {}
