//! A standstill: every thread of the process waits, none with a deadline, and nothing outside can
//! wake one.
//!
//! # Implementation
//!
//! It counts if all of this holds in two passes, and no thread has left its sleep in between:
//!
//! - every thread that the library knows sleeps without a deadline. Idle threads of the library
//!   itself wait for work, and start none;
//! - the interpreter, if there is one, has no other thread than these, but for one that waits for
//!   the ends of threads at the exit;
//! - the system counts no other thread: one of another library may do anything;
//! - the program handles no signal: a handler could wake a thread.

use super::circle::{Step, ended_owner, is_same};
use super::interpreter::Interpreter;
use super::own_snapshot::snapshot;
use super::starvation::is_any_stuck;
use crate::park::{Kind, now, threads_now};
use std::sync::atomic::{AtomicU64, Ordering};

/// How often the process looks, however many threads wait.
const EVERY_NANOS: u64 = 900_000_000;
static LAST: AtomicU64 = AtomicU64::new(0);

/// The waits of all threads, if they stand still.
pub(super) fn standstill(interpreter: Option<Interpreter>) -> Option<Vec<Step>> {
    let (last, now) = (LAST.load(Ordering::Relaxed), now());
    let is_due = now.saturating_sub(last) >= EVERY_NANOS;
    if !is_due
        || LAST
            .compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed)
            .is_err()
    {
        return None;
    }
    let first = pass(interpreter)?;
    let second = pass(interpreter)?;
    (is_same(&first, &second) && !is_explained(&first)).then_some(first)
}

/// Whether some of the threads are in a circle, starve, or wait for a thread that has ended: they
/// tell that themselves, and it explains the standstill.
fn is_explained(steps: &[Step]) -> bool {
    let is_ended = |step: &Step| ended_owner(step.thread, &step.wait).is_some();
    steps.iter().any(is_ended) || is_any_stuck() || !snapshot().deadlocks().is_empty()
}

fn pass(interpreter: Option<Interpreter>) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut idle = 0;
    let mut idents = Vec::new();
    for thread in threads_now() {
        match thread.blocked() {
            Some(wait) if wait.kind == Kind::Work => idle += 1,
            Some(wait) if wait.deadline.is_never() => {
                steps.try_reserve(1).ok()?;
                idents.try_reserve(1).ok()?;
                idents.push(thread.os_ident());
                steps.push(Step { thread, wait });
            }
            Some(_) => return None,
            // Perhaps the thread that waits at the exit: the interpreter knows.
            None if interpreter.is_some() => {}
            None => return None,
        }
    }
    let others = match interpreter {
        Some(interpreter) => (interpreter.others_at_exit)(&idents)?,
        None => 0,
    };
    let accounted = steps.len() + idle + others;
    let is_still = threads_of_process() == Some(accounted) && !handles_signals(interpreter);
    is_still.then_some(steps)
}

/// How many threads the system counts.
#[cfg(target_os = "linux")]
fn threads_of_process() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/task").ok()?.count())
}

#[cfg(not(target_os = "linux"))]
fn threads_of_process() -> Option<usize> {
    None
}

/// Whether the program handles a signal.
#[cfg(target_os = "linux")]
fn handles_signals(interpreter: Option<Interpreter>) -> bool {
    if let Some(interpreter) = interpreter {
        return (interpreter.handles_signals)();
    }
    // Those of the C library, and those that tell of faults of the program itself.
    let own = [32, 33, 34];
    let faults = [
        libc::SIGSEGV,
        libc::SIGBUS,
        libc::SIGILL,
        libc::SIGFPE,
        libc::SIGABRT,
        libc::SIGTRAP,
    ];
    let ignored = own.into_iter().chain(faults).chain(super::signal());
    let ignored: u64 = ignored.map(|signal| 1 << (signal - 1)).sum();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|set| u64::from_str_radix(set.trim(), 16).ok());
    caught.is_none_or(|caught| caught & !ignored != 0)
}

#[cfg(not(target_os = "linux"))]
fn handles_signals(_: Option<Interpreter>) -> bool {
    true
}
