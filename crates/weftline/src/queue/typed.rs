//! [`Queue`], [`LifoQueue`] and [`PriorityQueue`]: the faces of the core for Rust programs.

use super::core::{GetFailure, PutFailure, RawQueue};
use super::order::{Fifo, Lifo};
use super::priority::Heap;
use crate::error::{GetError, PutError, TimedOut, TooManyTasksDone};
use crate::park::{Deadline, ThreadBlocker, WaitError};
use std::convert::Infallible;
use std::fmt;
use std::time::{Duration, Instant};

fn put_error<T>(failure: PutFailure<T, Infallible>) -> PutError<T> {
    match failure {
        PutFailure::Full(item) => PutError::Full(item),
        PutFailure::ShutDown(item) => PutError::ShutDown(item),
        PutFailure::NoMemory(item) => PutError::NoMemory(item),
        PutFailure::Forwarded(_) => unreachable!("only bindings forward queues"),
    }
}

fn get_error<T>(failure: GetFailure<T, Infallible>) -> GetError {
    match failure {
        GetFailure::Empty => GetError::Empty,
        GetFailure::ShutDown => GetError::ShutDown,
        GetFailure::Forwarded => unreachable!("only bindings forward queues"),
    }
}

macro_rules! queue {
    ($(#[$meta:meta])* $name:ident, $order:ident, $new:ident, [$($const:tt)*], [$($bound:tt)*], $panics:literal) => {
        $(#[$meta])*
        pub struct $name<T $($bound)*>(RawQueue<T, $order<T>, ThreadBlocker>);

        impl<T $($bound)*> $name<T> {
            pub(crate) fn raw(&self) -> &RawQueue<T, $order<T>, ThreadBlocker> {
                &self.0
            }

            /// A queue without a bound.
            #[must_use]
            pub $($const)* fn unbounded() -> Self {
                Self(RawQueue::with_order($order::$new(), 0))
            }

            /// A queue of at most `capacity` items.
            ///
            /// # Panics
            /// When `capacity` is zero: such a queue could never hold an item. (Python's zero means
            /// [`Self::unbounded`].)
            #[must_use]
            pub $($const)* fn bounded(capacity: usize) -> Self {
                assert!(capacity > 0, "a queue for no items: use unbounded() for any number of them");
                Self(RawQueue::with_order($order::$new(), capacity))
            }

            #[inline]
            #[track_caller]
            fn put_by(&self, item: T, deadline: Deadline) -> Result<(), PutError<T>> {
                self.0.put_with(item, &mut ThreadBlocker, deadline).map_err(put_error)
            }

            #[inline]
            #[track_caller]
            fn get_by(&self, deadline: Deadline) -> Result<T, GetError> {
                self.0.get_with(&mut ThreadBlocker, deadline).map_err(get_error)
            }

            #[track_caller]
            fn join_by(&self, deadline: Deadline) -> Result<(), TimedOut> {
                self.0.join_with(&mut ThreadBlocker, deadline).map(|_| ()).map_err(WaitError::timed_out)
            }

            /// Puts `item`; waits while the queue is full.
            ///
            /// # Errors
            /// [`PutError::ShutDown`] when the queue is shut down, also meanwhile;
            /// [`PutError::NoMemory`]. The error holds the item.
            #[doc = $panics]
            #[inline]
            #[track_caller]
            pub fn put(&self, item: T) -> Result<(), PutError<T>> {
                self.put_by(item, Deadline::NEVER)
            }

            /// Puts `item` if there is room; does not wait.
            ///
            /// # Errors
            /// [`PutError`], with the item.
            #[doc = $panics]
            #[doc(alias = "put_nowait")]
            #[inline]
            #[track_caller]
            pub fn try_put(&self, item: T) -> Result<(), PutError<T>> {
                self.put_by(item, Deadline::PASSED)
            }

            /// Puts `item`; waits for at most `timeout` while the queue is full. A timeout beyond
            /// the clock's range never ends.
            ///
            /// # Errors
            /// [`PutError`], with the item.
            #[doc = $panics]
            #[inline]
            #[track_caller]
            pub fn try_put_for(&self, item: T, timeout: Duration) -> Result<(), PutError<T>> {
                self.put_by(item, Deadline::after(timeout))
            }

            /// Puts `item`; waits until `deadline` at the latest while the queue is full.
            ///
            /// # Errors
            /// [`PutError`], with the item.
            #[doc = $panics]
            #[inline]
            #[track_caller]
            pub fn try_put_until(&self, item: T, deadline: Instant) -> Result<(), PutError<T>> {
                self.put_by(item, Deadline::at(deadline))
            }

            /// Takes the next item; waits while there is none.
            ///
            /// # Errors
            /// [`GetError::ShutDown`] when the queue is shut down and empty, also meanwhile.
            #[doc = $panics]
            #[inline]
            #[track_caller]
            pub fn get(&self) -> Result<T, GetError> {
                self.get_by(Deadline::NEVER)
            }

            /// Takes the next item if there is one; does not wait for an item. A priority queue
            /// also waits until no other thread compares, and no timeout covers that.
            ///
            /// # Errors
            /// [`GetError`].
            #[doc = $panics]
            #[doc(alias = "get_nowait")]
            #[inline]
            #[track_caller]
            pub fn try_get(&self) -> Result<T, GetError> {
                self.get_by(Deadline::PASSED)
            }

            /// Takes the next item; waits for at most `timeout` while there is none. A timeout
            /// beyond the clock's range never ends.
            ///
            /// # Errors
            /// [`GetError`].
            #[doc = $panics]
            #[inline]
            #[track_caller]
            pub fn try_get_for(&self, timeout: Duration) -> Result<T, GetError> {
                self.get_by(Deadline::after(timeout))
            }

            /// Takes the next item; waits until `deadline` at the latest while there is none.
            ///
            /// # Errors
            /// [`GetError`].
            #[doc = $panics]
            #[inline]
            #[track_caller]
            pub fn try_get_until(&self, deadline: Instant) -> Result<T, GetError> {
                self.get_by(Deadline::at(deadline))
            }

            /// Counts one item that was taken as done.
            ///
            /// # Errors
            /// [`TooManyTasksDone`] when all items are done already.
            pub fn task_done(&self) -> Result<(), TooManyTasksDone> {
                self.0.task_done()
            }

            /// How many items were put and are not [done](Self::task_done).
            #[must_use]
            #[doc(alias = "unfinished_tasks")]
            pub fn unfinished(&self) -> usize {
                self.0.unfinished()
            }

            /// Waits until every item that was put is [done](Self::task_done).
            #[track_caller]
            pub fn join(&self) {
                let _: Result<(), TimedOut> = self.join_by(Deadline::NEVER);
            }

            /// Checks whether every item is done, with the result of the other forms; does not
            /// wait.
            ///
            /// # Errors
            /// [`TimedOut`] when some are not.
            pub fn try_join(&self) -> Result<(), TimedOut> {
                self.join_by(Deadline::PASSED)
            }

            /// Waits until every item is done, for at most `timeout`.
            ///
            /// # Errors
            /// [`TimedOut`] when some are not by then.
            #[track_caller]
            pub fn try_join_for(&self, timeout: Duration) -> Result<(), TimedOut> {
                self.join_by(Deadline::after(timeout))
            }

            /// Waits until every item is done, until `deadline` at the latest.
            ///
            /// # Errors
            /// [`TimedOut`] when some are not by then.
            #[track_caller]
            pub fn try_join_until(&self, deadline: Instant) -> Result<(), TimedOut> {
                self.join_by(Deadline::at(deadline))
            }

            /// Refuses items from now on. The items in the queue can still be taken; if
            /// `immediate`, they are dropped here and count as done. The waits of putters, and of
            /// getters at the empty queue, end with an error.
            #[doc = $panics]
            #[track_caller]
            pub fn shutdown(&self, immediate: bool) {
                match self.0.shutdown_with(immediate, &mut ThreadBlocker) {
                    Ok(dropped) => drop(dropped),
                }
            }

            /// Whether the queue is shut down.
            #[must_use]
            pub fn is_shutdown(&self) -> bool {
                self.0.is_shut_down()
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

            /// Whether there is no room; out of date at once.
            #[must_use]
            pub fn is_full(&self) -> bool {
                self.capacity().is_some_and(|capacity| self.len() >= capacity)
            }

            /// The bound on the number of items; `None` for an unbounded queue.
            #[must_use]
            #[doc(alias = "maxsize")]
            pub fn capacity(&self) -> Option<usize> {
                Some(self.0.capacity()).filter(|&capacity| capacity > 0)
            }

            /// Takes items until the queue is shut down and empty; waits for each.
            pub fn iter(&self) -> Iter<'_, Self> {
                Iter(self)
            }
        }

        impl<T $($bound)*> Iterator for Iter<'_, $name<T>> {
            type Item = T;

            #[track_caller]
            fn next(&mut self) -> Option<T> {
                self.0.get().ok()
            }
        }

        impl<'a, T $($bound)*> IntoIterator for &'a $name<T> {
            type Item = T;
            type IntoIter = Iter<'a, $name<T>>;

            fn into_iter(self) -> Self::IntoIter {
                self.iter()
            }
        }

        impl<T $($bound)*> Default for $name<T> {
            fn default() -> Self {
                Self::unbounded()
            }
        }

        impl<T $($bound)*> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("len", &self.len())
                    .field("capacity", &self.capacity())
                    .finish_non_exhaustive()
            }
        }
    };
}

queue!(
    /// First in, first out: Python's `queue.Queue`.
    ///
    /// An item goes straight to the getter that has waited longest, a slot to the putter that has
    /// waited longest.
    ///
    /// ```
    /// use std::time::Duration;
    /// use weftline::{PutError, Queue};
    ///
    /// let jobs = Queue::bounded(2);
    /// jobs.put("a").unwrap();
    /// jobs.put("b").unwrap();
    /// assert_eq!(jobs.try_put_for("c", Duration::from_millis(1)), Err(PutError::Full("c")));
    /// jobs.shutdown(false);
    /// assert_eq!(jobs.iter().collect::<Vec<_>>(), ["a", "b"]);
    /// ```
    #[doc(alias = "queue.Queue")]
    Queue, Fifo, new, [const], [], ""
);

queue!(
    /// Last in, first out: Python's `queue.LifoQueue`.
    ///
    /// ```
    /// let stack = weftline::LifoQueue::unbounded();
    /// stack.put(1).unwrap();
    /// stack.put(2).unwrap();
    /// assert_eq!(stack.get(), Ok(2));
    /// ```
    #[doc(alias = "queue.LifoQueue")]
    LifoQueue, Lifo, new, [const], [], ""
);

queue!(
    /// Smallest first: Python's `queue.PriorityQueue`. Use [`std::cmp::Reverse`] for largest first.
    ///
    /// A binary heap. While a comparison runs, no lock is held that could stop other threads for
    /// longer than that comparison. A comparison that panics leaves the queue as it was.
    ///
    /// ```
    /// let jobs = weftline::PriorityQueue::unbounded();
    /// for job in [(3, "sweep"), (1, "cook"), (2, "eat")] {
    ///     jobs.put(job).unwrap();
    /// }
    /// assert_eq!(jobs.get(), Ok((1, "cook")));
    /// ```
    #[doc(alias = "queue.PriorityQueue")]
    PriorityQueue, Heap, default, [], [: Ord], "\n# Panics\nWhen a comparison uses this very queue."
);

/// Takes items from a queue until it is shut down and empty; waits for each.
#[derive(Debug)]
pub struct Iter<'a, Q>(&'a Q);
