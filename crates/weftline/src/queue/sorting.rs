//! How a priority queue compares: comparisons are user code, so no list's lock is held while one
//! runs.
//!
//! # Implementation
//!
//! A thread that has to compare becomes the queue's *sorter*: it writes its number into the queue,
//! lets go of the lock, and plans: it finds out, by comparing and without changing anything, where
//! an item goes. Then it takes the lock again, carries the plan out (moves only), and stops being
//! the sorter. So
//!
//! - a comparison that fails leaves the queue as it was;
//! - a comparison may be slow, or sleep: others who need the queue wait for the sorter as for any
//!   lock, through their blocker;
//! - a comparison may use the very queue (a signal handler or a destructor that runs meanwhile may,
//!   too): the sorter's own calls do not wait, and if they change the heap, the plan is made anew.
//!
//! What a comparison looks at is *held*: for Python objects a reference is taken, so that an item
//! which a nested call takes out stays alive. Rust's `Ord` gets plain references, so there nested
//! calls are refused by a panic ([`Compare::MAY_NEST`]).

use crate::park::{Blocker, ThreadBlocker};
use std::convert::Infallible;
use std::ptr::NonNull;

/// A [`Blocker`] that can also compare items, as a priority queue needs.
pub trait Compare<T>: Blocker {
    /// What keeps an item alive during a comparison.
    type Operand;

    /// Whether a comparison may use the queue that it is made for.
    const MAY_NEST: bool;

    /// Holds an item.
    ///
    /// # Safety
    /// If [`Self::MAY_NEST`] is false, `item` outlives what is returned.
    unsafe fn operand(item: &T) -> Self::Operand;

    /// Whether `a` comes out before `b`.
    ///
    /// # Errors
    /// What the comparison raised.
    fn less(&mut self, a: &Self::Operand, b: &Self::Operand) -> Result<bool, Self::Interrupt>;
}

impl<T: Ord> Compare<T> for ThreadBlocker {
    type Operand = NonNull<T>;

    const MAY_NEST: bool = false;

    unsafe fn operand(item: &T) -> NonNull<T> {
        NonNull::from(item)
    }

    fn less(&mut self, a: &NonNull<T>, b: &NonNull<T>) -> Result<bool, Infallible> {
        // SAFETY: by the contract of `operand`, both are alive; nested calls, which could move
        // them, are refused.
        Ok(unsafe { a.as_ref() < b.as_ref() })
    }
}
