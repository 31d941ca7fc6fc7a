//! The errors of the whole crate, of waits and of misuse.

use std::error::Error;
use std::fmt;

macro_rules! plain_error {
    ($(#[$meta:meta])* $name:ident, $text:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $name;

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($text)
            }
        }

        impl Error for $name {}
    };
}

plain_error!(
    /// The deadline passed before the wait ended.
    TimedOut,
    "timed out"
);
plain_error!(
    /// A release of a lock that is not held.
    NotLocked,
    "the lock is not held: release it once for each time it was taken"
);
plain_error!(
    /// A release of a re-entrant lock by a thread that does not hold it.
    NotOwner,
    "the lock is not held by this thread: only the thread that took it can release it"
);
plain_error!(
    /// A re-entrant lock was taken 2³² times by one thread.
    TooManyRecursions,
    "the lock was taken 2^32 times by one thread: a release is missing"
);
plain_error!(
    /// A release would bring a semaphore above its bound.
    #[doc(alias = "ValueError")]
    TooManyPermits,
    "the semaphore would have more permits than its bound: release only what was acquired"
);
plain_error!(
    /// The number of a barrier's parties is zero.
    ZeroParties,
    "a barrier needs at least one party"
);
plain_error!(
    /// The barrier is broken: a party timed out, the action failed, or a thread aborted or reset
    /// it.
    #[doc(alias = "BrokenBarrierError")]
    Broken,
    "the barrier is broken: reset it to use it again"
);
plain_error!(
    /// `task_done` was called more often than `put`.
    TooManyTasksDone,
    "task_done() called more often than items were put"
);
plain_error!(
    /// There is no memory for the operation. Nothing has changed.
    #[doc(alias = "MemoryError")]
    NoMemory,
    "out of memory: nothing has changed"
);
plain_error!(
    /// No item came before the deadline.
    #[doc(alias = "queue.Empty")]
    Empty,
    "the queue is empty"
);

/// Why an item was not taken from a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GetError {
    /// No item came before the deadline.
    #[doc(alias = "queue.Empty")]
    Empty,
    /// The queue was shut down and is empty.
    #[doc(alias = "queue.ShutDown")]
    ShutDown,
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the queue is empty",
            Self::ShutDown => "the queue is shut down and empty",
        })
    }
}

impl Error for GetError {}

/// Why an item was not put into a queue. The item is returned.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PutError<T> {
    /// No slot became free before the deadline.
    #[doc(alias = "queue.Full")]
    Full(T),
    /// The queue was shut down.
    #[doc(alias = "queue.ShutDown")]
    ShutDown(T),
    /// There is no memory for one more item.
    #[doc(alias = "MemoryError")]
    NoMemory(T),
}

impl<T> PutError<T> {
    /// The item that was not put.
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(item) | Self::ShutDown(item) | Self::NoMemory(item) => item,
        }
    }
}

impl<T> fmt::Debug for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::ShutDown(_) => "ShutDown(..)",
            Self::NoMemory(_) => "NoMemory(..)",
        })
    }
}

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the queue is full",
            Self::ShutDown(_) => "the queue is shut down",
            Self::NoMemory(_) => "out of memory: the item was not put",
        })
    }
}

impl<T> Error for PutError<T> {}
