//! [`Permits`]: what a shared semaphore is, of either kind.
//!
//! # Implementation
//!
//! The object's lock protects everything. Each `Permit` has a row in the table of holders, with its
//! number of permits, and the kernel tells of a row whose thread died. What is true stands in
//! `total` and in the rows; `free`, the difference, is worked out anew when a process dies with the
//! lock.
//!
//! Who finds too few permits looks for holders that died, and takes over their permits. Since
//! nobody is woken by such a death, who sleeps looks again each half second.
//!
//! Wake-ups: `mark` says that somebody may sleep. A release clears it, counts `turn` on, which
//! whoever is about to sleep sees, and wakes one, or all if one of them wants several permits
//! (`several`). Who has slept and leaves, with permits or without, passes the wake-up on if some
//! are free, and sets the mark again: there may be others.

use super::object::{Object, Shared};
use super::robust::{RobustCell, Taken};
use super::robust_list::expect_room;
use super::segment::{Kind, Shape};
use super::sleep::{look_out, sleep, wake};
use super::table::{self, NoRow, Table, Used};
use crate::TooManyPermits;
use crate::park::Deadline;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

pub(super) const MAX_PERMITS: u64 = u64::MAX >> 1;

/// What lies in shared memory; see the module's text.
#[repr(C)]
pub(super) struct Permits<const BOUNDED: bool> {
    cell: RobustCell,
    pub(super) total: AtomicU64,
    pub(super) bound: AtomicU64,
    pub(super) free: AtomicU64,
    mark: AtomicU32,
    /// How many who sleep want more than one permit; too many if one has died.
    several: AtomicU32,
    turn: AtomicU32,
    used: Used,
}

// SAFETY: atomics, changed by who holds the cell.
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

/// What a permit does with its semaphore, of either kind.
pub(super) trait Pool: Send + Sync {
    /// Gives the row's permits back, or (if not) takes them out of the total.
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

    /// After a death with the lock held.
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

    /// Takes the permits of one holder that died, and says which process it was.
    fn inherit(&self) -> Option<u32> {
        let row = self.table.rows().find(|row| row.is_abandoned())?;
        let pid = row.process();
        let n = row.note.swap(0, Ordering::Relaxed);
        row.bury();
        self.add_free(n);
        Some(pid)
    }

    /// How many to wake when the lock is free.
    fn whom_to_wake(&self) -> u32 {
        if self.free() == 0 || self.permits.mark.swap(0, Ordering::Relaxed) == 0 {
            return 0;
        }
        self.permits.turn.fetch_add(1, Ordering::Relaxed);
        match self.permits.several.load(Ordering::Relaxed) {
            0 => 1,
            _ => i32::MAX as u32,
        }
    }

    /// The same, for one that has slept and leaves.
    fn whom_to_wake_after_me(&self) -> u32 {
        let who = self.whom_to_wake();
        self.permits.mark.store(1, Ordering::Relaxed);
        who
    }
}

impl<const BOUNDED: bool> Shared<Permits<BOUNDED>> {
    /// The lock is held for moments, so each caller waits for it, also one whose time is up: of the
    /// threads that sleep, one that leaves has to tell the next.
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

    /// A row with `n` permits, and the process that they were inherited from.
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
                        // There was enough without those of the dead, but no room.
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
                let who = if has_slept {
                    inside.whom_to_wake_after_me()
                } else {
                    0
                };
                drop(inside);
                self.wake(who);
                return Some((row, died));
            }
            if deadline.has_passed() {
                let who = if has_slept {
                    inside.whom_to_wake_after_me()
                } else {
                    0
                };
                drop(inside);
                self.wake(who);
                return None;
            }
            self.mark.store(1, Ordering::Relaxed);
            if n > 1 {
                self.several.fetch_add(1, Ordering::Relaxed);
            }
            let turn = self.turn.load(Ordering::Relaxed);
            drop(inside);
            if !look_out(|| self.turn.load(Ordering::Relaxed) != turn) {
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
        let who = inside.whom_to_wake();
        drop(inside);
        self.wake(who);
        Ok(())
    }
}

impl<const BOUNDED: bool> Pool for Shared<Permits<BOUNDED>> {
    fn put_back(&self, row: &RobustCell, gives_back: bool) {
        // Not so in the child of a fork: the permits are the parent's.
        if row.mine().is_none() {
            return;
        }
        let inside = self.enter();
        // The row first: if this thread dies here, what is worked out from the rows gives the
        // permits back.
        let n = row.note.swap(0, Ordering::Relaxed);
        if gives_back {
            inside.add_free(n);
        } else {
            let total = self.total.load(Ordering::Relaxed);
            self.total.store(total.saturating_sub(n), Ordering::Relaxed);
        }
        // SAFETY: this thread's, as just checked.
        unsafe { row.free() };
        let who = inside.whom_to_wake();
        drop(inside);
        self.wake(who);
    }
}
