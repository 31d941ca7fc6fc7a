//! Why an operation on a shared object failed: a wait for a condition or at a barrier, a put, or a
//! get. (`mutex.rs` has the errors that carry a guard.)

use super::super::envelope::{DecodeError, EncodeError};
use super::error::SharedError;
use super::table;
use crate::error::{Broken, TimedOut};
use std::error::Error;
use std::fmt;

/// How a wait for a shared condition ended without a notification. The guard has the lock in each
/// case.
#[derive(Debug)]
#[non_exhaustive]
pub enum WaitError {
    /// The deadline passed.
    TimedOut,
    /// A process died while it held the lock; the number is that process's. Repair the value and
    /// call [`ConditionGuard::recover`](crate::process::ConditionGuard::recover).
    Abandoned(u32),
    /// 4,096 threads wait already, or no memory is left for one more: the wait has not begun.
    NoRoom(Option<SharedError>),
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => TimedOut.fmt(f),
            Self::Abandoned(pid) => write!(
                f,
                "process {pid} died while it held the lock: mend what it protects and recover it"
            ),
            Self::NoRoom(None) => write!(
                f,
                "{} threads wait for this condition already: no more can",
                table::ROWS
            ),
            Self::NoRoom(Some(why)) => why.fmt(f),
        }
    }
}

impl Error for WaitError {}

/// Why a wait at a shared [`Barrier`](crate::process::Barrier) failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BarrierError {
    /// The barrier is broken, or was reset meanwhile, or breaks by this wait's timeout.
    Broken,
    /// The barrier is broken because this process died while it waited.
    Abandoned(u32),
}

impl fmt::Display for BarrierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken => Broken.fmt(f),
            Self::Abandoned(pid) => write!(
                f,
                "process {pid} died while it waited, which broke the barrier: reset it to use it again"
            ),
        }
    }
}

impl Error for BarrierError {}

/// Why an item was not put. The error has the item.
#[derive(Debug)]
#[non_exhaustive]
pub enum PutError<T> {
    /// The item cannot be encoded for another process.
    Encode(T, EncodeError),
    /// The queue was full until the deadline.
    Full(T),
    /// The queue was shut down.
    ShutDown(T),
    /// No memory is left for it.
    NoMemory(T, SharedError),
    /// Another program has written to the queue's memory: its items cannot be found.
    Damaged(T),
}

impl<T> PutError<T> {
    /// The item that was not put.
    pub fn into_inner(self) -> T {
        match self {
            Self::Encode(item, _)
            | Self::Full(item)
            | Self::ShutDown(item)
            | Self::NoMemory(item, _)
            | Self::Damaged(item) => item,
        }
    }
}

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encode(_, why) => why.fmt(f),
            Self::Full(_) => f.write_str("the queue is full"),
            Self::ShutDown(_) => f.write_str("the queue was shut down"),
            Self::NoMemory(_, why) => why.fmt(f),
            Self::Damaged(_) => f.write_str(DAMAGED),
        }
    }
}

impl<T: fmt::Debug> Error for PutError<T> {}

/// Why there is no item.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GetError {
    /// The queue was empty until the deadline.
    Empty,
    /// The queue was shut down, and has no more items.
    ShutDown,
    /// There was an item, but this end of the queue expects another type: both ends have to be of
    /// the same type. The item is gone.
    Decode(DecodeError),
    /// There is an item, and no memory to read it: it is still the first.
    NoMemory,
    /// Another program has written to the queue's memory: its items cannot be found.
    Damaged,
}

const DAMAGED: &str = "the shared queue is damaged: another program has written to its memory";

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the queue is empty"),
            Self::ShutDown => f.write_str("the queue was shut down"),
            Self::Decode(why) => why.fmt(f),
            Self::NoMemory => f.write_str("no memory is left to read the queue's next item"),
            Self::Damaged => f.write_str(DAMAGED),
        }
    }
}

impl Error for GetError {}
