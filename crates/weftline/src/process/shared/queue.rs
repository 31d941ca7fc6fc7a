//! [`Queue`]: items that go from process to process.
//!
//! # Implementation
//!
//! The object's lock protects everything. Items are written as bytes before the lock is taken, and read after it is freed: nothing of the
//! user's runs under it. The ring says what is in the queue; `length` is worked out from it anew when a process dies with the lock.
//!
//! | who sleeps | on | says so in | is woken by |
//! |---|---|---|---|
//! | who finds it empty | `filled`, which each put counts on | `getters` | a put, which takes the mark; `shutdown` |
//! | who finds it full | `emptied`, which each get counts on | `putters` | a get, which takes the mark; `shutdown` |
//!
//! The mark says that somebody may sleep. One who was woken does not know whether others sleep as well: having got what it came for, it sets the mark
//! again, and if there is more, wakes the next. One that dies before it does is found out by those who sleep, after half a second.

use super::super::parcel::{self, DecodeError, EncodeError};
use super::object::{Object, Shared, shared_handle};
use super::ring::{LONGEST, Ring};
use super::robust::{RobustCell, Taken, look_out, sleep, wake};
use super::segment::{Kind, Segment, Shape, SharedError};
use crate::park::Deadline;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::Cell;
use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The first ring.
const FIRST: usize = 2048;
/// The address space for the rings.
const SPAN: usize = 1 << 36;

const OPEN: u32 = 0;
const DRAINING: u32 = 1;

/// Where one kind of waiters sleeps.
#[repr(C, align(64))]
struct Side {
    /// Counted on by what they wait for.
    turn: AtomicU32,
    /// Whether somebody may sleep.
    mark: AtomicU32,
}

#[repr(C)]
pub(super) struct State {
    cell: RobustCell,
    capacity: AtomicU64,
    length: AtomicU64,
    shut: AtomicU32,
    ring: Ring,
    getters: Side,
    putters: Side,
}

// SAFETY: changed by who holds the cell, through atomics; the bytes of the ring lie outside.
unsafe impl Object for State {
    fn shape() -> Shape {
        Shape::plain(Kind::Queue)
    }

    fn is_held_here(&self, _: &Segment) -> bool {
        self.cell.is_held_here()
    }
}

/// Why an item was not put; except for the first, it comes back.
#[derive(Debug)]
pub enum PutError<T> {
    /// It cannot be written down for another process.
    Encode(T, EncodeError),
    /// The queue was full until the deadline.
    Full(T),
    /// The queue was shut down.
    ShutDown(T),
    /// No memory is left for it.
    NoMemory(T, SharedError),
}

impl<T> PutError<T> {
    /// The item that was not put.
    pub fn into_inner(self) -> T {
        match self {
            Self::Encode(item, _)
            | Self::Full(item)
            | Self::ShutDown(item)
            | Self::NoMemory(item, _) => item,
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
        }
    }
}

impl<T: fmt::Debug> Error for PutError<T> {}

/// Why there is no item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GetError {
    /// The queue was empty until the deadline.
    Empty,
    /// The queue was shut down, and has no more items.
    ShutDown,
    /// There was one, which is not what this end of the queue expects: both ends have to be of the same type. It is gone.
    Decode(DecodeError),
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the queue is empty"),
            Self::ShutDown => f.write_str("the queue was shut down"),
            Self::Decode(why) => why.fmt(f),
        }
    }
}

impl Error for GetError {}

thread_local! {
    /// Memory for the bytes of an item, used again and again.
    static BYTES: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// What is kept for the next item.
const KEPT: usize = 1 << 20;

/// Calls `f` with memory that is there already, most of the time.
fn with_bytes<R>(f: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    let mut bytes = BYTES.take();
    bytes.clear();
    let result = f(&mut bytes);
    if bytes.capacity() <= KEPT {
        BYTES.set(bytes);
    }
    result
}

/// A first-in, first-out queue between processes: Python's `multiprocessing.Queue`, without its feeder thread and pipe.
///
/// Any process that has it may put and get. Items are written with serde, and may be of any size up to 1 GiB; the memory grows with what is in the queue and stays
/// until the queue is gone. An item is in the queue when `put` has returned, also if the process dies thereafter; one that was being put by
/// a process that died is not in it, or it is there whole.
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
pub struct Queue<T>(Shared<State>, PhantomData<fn(T) -> T>);

/// Holds the object's lock.
struct Inside<'a> {
    state: &'a Shared<State>,
    /// Whom to wake when it is free.
    wakes: Option<&'a Side>,
}

impl Drop for Inside<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: taken by `enter`.
        unsafe { self.state.cell.free() };
        if let Some(side) = self.wakes {
            wake(&side.turn, 1);
        }
    }
}

impl<'a> Inside<'a> {
    fn length(&self) -> u64 {
        self.state.length.load(Ordering::Relaxed)
    }

    fn is_shut(&self) -> bool {
        self.state.shut.load(Ordering::Relaxed) != OPEN
    }

    fn has_room(&self) -> bool {
        self.length() < self.state.capacity.load(Ordering::Relaxed)
    }

    /// Something has come that `side` waits for.
    #[inline]
    fn tell(&mut self, side: &'a Side) {
        let turn = side.turn.load(Ordering::Relaxed);
        side.turn.store(turn.wrapping_add(1), Ordering::Relaxed);
        if side.mark.load(Ordering::Relaxed) != 0 {
            side.mark.store(0, Ordering::Relaxed);
            self.wakes = Some(side);
        }
    }

    /// One of `side` has been woken and has got what it came for, or leaves without it: there may be others.
    fn pass_on(&self, side: &Side, is_more: bool) {
        side.mark.store(u32::from(!is_more), Ordering::Relaxed);
        if is_more {
            wake(&side.turn, 1);
        }
    }
}

impl Shared<State> {
    #[inline]
    fn enter(&self) -> Inside<'_> {
        // The lock is held for moments, so also those wait for it who do not wait.
        let taken = self.cell.take(Deadline::NEVER);
        let inside = Inside {
            state: self,
            wakes: None,
        };
        if let Ok(Taken::Abandoned(_)) = taken {
            let length = self.ring.count(self.segment());
            self.length.store(length, Ordering::Relaxed);
        }
        inside
    }

    /// Sleeps until `side` may have something new.
    fn sleep(inside: Inside<'_>, side: &Side, deadline: Deadline) {
        side.mark.store(1, Ordering::Relaxed);
        let turn = side.turn.load(Ordering::Relaxed);
        drop(inside);
        if !look_out(|| side.turn.load(Ordering::Relaxed) != turn) {
            sleep(&side.turn, turn, deadline);
        }
    }
}

/// Why nothing was put.
#[derive(Debug)]
pub(in crate::process) enum Refused {
    Full,
    ShutDown,
    NoMemory(SharedError),
}

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

    /// A queue that other programs can [`open`](Self::open) by its name, until [`unlink`](crate::process::unlink); for at most `capacity`
    /// items, if it is given.
    ///
    /// # Errors
    /// [`SharedError`]: the name is taken, or none; no memory, too many files.
    ///
    /// # Panics
    /// When `capacity` is zero.
    pub fn create(name: &str, capacity: Option<usize>) -> Result<Self, SharedError> {
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
        let start = Shared::<State>::END;
        Shared::create(name, FIRST, SPAN, |state: &mut State| {
            *state.capacity.get_mut() = capacity;
            state.ring.begin(start, FIRST);
        })
        .map(Self::of)
    }

    fn of(shared: Shared<State>) -> Self {
        Self(shared, PhantomData)
    }

    /// How many items it takes; `None` for as many as memory holds.
    #[must_use]
    pub fn capacity(&self) -> Option<usize> {
        let capacity = self.0.capacity.load(Ordering::Relaxed);
        (capacity != u64::MAX).then_some(capacity as usize)
    }

    /// How many items are in it; out of date as soon as it is known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.enter().length() as usize
    }

    /// Whether no item is in it; out of date as soon as it is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes no more items, and ends all waits that it cannot serve; what is in it can still be got, unless it goes at once (`immediate`).
    pub fn shutdown(&self, immediate: bool) {
        let inside = self.0.enter();
        self.0.shut.store(DRAINING, Ordering::Relaxed);
        if immediate {
            self.0.ring.clear();
            self.0.length.store(0, Ordering::Relaxed);
        }
        for side in [&self.0.getters, &self.0.putters] {
            side.turn.fetch_add(1, Ordering::Relaxed);
            side.mark.store(0, Ordering::Relaxed);
        }
        drop(inside);
        for side in [&self.0.getters, &self.0.putters] {
            wake(&side.turn, i32::MAX as u32);
        }
    }

    /// As `put`, of an item that is written down already.
    pub(in crate::process) fn put_bytes(
        &self,
        bytes: &[u8],
        deadline: Deadline,
    ) -> Result<(), Refused> {
        let shared = &self.0;
        let mut has_slept = false;
        loop {
            let mut inside = shared.enter();
            if inside.is_shut() {
                return Err(Refused::ShutDown);
            }
            if inside.has_room() {
                let pushed = shared.ring.push(shared.segment(), bytes);
                if pushed.is_ok() {
                    shared.length.store(inside.length() + 1, Ordering::Relaxed);
                    inside.tell(&shared.getters);
                }
                if has_slept {
                    inside.pass_on(&shared.putters, inside.has_room());
                }
                return pushed.map_err(Refused::NoMemory);
            }
            if deadline.has_passed() {
                return Err(Refused::Full);
            }
            Shared::sleep(inside, &shared.putters, deadline);
            has_slept = true;
        }
    }

    /// As `get`, of an item that somebody else reads.
    pub(in crate::process) fn get_bytes(
        &self,
        bytes: &mut Vec<u8>,
        deadline: Deadline,
    ) -> Result<(), GetError> {
        let shared = &self.0;
        let mut has_slept = false;
        loop {
            let mut inside = shared.enter();
            let length = inside.length();
            if length > 0 {
                shared.ring.pop(shared.segment(), bytes);
                shared.length.store(length - 1, Ordering::Relaxed);
                inside.tell(&shared.putters);
                if has_slept {
                    inside.pass_on(&shared.getters, length > 1);
                }
                return Ok(());
            }
            if inside.is_shut() {
                return Err(GetError::ShutDown);
            }
            if deadline.has_passed() {
                return Err(GetError::Empty);
            }
            Shared::sleep(inside, &shared.getters, deadline);
            has_slept = true;
        }
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

    /// Puts `item` in, waiting for room for at most `timeout`. A timeout beyond the clock's range never ends.
    ///
    /// # Errors
    /// [`PutError`], with the item.
    pub fn try_put_for(&self, item: T, timeout: Duration) -> Result<(), PutError<T>> {
        self.put_by(item, Deadline::after(timeout))
    }

    /// Puts `item` in, waiting for room until `deadline` at the latest.
    ///
    /// # Errors
    /// [`PutError`], with the item.
    pub fn try_put_until(&self, item: T, deadline: Instant) -> Result<(), PutError<T>> {
        self.put_by(item, Deadline::at(deadline))
    }

    fn put_by(&self, item: T, deadline: Deadline) -> Result<(), PutError<T>> {
        with_bytes(|bytes| {
            if let Err(why) = parcel::encode_into(&item, bytes) {
                return Err(PutError::Encode(item, why));
            }
            if bytes.len() > LONGEST {
                let why = format!(
                    "{} bytes are more than an item may have, {LONGEST}",
                    bytes.len()
                );
                return Err(PutError::Encode(item, EncodeError::new(why)));
            }
            self.put_bytes(bytes, deadline).map_err(|why| match why {
                Refused::Full => PutError::Full(item),
                Refused::ShutDown => PutError::ShutDown(item),
                Refused::NoMemory(why) => PutError::NoMemory(item, why),
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

    /// Gets the first item, waiting for one for at most `timeout`. A timeout beyond the clock's range never ends.
    ///
    /// # Errors
    /// [`GetError`].
    pub fn try_get_for(&self, timeout: Duration) -> Result<T, GetError> {
        self.get_by(Deadline::after(timeout))
    }

    /// Gets the first item, waiting for one until `deadline` at the latest.
    ///
    /// # Errors
    /// [`GetError`].
    pub fn try_get_until(&self, deadline: Instant) -> Result<T, GetError> {
        self.get_by(Deadline::at(deadline))
    }

    fn get_by(&self, deadline: Deadline) -> Result<T, GetError> {
        with_bytes(|bytes| {
            self.get_bytes(bytes, deadline)?;
            parcel::decode(bytes).map_err(GetError::Decode)
        })
    }

    /// Gets items until the queue is shut down and empty.
    ///
    /// # Panics
    /// The iteration does, when an item is not what this end of the queue expects.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter(self)
    }
}

/// Gets a shared queue's items until it is shut down and empty.
#[derive(Debug)]
pub struct Iter<'a, T>(&'a Queue<T>);

impl<T: DeserializeOwned> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        match self.0.get() {
            Ok(item) => Some(item),
            Err(GetError::Decode(why)) => panic!("{why}"),
            Err(_) => None,
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
            .field("len", &self.0.length.load(Ordering::Relaxed))
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}
