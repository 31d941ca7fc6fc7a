//! The list of the running threads.
//!
//! # Implementation
//!
//! A list under a [`ListLock`]. Room is allocated before the lock is taken, and removed threads are
//! dropped after it. The main thread stands beside the list: it exists before it has used the
//! library, and does not end before the process.
//!
//! Invariant, under the lock: *each listed thread's `place` is its index in the list*.
//!
//! Linearisation point of `enter`, `leave`, `enumerate` and `active_count`: the change or the read
//! of the list under the lock. Happens-before: the lock orders all of them, so `place` is relaxed.
//!
//! The child of a fork starts with an empty list: of the listed threads only the one that forked
//! exists there, and it is the main thread.

use super::Thread;
use super::main_thread::main_thread;
use crate::error::NoMemory;
use crate::park::{ForgetWaiters, ListLock, panic_without_memory};
use std::sync::atomic::Ordering;

static RUNNING: ListLock<Running> = ListLock::new(Running(Vec::new()));

/// Unordered; each thread knows its place.
struct Running(Vec<Thread>);

impl ForgetWaiters for Running {
    fn forget_waiters(&mut self, _torn: bool) {
        // Not dropped: it may be half changed, and destructors do not run under the lock.
        std::mem::forget(std::mem::take(&mut self.0));
    }
}

/// Adds `thread` to the running threads.
pub(super) fn enter(thread: &Thread) -> Result<(), NoMemory> {
    let mut entry = Some(thread.clone());
    let mut room: Vec<Thread> = Vec::new();
    loop {
        let needed = {
            let mut running = RUNNING.lock();
            let threads = &mut running.0;
            if threads.len() == threads.capacity() && room.capacity() > threads.len() {
                room.append(threads);
                std::mem::swap(threads, &mut room);
            }
            if threads.len() < threads.capacity()
                && let Some(entry) = entry.take()
            {
                entry.0.place.store(threads.len(), Ordering::Relaxed);
                threads.push(entry);
                return Ok(());
            }
            (threads.len() * 2).max(16)
        };
        room = Vec::new();
        room.try_reserve_exact(needed).map_err(|_| NoMemory)?;
    }
}

/// Removes `thread`, which has ended, or never started.
pub(super) fn leave(thread: &Thread) {
    let taken = {
        let threads = &mut RUNNING.lock().0;
        let place = thread.0.place.load(Ordering::Relaxed);
        // Absent are the main thread, and a thread of a process that has forked since.
        if threads.get(place) == Some(thread) {
            let taken = threads.swap_remove(place);
            if let Some(moved) = threads.get(place) {
                moved.0.place.store(place, Ordering::Relaxed);
            }
            Some(taken)
        } else {
            None
        }
    };
    drop(taken);
}

/// The threads that run now: the main thread first, the others by age.
///
/// # Panics
/// When there is no memory for them.
///
/// ```
/// let before = weftline::enumerate().len();
/// let end = weftline::Event::new();
/// weftline::scope(|s| {
///     let waits = s.spawn(|| end.wait());
///     assert!(weftline::enumerate().contains(waits.thread()));
///     end.set();
/// });
/// # let _ = before;
/// assert_eq!(weftline::enumerate()[0], weftline::main_thread());
/// ```
#[must_use]
pub fn enumerate() -> Vec<Thread> {
    // Before the lock is taken, because the answer may need it.
    let main = Some(main_thread()).filter(Thread::is_alive);
    let mut running: Vec<Thread> = Vec::new();
    loop {
        let needed = {
            let threads = &RUNNING.lock().0;
            let needed = threads.len() + 1;
            if running.capacity() >= needed {
                running.extend(main.clone());
                running.extend_from_slice(threads);
                break;
            }
            needed
        };
        if running.try_reserve_exact(needed + needed / 8).is_err() {
            panic_without_memory();
        }
    }
    let others = usize::from(main.is_some());
    running[others..].sort_unstable_by_key(Thread::reserved_number);
    running
}

/// The number of threads that run now, as [`enumerate`] would count them.
///
/// # Panics
/// As [`main_thread`].
///
/// ```
/// assert!(weftline::active_count() >= 1);
/// ```
#[must_use]
pub fn active_count() -> usize {
    let main = usize::from(main_thread().is_alive());
    main + RUNNING.lock().0.len()
}

/// A thread that the end of the program waits for; not the calling one. `serves` chooses between
/// the threads of services and the others.
pub(super) fn any_to_wait_for(serves: bool) -> Option<Thread> {
    let awaited = |thread: &&Thread| {
        !thread.is_daemon() && thread.0.is_of_service == serves && !thread.is_current()
    };
    RUNNING.lock().0.iter().find(awaited).cloned()
}
