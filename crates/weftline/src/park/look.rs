//! [`Watched`]: what an object for which threads wait says of itself to a report.
//!
//! # Implementation
//!
//! A report reads the objects of other threads' waits, which may change meanwhile or be gone. So it
//! has no reference to them, but a [`MaybeGone`]: an address, from which `probe.rs` copies words
//! without ever faulting. What it reads of an object that a waiter needs is true if the waiter has
//! slept the whole time: the reader compares the sequence of its record before and after.
//!
//! A wait's record holds the function that reads its object ([`Look`]), so each type reads fields
//! that only it knows, and a report needs no table of types.

use super::ThreadNumber;
#[cfg(not(weftline_model))]
use super::probe;
use std::marker::PhantomData;

/// What an object says of itself. Out of date at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ObjectState {
    /// A lock that no thread holds.
    Free,
    /// A lock that one thread holds, so many times.
    Held {
        /// The owner.
        by: ThreadNumber,
        /// How often it has taken the lock.
        times: u64,
        /// Whether other threads than the owner have released it before, as far as that was seen:
        /// a release that wakes a waiter is.
        is_lent: bool,
    },
    /// A lock that so many threads hold to read.
    Read {
        /// How many holds there are.
        readers: u64,
    },
    /// A semaphore.
    Permits {
        /// How many permits are free.
        free: u64,
        /// The most that can be.
        bound: u64,
    },
    /// An event.
    Flag {
        /// Whether it is set.
        is_set: bool,
    },
    /// A barrier.
    Parties {
        /// How many have arrived.
        arrived: u64,
        /// How many it waits for.
        parties: u64,
    },
    /// A queue.
    Queue {
        /// How many items there can be; zero means any number.
        capacity: u64,
        /// How many items have been put and are not reported done.
        unfinished: u64,
    },
    /// A future that no worker has begun with.
    Pending {
        /// The number of the pool; zero: of none that is known.
        pool: u32,
    },
    /// A future that a worker runs.
    Running {
        /// The number of the pool; zero: of none that is known.
        pool: u32,
    },
    /// A future that has its outcome.
    Finished,
    /// A thread.
    Thread {
        /// The number that is reserved for it.
        number: ThreadNumber,
    },
    /// Something of which that many are still awaited.
    Awaits {
        /// How many.
        count: u64,
    },
}

/// Reads an object at an address, which may hold it no longer.
pub(crate) type Look = fn(address: usize) -> Option<ObjectState>;

/// An object for which threads wait.
pub(crate) trait Watched: Sized {
    /// What the object says of itself, unless it is gone; `None` also if it has nothing to say.
    fn look(_object: MaybeGone<Self>) -> Option<ObjectState> {
        None
    }

    /// [`Self::look`], by address.
    fn look_at(address: usize) -> Option<ObjectState> {
        Self::look(MaybeGone::at(address))
    }
}

/// An object that may be gone.
pub(crate) struct MaybeGone<T> {
    address: usize,
    object: PhantomData<fn() -> T>,
}

impl<T> MaybeGone<T> {
    pub(super) fn at(address: usize) -> Self {
        Self {
            address,
            object: PhantomData,
        }
    }

    /// The field at `offset`, which is an object itself.
    pub(crate) fn field<F>(&self, offset: usize) -> MaybeGone<F> {
        MaybeGone::at(self.address.wrapping_add(offset))
    }
}

#[cfg(not(weftline_model))]
impl<T> MaybeGone<T> {
    /// The eight bytes at `offset`.
    pub(crate) fn u64_at(&self, offset: usize) -> Option<u64> {
        self.bytes_at(offset).map(u64::from_ne_bytes)
    }

    /// The four bytes at `offset`.
    pub(crate) fn u32_at(&self, offset: usize) -> Option<u32> {
        self.bytes_at(offset).map(u32::from_ne_bytes)
    }

    /// Whether the byte at `offset` is not zero.
    pub(crate) fn flag_at(&self, offset: usize) -> Option<bool> {
        self.bytes_at(offset).map(|[byte]| byte != 0)
    }

    /// The number of the size of an address at `offset`.
    pub(crate) fn usize_at(&self, offset: usize) -> Option<u64> {
        self.bytes_at(offset)
            .map(|bytes| usize::from_ne_bytes(bytes) as u64)
    }

    fn bytes_at<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        probe::copy(self.address.wrapping_add(offset), &mut bytes).then_some(bytes)
    }
}

/// Models have no reports.
#[cfg(weftline_model)]
impl<T> MaybeGone<T> {
    pub(crate) fn u64_at(&self, _: usize) -> Option<u64> {
        None
    }

    pub(crate) fn u32_at(&self, _: usize) -> Option<u32> {
        None
    }

    pub(crate) fn flag_at(&self, _: usize) -> Option<bool> {
        None
    }

    pub(crate) fn usize_at(&self, _: usize) -> Option<u64> {
        None
    }
}
