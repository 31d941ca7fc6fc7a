//! [`Items`]: the core of a shared queue, for items that are bytes.
//!
//! # Implementation
//!
//! The object's lock protects everything. Items are encoded before the lock is taken, and decoded
//! after it is freed: no code of the user runs under it.
//!
//! | waiter | sleeps on | sets the mark in | is woken by |
//! |---|---|---|---|
//! | a getter that finds the queue empty | `turn` of `getters`, which each put counts on | `getters` | a put, which clears the mark; `shutdown` |
//! | a putter that finds the queue full | `turn` of `putters`, which each get counts on | `putters` | a get, which clears the mark; `shutdown` |
//!
//! # Invariants
//!
//! - The ring is the truth about the contents. `length` is the number of its records, and is
//!   counted anew when a process dies with the lock.
//! - The mark is set when a thread may sleep. A woken waiter does not know whether others sleep as
//!   well. When it leaves, with or without success, it sets the mark again, or wakes the next if
//!   there is more to be had. If it dies before, the sleeping waiters notice after half a second.
//!
//! # Linearisation points
//!
//! A put is the ring's store of `next`, a get is its store of `first` (`ring.rs`), both under the
//! lock. The lock also makes each happens-before pair.

use super::super::envelope::EncodeError;
use super::error::SharedError;
use super::header::{Kind, Shape};
use super::object::{Object, Shared};
use super::operation_error::GetError;
use super::ring::{LONGEST, NotPopped, NotPushed, Place, Ring};
use super::robust::{RobustCell, Taken};
use super::sleep::{sleep, spin_until, wake};
use crate::park::Deadline;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// The size of the first ring, in bytes.
const FIRST: usize = 2048;
/// The address space for the rings.
const SPAN: usize = 1 << 36;

const OPEN: u32 = 0;
const DRAINING: u32 = 1;

/// The place where one kind of waiters sleeps.
#[repr(C, align(64))]
struct Side {
    /// Counted on by the operations that these waiters wait for.
    turn: AtomicU32,
    /// Whether a thread may sleep.
    mark: AtomicU32,
}

#[repr(C)]
pub(super) struct Items {
    cell: RobustCell,
    capacity: AtomicU64,
    length: AtomicU64,
    shut: AtomicU32,
    ring: Ring,
    getters: Side,
    putters: Side,
}

// SAFETY: changed by the holder of the cell, through atomics; the bytes of the ring lie outside.
unsafe impl Object for Items {
    /// The capacity.
    type Fixed = u64;

    fn shape() -> Shape {
        Shape::plain(Kind::Queue)
    }

    fn fix(&self, _: usize) -> Option<u64> {
        let capacity = self.capacity.load(Ordering::Relaxed);
        (capacity != 0).then_some(capacity)
    }
}

/// Holds the object's lock.
struct Inside<'a> {
    state: &'a Shared<Items>,
    /// The side with a waiter to wake when the lock is free.
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
        self.length() < self.state.capacity()
    }

    /// Announces an item or room that `side` waits for.
    #[inline]
    fn tell(&mut self, side: &'a Side) {
        let turn = side.turn.load(Ordering::Relaxed);
        side.turn.store(turn.wrapping_add(1), Ordering::Relaxed);
        if side.mark.load(Ordering::Relaxed) != 0 {
            side.mark.store(0, Ordering::Relaxed);
            self.wakes = Some(side);
        }
    }

    /// For a waiter of `side` that has slept and leaves: there may be others. If there is more to
    /// be had, wakes the next.
    fn pass_on(&self, side: &Side, is_more: bool) {
        side.mark.store(u32::from(!is_more), Ordering::Relaxed);
        if is_more {
            wake(&side.turn, 1);
        }
    }
}

/// Why no item was put.
#[derive(Debug)]
pub(in crate::process) enum Refused {
    Full,
    ShutDown,
    /// It is longer than [`LONGEST`].
    TooLong(EncodeError),
    NoMemory(SharedError),
    /// The memory is not as this library leaves it.
    Damaged,
}

impl Shared<Items> {
    /// A queue without items.
    pub(super) fn new(name: Option<&str>, capacity: u64) -> Result<Self, SharedError> {
        Self::create(name, FIRST, SPAN, |items| {
            *items.capacity.get_mut() = capacity;
            items.ring.begin(Self::END, FIRST);
        })
    }

    /// How many items there may be; `u64::MAX` for as many as memory holds.
    pub(super) fn capacity(&self) -> u64 {
        self.fixed()
    }

    /// Where the rings are.
    fn place(&self) -> Place<'_> {
        Place {
            segment: self.segment(),
            begins: Self::END,
        }
    }

    /// How many items there are.
    pub(super) fn length(&self) -> u64 {
        self.enter().length()
    }

    #[inline]
    fn enter(&self) -> Inside<'_> {
        // The lock is held for moments, so even a caller that does not wait for items waits for it.
        let taken = self.cell.take(Deadline::NEVER);
        let inside = Inside {
            state: self,
            wakes: None,
        };
        if let Ok(Taken::Abandoned(_)) = taken {
            let length = self.ring.count(self.place());
            self.length.store(length.unwrap_or(0), Ordering::Relaxed);
        }
        inside
    }

    /// Sleeps until `side` may have an item or room.
    fn sleep(inside: Inside<'_>, side: &Side, deadline: Deadline) {
        side.mark.store(1, Ordering::Relaxed);
        let turn = side.turn.load(Ordering::Relaxed);
        drop(inside);
        if !spin_until(|| side.turn.load(Ordering::Relaxed) != turn) {
            sleep(&side.turn, turn, deadline);
        }
    }

    /// Refuses items from now on, and ends all waits that cannot be served. Discards the items in
    /// the queue if `immediate`.
    pub(super) fn shut_down(&self, immediate: bool) {
        let inside = self.enter();
        self.shut.store(DRAINING, Ordering::Relaxed);
        if immediate {
            self.ring.clear();
            self.length.store(0, Ordering::Relaxed);
        }
        for side in [&self.getters, &self.putters] {
            side.turn.fetch_add(1, Ordering::Relaxed);
            side.mark.store(0, Ordering::Relaxed);
        }
        drop(inside);
        for side in [&self.getters, &self.putters] {
            wake(&side.turn, i32::MAX as u32);
        }
    }

    /// As `put`, of an item that is already encoded.
    pub(super) fn put_bytes(&self, bytes: &[u8], deadline: Deadline) -> Result<(), Refused> {
        let shared = self;
        if bytes.len() > LONGEST {
            let length = bytes.len();
            let why = format!("{length} bytes are more than an item may have, {LONGEST}");
            return Err(Refused::TooLong(EncodeError::new(why)));
        }
        let mut has_slept = false;
        loop {
            let mut inside = shared.enter();
            if inside.is_shut() {
                return Err(Refused::ShutDown);
            }
            if inside.has_room() {
                let pushed = shared.ring.push(shared.place(), bytes);
                if pushed.is_ok() {
                    let length = inside.length().saturating_add(1);
                    shared.length.store(length, Ordering::Relaxed);
                    inside.tell(&shared.getters);
                }
                if has_slept {
                    inside.pass_on(&shared.putters, inside.has_room());
                }
                return pushed.map_err(|why| match why {
                    NotPushed::NoMemory(why) => Refused::NoMemory(why),
                    NotPushed::Damaged => Refused::Damaged,
                });
            }
            if deadline.has_passed() {
                if has_slept {
                    inside.pass_on(&shared.putters, false);
                }
                return Err(Refused::Full);
            }
            Self::sleep(inside, &shared.putters, deadline);
            has_slept = true;
        }
    }

    /// As `get`, of an item that the caller decodes.
    pub(super) fn get_bytes(
        &self,
        bytes: &mut Vec<u8>,
        deadline: Deadline,
    ) -> Result<(), GetError> {
        let shared = self;
        let mut has_slept = false;
        loop {
            let mut inside = shared.enter();
            let length = inside.length();
            if length > 0 {
                let popped = shared.ring.pop(shared.place(), bytes);
                if popped.is_ok() {
                    shared.length.store(length - 1, Ordering::Relaxed);
                    inside.tell(&shared.putters);
                }
                if has_slept {
                    inside.pass_on(&shared.getters, length > 1);
                }
                return popped.map_err(|why| match why {
                    NotPopped::NoMemory => GetError::NoMemory,
                    NotPopped::Damaged => GetError::Damaged,
                });
            }
            if inside.is_shut() {
                return Err(GetError::ShutDown);
            }
            if deadline.has_passed() {
                if has_slept {
                    inside.pass_on(&shared.getters, false);
                }
                return Err(GetError::Empty);
            }
            Self::sleep(inside, &shared.getters, deadline);
            has_slept = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_that_is_too_long_is_refused_before_it_is_read() {
        let items = Shared::<Items>::new(None, u64::MAX).unwrap();
        let refused = items.put_bytes(&vec![0; LONGEST + 1], Deadline::NEVER);
        assert!(matches!(refused, Err(Refused::TooLong(_))), "{refused:?}");
        assert_eq!(items.length(), 0);
    }
}
