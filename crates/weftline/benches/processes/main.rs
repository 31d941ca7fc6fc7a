//! Processes and their shared objects, beside their peers: `cargo bench --bench processes`.
//!
//! The options are those of `peers`. Rows with Python use the interpreter of `PYTHON`, or
//! `python3`. Without an interpreter they are left out.
//!
//! | file | what it holds |
//! |---|---|
//! | `starts.rs` | the time to start a process |
//! | `objects.rs` | objects in shared memory, beside their counterparts within one process |
//! | `queues.rs` | items from one process to another |
//! | `pools.rs` | tasks in other processes |
//! | `python.rs` | the time that Python's own modules take |

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the benchmark measures with the clock, and against the standard library"
)]

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[path = "../peers/measure.rs"]
mod measure;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod objects;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod pools;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod python;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod queues;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod starts;

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
use measure::{Options, Report};

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
fn main() {
    println!("weftline has processes on Linux with 64 bits");
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn main() {
    weftline::run(|| {
        let mut report = Report::new(Options::from_arguments());
        starts::measure(&mut report);
        objects::measure(&mut report);
        queues::measure(&mut report);
        pools::measure(&mut report);
        report.finish();
    });
}

/// Nanoseconds of a clock that all processes read.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn clock() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the place is valid.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}
