//! [`SimpleQueue`]: unbounded, first in first out, without tasks and shutdown.

use super::core::{PutFailure, RawQueue};
use super::order::Fifo;
use crate::error::{Empty, PutError};
use crate::park::{Deadline, ThreadBlocker};
use std::fmt;
use std::time::{Duration, Instant};

/// An unbounded first-in-first-out queue without tasks and without a shutdown: Python's
/// `queue.SimpleQueue`.
///
/// ```
/// let messages = weftline::SimpleQueue::new();
/// messages.put("hello");
/// assert_eq!(messages.get(), "hello");
/// assert!(messages.try_get().is_err());
/// ```
#[doc(alias = "queue.SimpleQueue")]
pub struct SimpleQueue<T>(RawQueue<T, Fifo<T>, ThreadBlocker>);

impl<T> SimpleQueue<T> {
    /// An empty queue.
    #[must_use]
    pub const fn new() -> Self {
        Self(RawQueue::with_order(Fifo::new(), 0))
    }

    pub(crate) fn raw(&self) -> &RawQueue<T, Fifo<T>, ThreadBlocker> {
        &self.0
    }

    /// Puts `item`; never waits.
    ///
    /// # Panics
    /// When there is no memory for it; [`try_put`](Self::try_put) returns the item then.
    #[track_caller]
    pub fn put(&self, item: T) {
        if self.try_put(item).is_err() {
            panic!("out of memory: the item was not put");
        }
    }

    /// Puts `item`; never waits.
    ///
    /// # Errors
    /// [`PutError::NoMemory`], with the item.
    pub fn try_put(&self, item: T) -> Result<(), PutError<T>> {
        match self.0.put_with(item, &mut ThreadBlocker, Deadline::NEVER) {
            Ok(()) => Ok(()),
            Err(PutFailure::NoMemory(item)) => Err(PutError::NoMemory(item)),
            Err(_) => unreachable!("an unbounded queue is never full, and has no shutdown"),
        }
    }

    #[inline]
    #[track_caller]
    fn get_by(&self, deadline: Deadline) -> Result<T, Empty> {
        self.0
            .get_with(&mut ThreadBlocker, deadline)
            .map_err(|_| Empty)
    }

    /// Takes the next item; waits while there is none.
    #[inline]
    #[track_caller]
    pub fn get(&self) -> T {
        self.get_by(Deadline::NEVER)
            .expect("a wait without a deadline does not time out")
    }

    /// Takes the next item if there is one; does not wait.
    ///
    /// # Errors
    /// [`Empty`] when there is none.
    #[doc(alias = "get_nowait")]
    pub fn try_get(&self) -> Result<T, Empty> {
        self.get_by(Deadline::PASSED)
    }

    /// Takes the next item; waits for at most `timeout` while there is none. A timeout beyond the
    /// clock's range never ends.
    ///
    /// # Errors
    /// [`Empty`] when none came in time.
    #[inline]
    #[track_caller]
    pub fn try_get_for(&self, timeout: Duration) -> Result<T, Empty> {
        self.get_by(Deadline::after(timeout))
    }

    /// Takes the next item; waits until `deadline` at the latest while there is none.
    ///
    /// # Errors
    /// [`Empty`] when none came in time.
    #[inline]
    #[track_caller]
    pub fn try_get_until(&self, deadline: Instant) -> Result<T, Empty> {
        self.get_by(Deadline::at(deadline))
    }

    /// How many items there are; out of date at once.
    #[must_use]
    #[doc(alias = "qsize")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no item; out of date at once.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Default for SimpleQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for SimpleQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimpleQueue")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
