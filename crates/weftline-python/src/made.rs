//! [`Made`]: whether an object's Rust part exists yet.
//!
//! Up to CPython 3.11, making an object may start a garbage collection while the object is tracked already and its memory still all
//! zeros. A class that the collector visits has one of these among its fields, and looks at nothing else before it says yes.

use std::sync::atomic::{AtomicU8, Ordering};

/// Not all zeros once made.
pub(crate) struct Made(AtomicU8);

impl Made {
    pub(crate) const fn new() -> Self {
        Self(AtomicU8::new(1))
    }

    pub(crate) fn is_made(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }
}
