//! [`ThreadNumber`]: what names a thread in the word of a lock.
//!
//! A thread's *number* is what the word of a lock holds while the thread owns it. Numbers start at
//! 1, count up and are never used twice in a process or its forked children. So a number in a lock
//! names its owner for ever; the operating system's identifiers are recycled. 2⁶³ of them suffice
//! for three centuries of a thread each nanosecond.
//!
//! Here are the counter and the place where a thread keeps its number. `record.rs` decides when a
//! thread gets one.

use std::num::NonZeroU64;

/// The number of a thread: unique in this process and its forked children, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ThreadNumber(NonZeroU64);

impl ThreadNumber {
    pub(crate) fn new(number: u64) -> Option<Self> {
        NonZeroU64::new(number).map(Self)
    }

    /// The number itself.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0.get()
    }
}

#[cfg(all(unix, not(weftline_model)))]
pub(super) use real::next_number;
#[cfg(not(weftline_model))]
pub(crate) use real::reserve_number;
#[cfg(not(weftline_model))]
pub(super) use real::{number_if_any, set_number};

#[cfg(not(weftline_model))]
mod real {
    use std::cell::Cell;
    use std::sync::atomic::{AtomicU64, Ordering};

    static NEXT: AtomicU64 = AtomicU64::new(1);

    thread_local! {
        static NUMBER: Cell<u64> = const { Cell::new(0) };
    }

    /// The calling thread's number, or 0 if it has none yet. Safe in a fork's child handler.
    #[inline]
    pub(crate) fn number_if_any() -> u64 {
        NUMBER.get()
    }

    /// Makes `number` the calling thread's number, and returns the one before.
    pub(crate) fn set_number(number: u64) -> u64 {
        NUMBER.replace(number)
    }

    /// The number that the next new thread gets.
    #[cfg(unix)]
    pub(crate) fn next_number() -> u64 {
        NEXT.load(Ordering::Relaxed)
    }

    /// A number for a thread that is yet to start, or has none yet.
    pub(crate) fn reserve_number() -> u64 {
        NEXT.fetch_add(1, Ordering::Relaxed)
    }
}
