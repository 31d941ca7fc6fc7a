//! How a priority queue compares: comparisons are user code, so no list's lock is held while one
//! runs.
//!
//! # Implementation
//!
//! A thread that must compare becomes the queue's *sorter*:
//!
//! | state | meaning | leaves by |
//! |---|---|---|
//! | no sorter | any thread that has the lock may change the order | a thread that must compare writes its number into the queue → its sorter |
//! | a sorter | it compares, without the lock and without a change, until it has a plan: where an item goes | the sorter takes the lock, carries the plan out (moves only) and erases its number, unless a sorter further up its own stack remains → no sorter |
//!
//! **Invariants.**
//! - A comparison that fails leaves the queue as it was.
//! - A comparison may be slow, or sleep. Other threads that need the queue wait for the sorter as
//!   for any lock, through their blocker.
//! - A comparison may use the very queue, and so may a signal handler or a destructor that runs
//!   meanwhile. The sorter's own calls do not wait. If they change the heap, the sorter plans
//!   again.
//!
//! A comparison works on *operands*. For a Python object the operand is a reference, so an item
//! that a nested call takes out stays alive. Rust's `Ord` gets plain references, so there a nested
//! call panics ([`Compare::MAY_NEST`]).
//!
//! A put or get with a comparison linearises where the plan is carried out, under the queue's lock.
//! That lock makes all happens-before pairs.

use crate::park::{Blocker, ThreadBlocker};
use std::convert::Infallible;
use std::ptr::NonNull;

/// A [`Blocker`] that can also compare items, as a priority queue needs.
pub trait Compare<T>: Blocker {
    /// Keeps an item alive during a comparison.
    type Operand;

    /// Whether a comparison may use the queue that it belongs to.
    const MAY_NEST: bool;

    /// Keeps an item alive.
    ///
    /// # Safety
    /// If [`Self::MAY_NEST`] is false, `item` outlives the result.
    unsafe fn operand(item: &T) -> Self::Operand;

    /// Whether `a` comes out before `b`.
    ///
    /// # Errors
    /// The error of the comparison.
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
