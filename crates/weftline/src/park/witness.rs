//! The seam for the order of locks: watched locks tell a floor above what threads do with them.
//!
//! A watched lock has a bit in its word that makes every fast path fail, so the slow paths see each
//! acquisition and release. Other locks have no such bit, and pay nothing. While no floor above has
//! asked, the next acquisition takes the bit away.

use super::lock_tag::LockTag;
use std::panic::Location;

/// A place of the program, of its Rust face.
pub(crate) type Place = &'static Location<'static>;

/// How a thread holds a lock, the weaker first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Access {
    /// To read, beside others.
    Read,
    /// To read, beside others that are not upgradable.
    Upgradable,
    /// To write, alone.
    Write,
    /// Alone: the lock has no other access.
    Exclusive,
}

impl Access {
    /// Whether a thread that wants the lock so waits for one that holds it so.
    #[cfg(not(weftline_model))]
    pub(crate) fn excludes(self, held: Self) -> bool {
        self.max(held) >= Self::Write || self.min(held) == Self::Upgradable
    }
}

/// In place of a thread's number: some threads, which read.
pub(crate) const READERS: u64 = 0;

/// A watched lock, as its slow paths tell of it.
#[derive(Clone, Copy)]
pub(crate) struct WatchedLock<'a> {
    /// Its address.
    #[cfg_attr(weftline_model, allow(dead_code, reason = "models have no witness"))]
    pub(crate) address: usize,
    /// How the thread wants, takes or has held it.
    #[cfg_attr(weftline_model, allow(dead_code, reason = "models have no witness"))]
    pub(crate) access: Access,
    /// Its marks.
    #[cfg_attr(weftline_model, allow(dead_code, reason = "models have no witness"))]
    pub(crate) tag: &'a LockTag,
}

#[cfg(not(weftline_model))]
pub(crate) use real::{Witness, set_witness};
#[cfg(not(weftline_model))]
pub(crate) use real::{gone, is_on, released, taken, wants};

#[cfg(not(weftline_model))]
mod real {
    use super::{Place, WatchedLock};
    use std::ptr;
    use std::sync::atomic::{AtomicPtr, Ordering};

    /// What a floor above does. The functions run on the thread that uses the lock, and under no
    /// lock of the library.
    pub(crate) struct Witness {
        /// The calling thread is about to take the lock at that place of the program, and waits for
        /// it without a deadline.
        pub(crate) wants: fn(WatchedLock<'_>, Place),
        /// It has taken the lock, by whatever call.
        pub(crate) taken: fn(WatchedLock<'_>, Place),
        /// It has released the lock, which the thread with that number held.
        pub(crate) released: fn(WatchedLock<'_>, u64),
        /// The lock is about to be gone. The thread with that number still holds it, if any does,
        /// or [`READERS`] do.
        pub(crate) gone: fn(WatchedLock<'_>, Option<u64>),
    }

    static WITNESS: AtomicPtr<Witness> = AtomicPtr::new(ptr::null_mut());

    /// Has watched locks tell `witness`, or lets them become ordinary.
    pub(crate) fn set_witness(witness: Option<&'static Witness>) {
        let witness = witness.map_or(ptr::null(), ptr::from_ref);
        // Pairs with the load below: what the witness needs has been written before.
        WITNESS.store(witness.cast_mut(), Ordering::Release);
    }

    fn witness() -> Option<&'static Witness> {
        // SAFETY: null, or a reference that `set_witness` got.
        unsafe { WITNESS.load(Ordering::Acquire).as_ref() }
    }

    /// Whether locks are watched.
    pub(crate) fn is_on() -> bool {
        !WITNESS.load(Ordering::Relaxed).is_null()
    }

    #[cold]
    pub(crate) fn wants(lock: WatchedLock<'_>, place: Place) {
        if let Some(witness) = witness() {
            (witness.wants)(lock, place);
        }
    }

    #[cold]
    pub(crate) fn taken(lock: WatchedLock<'_>, place: Place) {
        if let Some(witness) = witness() {
            (witness.taken)(lock, place);
        }
    }

    #[cold]
    pub(crate) fn released(lock: WatchedLock<'_>, owner: u64) {
        if let Some(witness) = witness() {
            (witness.released)(lock, owner);
        }
    }

    #[cold]
    pub(crate) fn gone(lock: WatchedLock<'_>, owner: Option<u64>) {
        if let Some(witness) = witness() {
            (witness.gone)(lock, owner);
        }
    }
}

/// Models watch locks to check their words; no floor is above.
#[cfg(weftline_model)]
mod modelled {
    use super::{Place, WatchedLock};

    pub(crate) fn is_on() -> bool {
        true
    }

    pub(crate) fn wants(_: WatchedLock<'_>, _: Place) {}

    pub(crate) fn taken(_: WatchedLock<'_>, _: Place) {}

    pub(crate) fn released(_: WatchedLock<'_>, _: u64) {}

    pub(crate) fn gone(_: WatchedLock<'_>, _: Option<u64>) {}
}

#[cfg(weftline_model)]
pub(crate) use modelled::{gone, is_on, released, taken, wants};
