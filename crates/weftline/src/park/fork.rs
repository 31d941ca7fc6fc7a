//! The fork generation: which `fork` of the process this is, and which threads are alive in it.
//!
//! A forked child has one thread and a copy of memory. Every list in it may hold waiters that lie
//! on the stacks of threads that no longer exist, and any list's lock may have been held by one.
//! Nothing is searched for and repaired: each list's lock carries the generation in which it was
//! last locked, and one of an older generation counts as free and empty (`list_lock.rs`).
//!
//! Likewise a lock whose holder did not survive counts as free: thread numbers are never reused, so
//! [`is_alive`] answers from two numbers that the child handler writes down.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

// The standard atomics in models too: the model checkers do not fork, and these are written by a
// process that has one thread.
static GENERATION: AtomicU32 = AtomicU32::new(0);
static SURVIVOR: AtomicU64 = AtomicU64::new(0);
static FIRST_BORN_AFTER: AtomicU64 = AtomicU64::new(0);

/// How many forks lie between this process and the first one, plus one. Zero until [`watch`] was
/// called.
#[inline]
pub(crate) fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// Whether the thread of that number exists in this process, as far as forks go.
#[inline]
pub(crate) fn is_alive(number: u64) -> bool {
    generation() <= 1
        || number == SURVIVOR.load(Ordering::Relaxed)
        || number >= FIRST_BORN_AFTER.load(Ordering::Relaxed)
}

/// Asks to be told of forks. Called from the cold path of whatever a fork could otherwise catch
/// unprepared.
///
/// Two threads may both be the first. Then the handler is registered twice and a fork counts as
/// two, which is as good. (A `Once` is not: a fork in the middle of it leaves the child waiting for
/// a thread that it does not have.)
#[cold]
pub(crate) fn watch() {
    if generation() != 0 {
        return;
    }
    #[cfg(all(unix, not(weftline_model)))]
    {
        // SAFETY: the handler only stores to atomics and reads a thread-local without a destructor:
        // it may run in a fork's child.
        let refused = unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
        assert!(refused == 0, "no memory to register a fork handler");
    }
    let _ = GENERATION.compare_exchange(0, 1, Ordering::Relaxed, Ordering::Relaxed);
}

#[cfg(all(unix, not(weftline_model)))]
extern "C" fn in_child() {
    SURVIVOR.store(super::record::number_if_any(), Ordering::Relaxed);
    FIRST_BORN_AFTER.store(super::record::next_number(), Ordering::Relaxed);
    GENERATION.fetch_add(1, Ordering::Relaxed);
}
