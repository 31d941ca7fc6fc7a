//! [`InitGuard`]: whether an object's Rust part exists yet; [`Once`], a field that is empty until
//! then.
//!
//! Up to CPython 3.11, creating an object may start a garbage collection while the object is
//! tracked already and its memory is still all zeros. A class that the collector visits has one of
//! these among its fields, or a cell (`inflation/cell.rs`), and reads no other field until then.
//!
//! An object that has memory, but none for its `__dict__`, is deallocated in that state. So the
//! fields of a class own nothing when all of their bytes are zero. That holds for `Option`s,
//! collections and the core's objects; not for a `OnceLock`, whose zero means filled.
//!
//! # Implementation
//!
//! | state of a `Once` | meaning | leaves by |
//! |---|---|---|
//! | `EMPTY` | not filled | the compare-exchange in `set` → `FILLING` |
//! | `FILLING` | one thread writes the value | the release store in `set` → `FULL` |
//! | `FULL` | the value is there, and is never written again | (end) |
//!
//! The release store is the linearisation point of `set`. It pairs with the acquire loads of `get`
//! and of a `set` that came later.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU8, Ordering};

/// Not all zeros once created.
pub(crate) struct InitGuard(AtomicU8);

impl InitGuard {
    pub(crate) const fn new() -> Self {
        Self(AtomicU8::new(1))
    }

    pub(crate) fn is_done(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }
}

/// A cell that is filled at most once. Empty when all of its bytes are zero.
pub(crate) struct Once<T> {
    state: AtomicU8,
    place: UnsafeCell<MaybeUninit<T>>,
}

const EMPTY: u8 = 0;
const FILLING: u8 = 1;
const FULL: u8 = 2;

// SAFETY: as a `OnceLock`. One thread writes the cell before it publishes that; from then on all
// threads only read it.
unsafe impl<T: Send + Sync> Sync for Once<T> {}

impl<T> Once<T> {
    pub(crate) const fn new() -> Self {
        Self {
            state: AtomicU8::new(EMPTY),
            place: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    #[inline]
    pub(crate) fn get(&self) -> Option<&T> {
        // Pairs with the release in `set`.
        if self.state.load(Ordering::Acquire) != FULL {
            return None;
        }
        // SAFETY: filled, and never written again.
        Some(unsafe { (*self.place.get()).assume_init_ref() })
    }

    /// Fills the cell.
    ///
    /// # Errors
    /// The value, if the cell was filled before.
    pub(crate) fn set(&self, value: T) -> Result<(), T> {
        let claimed =
            self.state
                .compare_exchange(EMPTY, FILLING, Ordering::Relaxed, Ordering::Relaxed);
        if claimed.is_err() {
            // The other thread fills it within a few instructions, which make no call.
            while self.state.load(Ordering::Acquire) != FULL {
                std::hint::spin_loop();
            }
            return Err(value);
        }
        // SAFETY: claimed by this thread alone; no other thread reads it before it is full.
        unsafe { (*self.place.get()).write(value) };
        self.state.store(FULL, Ordering::Release);
        Ok(())
    }
}

impl<T> Drop for Once<T> {
    fn drop(&mut self) {
        if *self.state.get_mut() == FULL {
            // SAFETY: filled, and this is the end of it.
            unsafe { self.place.get_mut().assume_init_drop() };
        }
    }
}
