//! [`Permits`]: the core of a shared semaphore, of either kind.
//!
//! # Implementation
//!
//! The object's lock protects everything. Each `Permit` has a row in the table of holders, with its
//! number of permits. The kernel marks a row whose thread died.
//!
//! | field | meaning | changes |
//! |---|---|---|
//! | `total` | all permits | `release` adds, `forget` subtracts |
//! | a row's `note` | the permits of its holder | an acquire fills it, a drop or a takeover empties it |
//! | `free` | the permits that no row has | with each of these |
//! | `mark` | a thread may sleep | a thread that is about to sleep, or has slept and leaves, sets it; a wake-up clears it |
//! | `several` | how many sleeping threads want more than one permit | such a thread adds one before it sleeps, and subtracts it after |
//! | `turn` | the word that the waiters sleep on | a wake-up counts it on |
//!
//! # Invariants
//!
//! - `total` and the rows are the truth. `free` is their difference, and is computed anew when a
//!   process dies with the lock.
//! - An acquire that finds too few permits takes over the permits of holders that died. Such a
//!   death wakes no thread, so a waiter checks again each half second.
//!
//! # Linearisation points
//!
//! The store of `free`, under the object's lock. That lock is also what makes each happens-before
//! pair.
//!
//! # Wake-ups
//!
//! A release that finds the mark clears it and counts `turn` on, which a thread that is about to
//! sleep sees. It wakes one waiter, or all if one of them wants several permits. A waiter that has
//! slept and leaves, with permits or without, passes the wake-up on if permits are free. It also
//! sets the mark again: there may be others.

use super::header::{Kind, Shape};
use super::object::{Object, Shared};
use super::robust::{RobustCell, Taken};
use super::robust_list::expect_room;
use super::sleep::{sleep, spin_until, wake};
use super::table::{self, NoRow, Table, Used};
use crate::error::TooManyPermits;
use crate::park::Deadline;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

pub(super) const MAX_PERMITS: u64 = u64::MAX >> 1;

/// The part in shared memory; see the module's header.
#[repr(C)]
pub(super) struct Permits<const BOUNDED: bool> {
    cell: RobustCell,
    pub(super) total: AtomicU64,
    pub(super) bound: AtomicU64,
    pub(super) free: AtomicU64,
    mark: AtomicU32,
    /// How many sleeping threads want more than one permit; too many if one of them has died.
    several: AtomicU32,
    turn: AtomicU32,
    used: Used,
}

// SAFETY: atomics, changed by the holder of the cell.
unsafe impl<const BOUNDED: bool> Object for Permits<BOUNDED> {
    /// The bound.
    type Fixed = u64;

    fn shape() -> Shape {
        Shape::plain(if BOUNDED {
            Kind::BoundedSemaphore
        } else {
            Kind::Semaphore
        })
    }

    fn fix(&self, _: usize) -> Option<u64> {
        let bound = self.bound.load(Ordering::Relaxed);
        (bound <= MAX_PERMITS).then_some(bound)
    }
}

/// The operation of a permit on its semaphore, of either kind.
pub(super) trait Pool: Send + Sync {
    /// Returns the row's permits, or (if not `gives_back`) takes them out of the total.
    fn put_back(&self, row: &RobustCell, gives_back: bool);
}

/// Holds the object's lock.
struct Inside<'a, const BOUNDED: bool> {
    permits: &'a Permits<BOUNDED>,
    table: Table<'a>,
}

impl<const BOUNDED: bool> Drop for Inside<'_, BOUNDED> {
    fn drop(&mut self) {
        // SAFETY: taken by `enter`.
        unsafe { self.permits.cell.free() };
    }
}

impl<const BOUNDED: bool> Inside<'_, BOUNDED> {
    fn free(&self) -> u64 {
        self.permits.free.load(Ordering::Relaxed)
    }

    fn add_free(&self, n: u64) {
        let free = self.free().saturating_add(n);
        self.permits.free.store(free, Ordering::Relaxed);
    }

    /// Computes `free` anew, after a death with the lock held.
    fn work_out(&self) {
        let held = self
            .table
            .rows()
            .filter(|row| row.is_held() || row.is_abandoned())
            .map(|row| row.note.load(Ordering::Relaxed))
            .fold(0, u64::saturating_add);
        let total = self.permits.total.load(Ordering::Relaxed);
        let free = total.saturating_sub(held);
        self.permits.free.store(free, Ordering::Relaxed);
    }

    /// Takes the permits of one holder that died. Returns that holder's process.
    fn inherit(&self) -> Option<u32> {
        let row = self.table.rows().find(|row| row.is_abandoned())?;
        let pid = row.process();
        let n = row.note.swap(0, Ordering::Relaxed);
        row.bury();
        self.add_free(n);
        Some(pid)
    }

    /// How many threads to wake when the lock is free.
    fn wake_count(&self) -> u32 {
        if self.free() == 0 || self.permits.mark.swap(0, Ordering::Relaxed) == 0 {
            return 0;
        }
        self.permits.turn.fetch_add(1, Ordering::Relaxed);
        match self.permits.several.load(Ordering::Relaxed) {
            0 => 1,
            _ => i32::MAX as u32,
        }
    }

    /// The same, for a waiter that has slept and leaves.
    fn wake_count_after_me(&self) -> u32 {
        let count = self.wake_count();
        self.permits.mark.store(1, Ordering::Relaxed);
        count
    }
}

impl<const BOUNDED: bool> Shared<Permits<BOUNDED>> {
    /// The lock is held for moments, so each caller waits for it, even after its deadline: a waiter
    /// that leaves has to wake the next.
    fn enter(&self) -> Inside<'_, BOUNDED> {
        let taken = self.cell.take(Deadline::NEVER);
        let inside = Inside {
            permits: self,
            table: Table::new(self.segment(), Self::END, &self.used),
        };
        if let Ok(Taken::Abandoned(_)) = taken {
            inside.work_out();
        }
        inside
    }

    fn wake(&self, n: u32) {
        if n > 0 {
            wake(&self.turn, n);
        }
    }

    /// A row with `n` permits, and the process from which they were taken over.
    ///
    /// # Panics
    /// When all rows are taken, or there is no memory for one more; and as [`expect_room`].
    pub(super) fn acquire(&self, n: u64, deadline: Deadline) -> Option<(&RobustCell, Option<u32>)> {
        expect_room();
        let mut died = None;
        let mut has_slept = false;
        loop {
            let inside = self.enter();
            while inside.free() < n
                && let Some(pid) = inside.inherit()
            {
                died = Some(pid).filter(|pid| *pid != 0).or(died);
            }
            if inside.free() >= n {
                let row = match inside
                    .table
                    .take(|row| row.note.store(n, Ordering::Relaxed))
                {
                    Ok(row) => row,
                    Err(NoRow::Full) => match inside.inherit() {
                        // There were enough without the permits of the dead, but no room.
                        Some(pid) => {
                            died = Some(pid).filter(|pid| *pid != 0).or(died);
                            continue;
                        }
                        None => panic!(
                            "a shared semaphore has at most {} permits out at a time",
                            table::ROWS
                        ),
                    },
                    Err(NoRow::NoMemory(why)) => panic!("{why}"),
                };
                let free = inside.free().saturating_sub(n);
                self.free.store(free, Ordering::Relaxed);
                let count = if has_slept {
                    inside.wake_count_after_me()
                } else {
                    0
                };
                drop(inside);
                self.wake(count);
                return Some((row, died));
            }
            if deadline.has_passed() {
                let count = if has_slept {
                    inside.wake_count_after_me()
                } else {
                    0
                };
                drop(inside);
                self.wake(count);
                return None;
            }
            self.mark.store(1, Ordering::Relaxed);
            if n > 1 {
                self.several.fetch_add(1, Ordering::Relaxed);
            }
            let turn = self.turn.load(Ordering::Relaxed);
            drop(inside);
            if !spin_until(|| self.turn.load(Ordering::Relaxed) != turn) {
                sleep(&self.turn, turn, deadline);
            }
            if n > 1 {
                self.several.fetch_sub(1, Ordering::Relaxed);
            }
            has_slept = true;
        }
    }

    pub(super) fn release(&self, n: u64) -> Result<(), TooManyPermits> {
        let inside = self.enter();
        let total = self.total.load(Ordering::Relaxed);
        if n > self.fixed().saturating_sub(total) {
            return Err(TooManyPermits);
        }
        self.total.store(total + n, Ordering::Relaxed);
        inside.add_free(n);
        let count = inside.wake_count();
        drop(inside);
        self.wake(count);
        Ok(())
    }
}

impl<const BOUNDED: bool> Pool for Shared<Permits<BOUNDED>> {
    fn put_back(&self, row: &RobustCell, gives_back: bool) {
        // The child of a fork returns nothing: the permits are the parent's.
        if row.mine().is_none() {
            return;
        }
        let inside = self.enter();
        // The row first: if this thread dies here, the computation from the rows returns the
        // permits.
        let n = row.note.swap(0, Ordering::Relaxed);
        if gives_back {
            inside.add_free(n);
        } else {
            let total = self.total.load(Ordering::Relaxed);
            self.total.store(total.saturating_sub(n), Ordering::Relaxed);
        }
        // SAFETY: this thread's, as just checked.
        unsafe { row.free() };
        let count = inside.wake_count();
        drop(inside);
        self.wake(count);
    }
}
