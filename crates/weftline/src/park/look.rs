//! [`Watched`]: what an object for which threads wait says of itself to a report.
//!
//! # Implementation
//!
//! A report reads the objects of other threads' waits, which may change meanwhile or be gone. So it
//! has no reference to them, but a [`MaybeGone`]: a copy of the first bytes, which `probe.rs` makes
//! without ever faulting. What it reads of an object that a waiter needs is true if the waiter has
//! slept the whole time: the reader compares the sequence of its record before and after.
//!
//! A wait's record holds the function that reads its object ([`Look`]), and how many bytes of it
//! the function needs. So each type reads fields that only it knows, a report needs no table of
//! types, and one call of the system copies many objects.

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

/// Reads an object from a copy of its first bytes.
pub(crate) type Look = fn(&Copied) -> Option<ObjectState>;

/// The most bytes of an object that are copied.
pub(crate) const MOST: usize = 192;

/// An object for which threads wait.
pub(crate) trait Watched: Sized {
    /// How many bytes of the object [`Self::look`] needs, from its beginning.
    const BYTES: usize = if size_of::<Self>() < MOST {
        size_of::<Self>()
    } else {
        MOST
    };

    /// What the object says of itself; `None` if it has nothing to say.
    fn look(_object: MaybeGone<'_, Self>) -> Option<ObjectState> {
        None
    }

    /// [`Self::look`], for a function that does not name the type.
    fn look_at(copied: &Copied) -> Option<ObjectState> {
        Self::look(MaybeGone::of(copied))
    }
}

/// The first bytes of an object, as they were when they were copied.
#[cfg_attr(weftline_model, allow(dead_code, reason = "models have no reports"))]
pub(crate) struct Copied {
    pub(super) address: usize,
    pub(super) bytes: [u8; MOST],
    pub(super) len: usize,
}

/// An object that may be gone, as a copy.
pub(crate) struct MaybeGone<'a, T> {
    copied: &'a Copied,
    start: usize,
    object: PhantomData<fn() -> T>,
}

impl<'a, T> MaybeGone<'a, T> {
    fn of(copied: &'a Copied) -> Self {
        Self {
            copied,
            start: 0,
            object: PhantomData,
        }
    }

    /// The field at `offset`, which is an object itself.
    pub(crate) fn field<F>(&self, offset: usize) -> MaybeGone<'a, F> {
        MaybeGone {
            copied: self.copied,
            start: self.start + offset,
            object: PhantomData,
        }
    }

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
        self.copied.bytes_at(self.start + offset)
    }
}

#[cfg(not(weftline_model))]
impl Copied {
    /// The first `len` bytes of what is at `address`, [`MOST`] at most; `None` if there is no
    /// memory.
    pub(super) fn from(address: usize, len: usize) -> Option<Self> {
        let mut copied = Self {
            address,
            bytes: [0; MOST],
            len: len.min(MOST),
        };
        probe::copy(address, &mut copied.bytes[..len.min(MOST)]).then_some(copied)
    }

    fn bytes_at<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        if let Some(bytes) = self.bytes[..self.len].get(offset..offset + N) {
            return bytes.try_into().ok();
        }
        let mut bytes = [0; N];
        probe::copy(self.address.wrapping_add(offset), &mut bytes).then_some(bytes)
    }
}

/// Models have no reports.
#[cfg(weftline_model)]
impl Copied {
    fn bytes_at<const N: usize>(&self, _: usize) -> Option<[u8; N]> {
        None
    }
}

/// The number at an address, where there may be no memory any more.
#[cfg(not(weftline_model))]
pub(super) fn number_at(address: usize) -> Option<u64> {
    let mut bytes = [0; size_of::<usize>()];
    let is_there = probe::copy(address, &mut bytes);
    is_there.then(|| usize::from_ne_bytes(bytes) as u64)
}
