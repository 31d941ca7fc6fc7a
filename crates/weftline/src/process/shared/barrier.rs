//! [`Barrier`]: threads of several processes that wait for each other. `barrier_core.rs` has the
//! protocol.

use super::barrier_core::{Inside, MOST, PASSED, State, WAITING};
use super::error::SharedError;
use super::object::{Shared, shared_handle};
use super::operation_error::BarrierError;
use super::robust::RobustCell;
use super::robust_list::expect_room;
use super::sleep::{sleep, spin_until};
use super::table::{self, NoRow};
use crate::park::Deadline;
use std::fmt;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

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
        Inside::enter(&self.0)
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
        self.enter().reset();
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
    use super::super::barrier_core::YES;
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
