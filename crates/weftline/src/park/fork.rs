//! The fork generation: which `fork` of the process this is, and which threads are alive in it.
//!
//! A forked child has one thread and a copy of memory. Every list in it may hold waiters on the
//! stacks of threads that no longer exist, and such a thread may have held any list's lock. Nothing
//! is searched for and repaired. Each list's lock carries the generation of its last acquire, and a
//! lock of an older generation counts as free, its list as empty (`list_lock.rs`).
//!
//! A user's lock whose owner did not survive counts as free too. Thread numbers are never reused,
//! so [`is_alive`] answers from two numbers that the child handler stores.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

// The standard atomics in models too: the model checkers do not fork, and these are written by a
// process that has one thread.
static GENERATION: AtomicU32 = AtomicU32::new(0);
static SURVIVOR: AtomicU64 = AtomicU64::new(0);
static FIRST_BORN_AFTER: AtomicU64 = AtomicU64::new(0);

/// One more than the number of forks between the first process and this one. Zero until [`watch`]
/// is called.
#[inline]
pub(crate) fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// How many forks there were between the first process and this one.
#[inline]
pub(crate) fn forks() -> u32 {
    generation().saturating_sub(1)
}

/// Whether the thread of that number exists in this process, as far as forks go.
#[inline]
pub(crate) fn is_alive(number: u64) -> bool {
    generation() <= 1
        || number == SURVIVOR.load(Ordering::Relaxed)
        || number >= FIRST_BORN_AFTER.load(Ordering::Relaxed)
}

/// Whether the thread of that number is the one that made this process by a fork.
#[cfg(not(weftline_model))]
pub(crate) fn is_survivor(number: u64) -> bool {
    generation() > 1 && number == SURVIVOR.load(Ordering::Relaxed)
}

/// Installs the fork handler. Called from the slow path of everything that depends on the
/// generation.
///
/// Two threads may install it at the same time. A fork then counts twice, which does no harm. A
/// `Once` would: a fork in the middle of it leaves the child waiting for a thread that it does not
/// have.
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
    SURVIVOR.store(super::thread_number::number_if_any(), Ordering::Relaxed);
    FIRST_BORN_AFTER.store(super::thread_number::next_number(), Ordering::Relaxed);
    super::read_holds::survive_fork();
    GENERATION.fetch_add(1, Ordering::Relaxed);
}
