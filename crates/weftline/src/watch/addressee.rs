//! The thread of a process that gets the signal of a request.
//!
//! The kernel prefers the main thread, and a call that a signal interrupts goes on. `pause` and
//! `sigsuspend` do not: any signal ends them, and a main thread that waits so for the end of its
//! program would end it. So another thread gets the signal then.

use super::status::has;
use crate::park::Deadline;
use std::fs;
use std::time::Duration;

/// How long the handlers of a process may block the signal.
const FOR_HANDLERS: Duration = Duration::from_secs(1);

/// Why a process gets no signal.
pub(super) enum Unreachable {
    /// It has ended.
    Ended,
    /// All threads block the signal.
    Blocked,
    /// Each thread that takes the signal waits for any signal.
    Paused,
}

/// The thread; `None`: the one that the kernel prefers. Waits until a handler that is running has
/// ended.
///
/// # Errors
/// [`Unreachable`].
pub(super) fn of(pid: u32, signal: i32) -> Result<Option<u32>, Unreachable> {
    let deadline = Deadline::after(FOR_HANDLERS);
    loop {
        let mut has_blocking = false;
        let found = now(pid, signal, &mut has_blocking);
        if found.is_ok() || !has_blocking || deadline.has_passed() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn now(pid: u32, signal: i32, has_blocking: &mut bool) -> Result<Option<u32>, Unreachable> {
    let mut threads: Vec<u32> = fs::read_dir(format!("/proc/{pid}/task"))
        .map_err(|_| Unreachable::Ended)?
        .flatten()
        .filter_map(|thread| thread.file_name().to_str()?.parse().ok())
        .collect();
    // The main thread first.
    threads.sort_unstable_by_key(|&thread| (thread != pid, thread));
    let mut pauses = false;
    for thread in threads {
        if blocks(pid, thread, signal) {
            *has_blocking = true;
            continue;
        }
        if is_paused(pid, thread) {
            pauses = true;
            continue;
        }
        return Ok((thread != pid).then_some(thread));
    }
    Err(if pauses {
        Unreachable::Paused
    } else {
        Unreachable::Blocked
    })
}

/// Whether the thread blocks the signal, or has ended.
fn blocks(pid: u32, thread: u32, signal: i32) -> bool {
    let status =
        fs::read_to_string(format!("/proc/{pid}/task/{thread}/status")).unwrap_or_default();
    let blocked = status.lines().find_map(|line| line.strip_prefix("SigBlk:"));
    let blocked = blocked.and_then(|set| u64::from_str_radix(set.trim(), 16).ok());
    blocked.is_none_or(|set| has(set, signal))
}

/// Whether any signal ends the thread's wait. Some systems do not tell.
fn is_paused(pid: u32, thread: u32) -> bool {
    let place = fs::read_to_string(format!("/proc/{pid}/task/{thread}/wchan")).unwrap_or_default();
    place.contains("pause") || place.contains("sigsuspend")
}
