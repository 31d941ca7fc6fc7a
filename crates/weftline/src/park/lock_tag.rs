//! [`LockTag`]: what a lock keeps for reports and for the lock order, in bytes that alignment
//! leaves between its fields.

use std::num::NonZeroU16;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};

/// A class of locks: those that are created at one place of the program. The order of locks is one
/// of classes (`watch/lock_order.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LockClass(pub(crate) NonZeroU16);

impl LockClass {
    /// The class of the locks whose class is not known.
    pub const FIRST: Self = Self(NonZeroU16::MIN);
}

/// The marks of a lock. Any thread may change them, at any time: every ordering is relaxed, and
/// nothing else depends on them.
#[repr(C)]
pub(crate) struct LockTag {
    /// Another thread than the owner has released the lock.
    is_lent: AtomicBool,
    /// The lock has been taken while the order of locks was watched.
    is_known: AtomicBool,
    /// Zero: none yet.
    class: AtomicU16,
}

impl LockTag {
    /// Where [`Self::is_lent`] is, for reports.
    pub(super) const LENT: usize = std::mem::offset_of!(Self, is_lent);

    pub(super) const fn new() -> Self {
        Self {
            is_lent: AtomicBool::new(false),
            is_known: AtomicBool::new(false),
            class: AtomicU16::new(0),
        }
    }

    #[cfg(not(weftline_model))]
    pub(crate) fn is_lent(&self) -> bool {
        self.is_lent.load(Ordering::Relaxed)
    }

    /// For good.
    pub(crate) fn set_lent(&self) {
        self.is_lent.store(true, Ordering::Relaxed);
    }

    /// Makes the lock known, and returns whether it was not.
    #[cfg(not(weftline_model))]
    pub(crate) fn become_known(&self) -> bool {
        !self.is_known.load(Ordering::Relaxed) && !self.is_known.swap(true, Ordering::Relaxed)
    }

    /// The opposite; returns whether it was known.
    #[cfg(not(weftline_model))]
    pub(crate) fn become_unknown(&self) -> bool {
        self.is_known.swap(false, Ordering::Relaxed)
    }

    #[cfg(not(weftline_model))]
    pub(crate) fn is_known(&self) -> bool {
        self.is_known.load(Ordering::Relaxed)
    }

    #[cfg(not(weftline_model))]
    pub(crate) fn class(&self) -> Option<LockClass> {
        NonZeroU16::new(self.class.load(Ordering::Relaxed)).map(LockClass)
    }

    pub(crate) fn set_class(&self, class: LockClass) {
        self.class.store(class.0.get(), Ordering::Relaxed);
    }
}
