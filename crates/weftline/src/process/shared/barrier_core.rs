//! The core of a shared [`Barrier`](crate::process::Barrier): its state, and the steps that are
//! taken under its lock.
//!
//! # Implementation
//!
//! The object's lock protects everything. Each party that waits has a row in the table; its `state`
//! says how its wait ended. Waiters sleep on `turn`, which is counted on whenever a wait has ended.
//!
//! | a row's state | meaning | leaves by |
//! |---|---|---|
//! | `WAITING` | the party has arrived, and waits | all have arrived → `PASSED`; the barrier breaks, or is reset → `BROKEN`; its own timeout, which breaks the barrier |
//! | `PASSED`, `BROKEN` | how the wait ended | its thread takes the row back |
//!
//! # Invariants
//!
//! - A thread that dies after it has arrived breaks the barrier: each waiter checks the rows for
//!   deaths every half second.
//! - A thread that dies with the lock while it lets the others pass leaves `passing` set. A thread
//!   that dies while it breaks the barrier leaves `is_broken` set. The next holder of the lock
//!   completes the operation.
//!
//! # Linearisation points
//!
//! Under the object's lock: an arrival is the taking of its row, and the end of a wait is the store
//! to its row's `state`.
//!
//! # Happens-before
//!
//! The store to a row's `state` releases, and the waiter's load acquires. The lock orders
//! everything else.

use super::header::{Kind, Shape};
use super::object::{Object, Shared};
use super::operation_error::BarrierError;
use super::robust::{RobustCell, Taken};
use super::sleep::wake;
use super::table::{self, Table, Used};
use crate::park::Deadline;
use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};

pub(super) const WAITING: u32 = 1;
pub(super) const PASSED: u32 = 2;
const BROKEN: u32 = 3;

pub(super) const YES: u32 = 1;

/// The parties of one round may still leave their rows while those of the next arrive.
pub(super) const MOST: usize = table::ROWS / 2;

#[repr(C)]
pub(super) struct State {
    cell: RobustCell,
    pub(super) parties: AtomicU32,
    pub(super) is_broken: AtomicU32,
    /// The process by whose death the barrier broke, if it did.
    died: AtomicU32,
    /// Whether the waiters are being let pass.
    pub(super) passing: AtomicU32,
    pub(super) turn: AtomicU32,
    used: Used,
}

// SAFETY: atomics, changed by the holder of the cell.
unsafe impl Object for State {
    /// The parties.
    type Fixed = usize;

    fn shape() -> Shape {
        Shape::plain(Kind::Barrier)
    }

    fn fix(&self, _: usize) -> Option<usize> {
        let parties = self.parties.load(Ordering::Relaxed) as usize;
        (1..=MOST).contains(&parties).then_some(parties)
    }
}

/// Holds the object's lock.
pub(super) struct Inside<'a> {
    pub(super) state: &'a State,
    pub(super) table: Table<'a>,
    /// Whether waits have ended, so that their threads are to be woken.
    has_ended: Cell<bool>,
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        // SAFETY: taken by `enter`.
        unsafe { self.state.cell.free() };
        if self.has_ended.get() {
            wake(&self.state.turn, i32::MAX as u32);
        }
    }
}

impl<'a> Inside<'a> {
    /// Takes the object's lock, and completes what a dead thread has begun.
    pub(super) fn enter(shared: &'a Shared<State>) -> Self {
        let taken = shared.cell.take(Deadline::NEVER);
        let inside = Self {
            state: shared,
            table: Table::new(shared.segment(), Shared::<State>::END, &shared.used),
            has_ended: Cell::new(false),
        };
        if let Ok(Taken::Abandoned(_)) = taken {
            if shared.passing.load(Ordering::Relaxed) == YES {
                inside.let_pass();
            } else if inside.is_broken() {
                inside.end_all(BROKEN);
            }
        }
        inside
    }

    pub(super) fn waiting(&self) -> impl Iterator<Item = &'a RobustCell> {
        self.table
            .rows()
            .filter(|row| row.is_held() && row.state.load(Ordering::Relaxed) == WAITING)
    }

    /// Ends the waits of all waiters.
    fn end_all(&self, how: u32) {
        for row in self.waiting() {
            row.state.store(how, Ordering::Release);
        }
        self.state.turn.fetch_add(1, Ordering::Release);
        self.has_ended.set(true);
    }

    pub(super) fn let_pass(&self) {
        self.state.passing.store(YES, Ordering::Relaxed);
        self.end_all(PASSED);
        self.state.passing.store(0, Ordering::Relaxed);
    }

    pub(super) fn break_it(&self) {
        self.state.is_broken.store(YES, Ordering::Relaxed);
        self.end_all(BROKEN);
    }

    /// Breaks the barrier if a party died while it waited.
    pub(super) fn look_for_dead(&self) {
        for row in self.table.rows().filter(|row| row.is_abandoned()) {
            if row.state.load(Ordering::Relaxed) == WAITING {
                self.state.died.store(row.process(), Ordering::Relaxed);
                self.break_it();
            }
            row.bury();
        }
    }

    /// Has the barrier begin new rounds.
    pub(super) fn reset(&self) {
        self.look_for_dead();
        self.state.died.store(0, Ordering::Relaxed);
        // Broken until the waits of all have ended: if this thread dies before, the next holder of
        // the lock ends them.
        self.break_it();
        self.state.is_broken.store(0, Ordering::Relaxed);
    }

    pub(super) fn is_broken(&self) -> bool {
        self.state.is_broken.load(Ordering::Relaxed) == YES
    }

    pub(super) fn why_broken(&self) -> BarrierError {
        match self.state.died.load(Ordering::Relaxed) {
            0 => BarrierError::Broken,
            pid => BarrierError::Abandoned(pid),
        }
    }
}
