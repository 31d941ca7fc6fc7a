//! The thread of a process that gets the signal of a request.
//!
//! The handler tells of all threads, and the thread that it interrupts stands still for that long.
//! So a thread gets the signal that sleeps in a futex, as in a wait of this library: it has nothing
//! else to do, and goes on sleeping. If there is none, the kernel chooses, which prefers the main
//! thread.
//!
//! A call that a signal interrupts goes on. `pause` and `sigsuspend` do not: any signal ends them,
//! and a main thread that waits so for the end of its program would end it. So a thread that is in
//! one of them gets no signal.

use super::status::has;
use crate::park::Deadline;
use std::fs;
use std::time::Duration;

/// How long the handlers of a process may block the signal.
const FOR_HANDLERS: Duration = Duration::from_secs(1);

/// How many threads are looked at for one that sleeps in a futex, if another one takes the signal.
const MOST: usize = 100;

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
    let (mut pauses, mut any) = (false, None);
    for (at, thread) in threads.into_iter().enumerate() {
        if any.is_some() && at >= MOST {
            break;
        }
        if blocks(pid, thread, signal) {
            *has_blocking = true;
            continue;
        }
        match place(pid, thread) {
            Place::Futex => return Ok(Some(thread)),
            Place::Pause => pauses = true,
            Place::Other => any = any.or(Some(thread)),
        }
    }
    match any {
        Some(thread) => Ok((thread != pid).then_some(thread)),
        None if pauses => Err(Unreachable::Paused),
        None => Err(Unreachable::Blocked),
    }
}

/// Whether the thread blocks the signal, or has ended.
fn blocks(pid: u32, thread: u32, signal: i32) -> bool {
    let status =
        fs::read_to_string(format!("/proc/{pid}/task/{thread}/status")).unwrap_or_default();
    let blocked = status.lines().find_map(|line| line.strip_prefix("SigBlk:"));
    let blocked = blocked.and_then(|set| u64::from_str_radix(set.trim(), 16).ok());
    blocked.is_none_or(|set| has(set, signal))
}

/// Where a thread sleeps, if it does. Some systems do not tell.
enum Place {
    Futex,
    /// Any signal ends the thread's wait.
    Pause,
    Other,
}

fn place(pid: u32, thread: u32) -> Place {
    let place = fs::read_to_string(format!("/proc/{pid}/task/{thread}/wchan")).unwrap_or_default();
    if place.contains("futex") {
        Place::Futex
    } else if place.contains("pause") || place.contains("sigsuspend") {
        Place::Pause
    } else {
        Place::Other
    }
}
