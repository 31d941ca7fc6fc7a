//! [`Queue`]: items that go from process to process.

use super::super::envelope;
use super::error::SharedError;
use super::items::{Items, Refused};
use super::object::{Shared, shared_handle};
use super::operation_error::{GetError, PutError};
use crate::park::Deadline;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::Cell;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::time::{Duration, Instant};

thread_local! {
    /// Memory for the bytes of an item, reused.
    static BYTES: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The most memory that a thread keeps for the next item, in bytes.
const KEPT: usize = 1 << 20;

/// Calls `f` with memory that is already allocated, most of the time.
fn with_bytes<R>(f: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    // The memory is gone at the end of the thread, where destructors of other thread-locals may
    // still use queues.
    let mut bytes = BYTES.try_with(Cell::take).unwrap_or_default();
    bytes.clear();
    let result = f(&mut bytes);
    if bytes.capacity() <= KEPT {
        let _ = BYTES.try_with(|kept| kept.set(bytes));
    }
    result
}

/// A first-in, first-out queue between processes: Python's `multiprocessing.Queue`, without its
/// feeder thread and pipe.
///
/// Any process that has the queue may put and get. Items are written with serde, and may have any
/// size up to 1 GiB. The memory grows with the contents of the queue and stays until the queue is
/// gone. When `put` has returned, the item is in the queue, even if the process dies then. If the
/// process dies during `put`, the queue has the whole item or nothing of it.
///
/// ```
/// # use weftline::process::Queue;
/// let jobs = Queue::bounded(8)?;
/// # let there = jobs.clone();
/// jobs.put(("resize".to_owned(), 640_u32)).unwrap();
/// jobs.shutdown(false);
/// // In another process:
/// # let jobs = there;
/// for (what, width) in &jobs {
///     assert_eq!((what.as_str(), width), ("resize", 640));
/// }
/// # Ok::<(), weftline::process::SharedError>(())
/// ```
#[doc(alias = "multiprocessing.Queue")]
pub struct Queue<T>(Shared<Items>, PhantomData<fn(T) -> T>);

impl<T> Queue<T> {
    /// A queue for as many items as memory holds, without a name.
    ///
    /// # Errors
    /// [`SharedError`]: no memory, too many files.
    pub fn unbounded() -> Result<Self, SharedError> {
        Self::make(None, u64::MAX)
    }

    /// A queue for at most `capacity` items, without a name.
    ///
    /// # Errors
    /// [`SharedError`]: no memory, too many files.
    ///
    /// # Panics
    /// When `capacity` is zero.
    pub fn bounded(capacity: usize) -> Result<Self, SharedError> {
        assert!(
            capacity > 0,
            "a queue for no items takes none: give it a capacity"
        );
        Self::make(None, capacity as u64)
    }

    /// A queue that other programs can [`open`](Self::open) by its name, until
    /// [`unlink`](crate::process::unlink). It takes `capacity` items at most, or with `None` as
    /// many as memory holds.
    ///
    /// # Errors
    /// [`SharedError`]: the name is taken, or none; no memory, too many files.
    ///
    /// # Panics
    /// When `capacity` is zero.
    ///
    /// # Safety
    /// As for all [named objects](crate::process#named-objects): no program writes to the file, or
    /// shortens it, except through this library.
    pub unsafe fn create(name: &str, capacity: Option<usize>) -> Result<Self, SharedError> {
        assert!(
            capacity != Some(0),
            "a queue for no items takes none: give it a capacity"
        );
        Self::make(
            Some(name),
            capacity.map_or(u64::MAX, |capacity| capacity as u64),
        )
    }

    fn make(name: Option<&str>, capacity: u64) -> Result<Self, SharedError> {
        Shared::<Items>::new(name, capacity).map(Self::of)
    }

    fn of(shared: Shared<Items>) -> Self {
        Self(shared, PhantomData)
    }

    /// How many items it takes; `None` for as many as memory holds.
    #[must_use]
    pub fn capacity(&self) -> Option<usize> {
        let capacity = self.0.capacity();
        (capacity != u64::MAX).then_some(capacity as usize)
    }

    /// How many items are in it; out of date as soon as it is known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.length() as usize
    }

    /// Whether no item is in it; out of date as soon as it is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Refuses items from now on, and ends all waits that it cannot serve. Getters can still get
    /// the items that are in the queue, unless `immediate` discards them.
    pub fn shutdown(&self, immediate: bool) {
        self.0.shut_down(immediate);
    }

    /// As `put`, of an item that is already encoded.
    pub(in crate::process) fn put_bytes(
        &self,
        bytes: &[u8],
        deadline: Deadline,
    ) -> Result<(), Refused> {
        self.0.put_bytes(bytes, deadline)
    }

    /// As `get`, of an item that the caller decodes.
    pub(in crate::process) fn get_bytes(
        &self,
        bytes: &mut Vec<u8>,
        deadline: Deadline,
    ) -> Result<(), GetError> {
        self.0.get_bytes(bytes, deadline)
    }
}

impl<T: Serialize> Queue<T> {
    /// Puts `item` in, waiting for room.
    ///
    /// # Errors
    /// [`PutError`], with the item.
    pub fn put(&self, item: T) -> Result<(), PutError<T>> {
        self.put_by(item, Deadline::NEVER)
    }

    /// Puts `item` in if there is room.
    ///
    /// # Errors
    /// [`PutError`], with the item.
    pub fn try_put(&self, item: T) -> Result<(), PutError<T>> {
        self.put_by(item, Deadline::PASSED)
    }

    /// Puts `item` in, waiting for room, for `timeout` at most. A timeout beyond the clock's range
    /// never ends.
    ///
    /// # Errors
    /// [`PutError`], with the item.
    pub fn try_put_for(&self, item: T, timeout: Duration) -> Result<(), PutError<T>> {
        self.put_by(item, Deadline::after(timeout))
    }

    /// Puts `item` in, waiting for room, until `deadline` at the latest.
    ///
    /// # Errors
    /// [`PutError`], with the item.
    pub fn try_put_until(&self, item: T, deadline: Instant) -> Result<(), PutError<T>> {
        self.put_by(item, Deadline::at(deadline))
    }

    fn put_by(&self, item: T, deadline: Deadline) -> Result<(), PutError<T>> {
        with_bytes(|bytes| {
            match envelope::encode_into(&item, bytes) {
                Ok(()) => {}
                Err(why) if why.is_no_memory() => {
                    let why = SharedError::NoMemory(io::ErrorKind::OutOfMemory.into());
                    return Err(PutError::NoMemory(item, why));
                }
                Err(why) => return Err(PutError::Encode(item, why)),
            }
            self.put_bytes(bytes, deadline).map_err(|why| match why {
                Refused::Full => PutError::Full(item),
                Refused::ShutDown => PutError::ShutDown(item),
                Refused::TooLong(why) => PutError::Encode(item, why),
                Refused::NoMemory(why) => PutError::NoMemory(item, why),
                Refused::Damaged => PutError::Damaged(item),
            })
        })
    }
}

impl<T: DeserializeOwned> Queue<T> {
    /// Gets the first item, waiting for one.
    ///
    /// # Errors
    /// [`GetError::ShutDown`], [`GetError::Decode`].
    pub fn get(&self) -> Result<T, GetError> {
        self.get_by(Deadline::NEVER)
    }

    /// Gets the first item if there is one.
    ///
    /// # Errors
    /// [`GetError`].
    pub fn try_get(&self) -> Result<T, GetError> {
        self.get_by(Deadline::PASSED)
    }

    /// Gets the first item, waiting for one, for `timeout` at most. A timeout beyond the clock's
    /// range never ends.
    ///
    /// # Errors
    /// [`GetError`].
    pub fn try_get_for(&self, timeout: Duration) -> Result<T, GetError> {
        self.get_by(Deadline::after(timeout))
    }

    /// Gets the first item, waiting for one, until `deadline` at the latest.
    ///
    /// # Errors
    /// [`GetError`].
    pub fn try_get_until(&self, deadline: Instant) -> Result<T, GetError> {
        self.get_by(Deadline::at(deadline))
    }

    fn get_by(&self, deadline: Deadline) -> Result<T, GetError> {
        with_bytes(|bytes| {
            self.get_bytes(bytes, deadline)?;
            envelope::decode(bytes).map_err(GetError::Decode)
        })
    }

    /// Gets items until the queue is shut down and empty.
    ///
    /// # Panics
    /// The iteration panics when this end of the queue expects an item of another type. It also
    /// panics without memory to read the item, or when the queue is damaged.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter(self)
    }
}

/// Gets a shared queue's items until the queue is shut down and empty.
#[derive(Debug)]
pub struct Iter<'a, T>(&'a Queue<T>);

impl<T: DeserializeOwned> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        match self.0.get() {
            Ok(item) => Some(item),
            Err(why @ (GetError::Decode(_) | GetError::NoMemory | GetError::Damaged)) => {
                panic!("{why}")
            }
            Err(GetError::ShutDown | GetError::Empty) => None,
        }
    }
}

impl<'a, T: DeserializeOwned> IntoIterator for &'a Queue<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

shared_handle!(Queue<T>);

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}
