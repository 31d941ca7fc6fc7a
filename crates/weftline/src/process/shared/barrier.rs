//! [`Barrier`]: threads of several processes that wait for each other.
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

use super::error::SharedError;
use super::header::{Kind, Shape};
use super::object::{Object, Shared, shared_handle};
use super::operation_error::BarrierError;
use super::robust::{RobustCell, Taken};
use super::robust_list::expect_room;
use super::sleep::{sleep, spin_until, wake};
use super::table::{self, NoRow, Table, Used};
use crate::park::Deadline;
use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const WAITING: u32 = 1;
const PASSED: u32 = 2;
const BROKEN: u32 = 3;

const YES: u32 = 1;

/// The parties of one round may still leave their rows while those of the next arrive.
const MOST: usize = table::ROWS / 2;

#[repr(C)]
pub(super) struct State {
    cell: RobustCell,
    parties: AtomicU32,
    is_broken: AtomicU32,
    /// The process by whose death the barrier broke, if it did.
    died: AtomicU32,
    /// Whether the waiters are being let pass.
    passing: AtomicU32,
    turn: AtomicU32,
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

/// Lets a number of threads, of any processes, wait for each other, again and again: Python's
/// `multiprocessing.Barrier`.
///
/// The barrier is *broken* when a party times out, or dies while it waits, or a thread calls
/// [`abort`](Self::abort). Then every wait fails until a [`reset`](Self::reset). The other parties
/// learn of a death within half a second. A party that dies before it arrives is not known to be
/// one: give the wait a timeout. The leader's thread can do the work of Python's action between two
/// waits.
///
/// ```
/// # use weftline::process::Barrier;
/// let round = Barrier::new(2)?;
/// # let there = round.clone();
/// # let other = std::thread::spawn(move || there.wait().unwrap());
/// let arrival = round.wait().unwrap();
/// # let other = other.join().unwrap();
/// assert_eq!(arrival.index() + other.index(), 1);
/// # Ok::<(), weftline::process::SharedError>(())
/// ```
#[doc(alias = "multiprocessing.Barrier")]
pub struct Barrier(Shared<State>);

/// How a thread passed a shared [`Barrier`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival(usize);

impl Arrival {
    /// How many parties had arrived before this one: a different number for each, from 0.
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }

    /// Whether this was the first to arrive: exactly one party is.
    #[must_use]
    pub fn is_leader(self) -> bool {
        self.0 == 0
    }
}

/// Holds the object's lock.
struct Inside<'a> {
    state: &'a State,
    table: Table<'a>,
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
    fn waiting(&self) -> impl Iterator<Item = &'a RobustCell> {
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

    fn let_pass(&self) {
        self.state.passing.store(YES, Ordering::Relaxed);
        self.end_all(PASSED);
        self.state.passing.store(0, Ordering::Relaxed);
    }

    fn break_it(&self) {
        self.state.is_broken.store(YES, Ordering::Relaxed);
        self.end_all(BROKEN);
    }

    /// Breaks the barrier if a party died while it waited.
    fn look_for_dead(&self) {
        for row in self.table.rows().filter(|row| row.is_abandoned()) {
            if row.state.load(Ordering::Relaxed) == WAITING {
                self.state.died.store(row.process(), Ordering::Relaxed);
                self.break_it();
            }
            row.bury();
        }
    }

    fn is_broken(&self) -> bool {
        self.state.is_broken.load(Ordering::Relaxed) == YES
    }

    fn why_broken(&self) -> BarrierError {
        match self.state.died.load(Ordering::Relaxed) {
            0 => BarrierError::Broken,
            pid => BarrierError::Abandoned(pid),
        }
    }
}

impl Barrier {
    fn of(shared: Shared<State>) -> Self {
        Self(shared)
    }

    /// A barrier for `parties` threads, without a name.
    ///
    /// # Errors
    /// [`SharedError`]: no memory, too many files.
    ///
    /// # Panics
    /// When `parties` is zero, or above 2,048.
    pub fn new(parties: usize) -> Result<Self, SharedError> {
        Self::make(None, parties)
    }

    /// A barrier that other programs can [`open`](Self::open) by its name, until
    /// [`unlink`](crate::process::unlink).
    ///
    /// # Errors
    /// [`SharedError`]: the name is taken, or none; no memory, too many files.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    ///
    /// # Safety
    /// As for all [named objects](crate::process#named-objects): no program writes to the file, or
    /// shortens it, except through this library.
    pub unsafe fn create(name: &str, parties: usize) -> Result<Self, SharedError> {
        Self::make(Some(name), parties)
    }

    fn make(name: Option<&str>, parties: usize) -> Result<Self, SharedError> {
        assert!(
            (1..=MOST).contains(&parties),
            "a shared barrier has 1 to {MOST} parties, not {parties}"
        );
        Shared::create(name, 0, table::SPAN, |state: &mut State| {
            *state.parties.get_mut() = parties as u32;
        })
        .map(Self::of)
    }

    fn enter(&self) -> Inside<'_> {
        let taken = self.0.cell.take(Deadline::NEVER);
        let inside = Inside {
            state: &self.0,
            table: Table::new(self.0.segment(), Shared::<State>::END, &self.0.used),
            has_ended: Cell::new(false),
        };
        if let Ok(Taken::Abandoned(_)) = taken {
            if self.0.passing.load(Ordering::Relaxed) == YES {
                inside.let_pass();
            } else if inside.is_broken() {
                inside.end_all(BROKEN);
            }
        }
        inside
    }

    fn wait_by(&self, deadline: Deadline) -> Result<Arrival, BarrierError> {
        expect_room();
        let mut inside = self.enter();
        let row = loop {
            inside.look_for_dead();
            if inside.is_broken() {
                return Err(inside.why_broken());
            }
            match inside
                .table
                .take(|row| row.state.store(WAITING, Ordering::Relaxed))
            {
                Ok(row) => break row,
                Err(NoRow::NoMemory(why)) => {
                    inside.break_it();
                    drop(inside);
                    panic!("{why}");
                }
                // Some threads that have passed have not yet run to take their rows back.
                Err(NoRow::Full) => {
                    if deadline.has_passed() {
                        inside.break_it();
                        return Err(inside.why_broken());
                    }
                    drop(inside);
                    std::thread::yield_now();
                    inside = self.enter();
                }
            }
        };
        let arrived = inside.waiting().count().clamp(1, self.parties());
        let index = arrived - 1;
        if arrived == self.parties() {
            inside.let_pass();
        } else if deadline.has_passed() {
            inside.break_it();
        }
        let turn = self.0.turn.load(Ordering::Relaxed);
        drop(inside);
        self.sleep(row, turn, deadline);
        let ended = row.state.load(Ordering::Relaxed);
        // SAFETY: this thread's; no other thread uses a row that does not wait.
        unsafe { row.free() };
        match ended {
            PASSED => Ok(Arrival(index)),
            _ => Err(self.enter().why_broken()),
        }
    }

    /// Sleeps until the row's wait has ended.
    fn sleep(&self, row: &RobustCell, mut turn: u32, deadline: Deadline) {
        let has_ended = || row.state.load(Ordering::Acquire) != WAITING;
        if has_ended() || spin_until(has_ended) {
            return;
        }
        while !has_ended() {
            sleep(&self.0.turn, turn, deadline);
            if has_ended() {
                return;
            }
            let inside = self.enter();
            inside.look_for_dead();
            if !has_ended() && deadline.has_passed() {
                inside.break_it();
                // Returns even where the row does not show a wait: the memory is damaged then.
                return;
            }
            turn = self.0.turn.load(Ordering::Relaxed);
        }
    }

    /// Waits until all parties have arrived.
    ///
    /// # Errors
    /// [`BarrierError`].
    ///
    /// # Panics
    /// When this thread holds 2,000 shared locks and permits, of any objects, or there is no memory
    /// for one more. All forms panic then.
    pub fn wait(&self) -> Result<Arrival, BarrierError> {
        self.wait_by(Deadline::NEVER)
    }

    /// Passes if this is the last party to arrive. Otherwise it breaks the barrier, because it has
    /// no time to wait.
    ///
    /// # Errors
    /// [`BarrierError`] unless it passed.
    pub fn try_wait(&self) -> Result<Arrival, BarrierError> {
        self.wait_by(Deadline::PASSED)
    }

    /// Waits until all parties have arrived, for `timeout` at most; a timeout breaks the barrier.
    ///
    /// # Errors
    /// [`BarrierError`].
    pub fn try_wait_for(&self, timeout: Duration) -> Result<Arrival, BarrierError> {
        self.wait_by(Deadline::after(timeout))
    }

    /// Waits until all parties have arrived, until `deadline` at the latest; a timeout breaks the
    /// barrier.
    ///
    /// # Errors
    /// [`BarrierError`].
    pub fn try_wait_until(&self, deadline: Instant) -> Result<Arrival, BarrierError> {
        self.wait_by(Deadline::at(deadline))
    }

    /// Breaks the barrier.
    pub fn abort(&self) {
        self.enter().break_it();
    }

    /// Resets the barrier for new rounds. Each waiter gets [`BarrierError::Broken`].
    pub fn reset(&self) {
        let inside = self.enter();
        inside.look_for_dead();
        self.0.died.store(0, Ordering::Relaxed);
        // Broken until the waits of all have ended: if this thread dies before, the next holder of
        // the lock ends them.
        inside.break_it();
        self.0.is_broken.store(0, Ordering::Relaxed);
    }

    /// How many threads pass together.
    #[must_use]
    pub fn parties(&self) -> usize {
        self.0.fixed()
    }

    /// How many parties have arrived and wait; out of date as soon as it is known.
    #[must_use]
    pub fn n_waiting(&self) -> usize {
        self.enter().waiting().count()
    }

    /// Whether every wait fails until a reset.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        let inside = self.enter();
        inside.look_for_dead();
        inside.is_broken()
    }
}

shared_handle!(Barrier);

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier")
            .field("parties", &self.parties())
            .field("n_waiting", &self.n_waiting())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::mem;
    use std::thread;

    /// A thread begins an operation, under the lock, and ends.
    fn dies_having(barrier: &Barrier, begun: fn(&State)) {
        let dies = || {
            let inside = barrier.enter();
            begun(inside.state);
            mem::forget(inside);
        };
        thread::scope(|scope| scope.spawn(dies).join()).expect("it only ends");
    }

    #[test]
    fn the_next_holder_of_the_lock_completes_what_a_dead_thread_has_begun() {
        let breaks = |state: &State| state.is_broken.store(YES, Ordering::Relaxed);
        let lets_pass = |state: &State| state.passing.store(YES, Ordering::Relaxed);
        let broken = (breaks as fn(&State), Err(BarrierError::Broken));
        for (begun, expected) in [broken, (lets_pass, Ok(Arrival(0)))] {
            let barrier = Barrier::new(3).unwrap();
            thread::scope(|scope| {
                let wait = scope.spawn(|| barrier.wait());
                while barrier.n_waiting() == 0 {
                    thread::yield_now();
                }
                dies_having(&barrier, begun);
                assert_eq!(barrier.n_waiting(), 0, "the next holder completes it");
                assert_eq!(wait.join().expect("it waits"), expected);
            });
        }
    }
}
