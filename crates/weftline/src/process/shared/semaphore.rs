//! [`Semaphore`] and [`BoundedSemaphore`]: permits that processes share, and that come back when who has them dies.
//!
//! # Implementation
//!
//! The object's lock protects everything. Each [`Permit`] has a row in the table of holders, with its number of permits, and the kernel
//! tells of a row whose thread died. What is true stands in `total` and in the rows; `free`, the difference, is worked out anew when a process dies
//! with the lock.
//!
//! Who finds too few permits looks for holders that died, and takes over their permits. Since nobody is woken by such a death, who
//! sleeps looks again each half second.
//!
//! Wake-ups: `sleepers` says whether somebody may sleep. A release clears it, counts `turn` on, which whoever is about to sleep sees, and wakes one, or all if one wants
//! several permits. A woken one that leaves some permits over passes the wake-up on, and says again that there may be others.

use super::mutex::{Abandoned, LockError, Recover};
use super::object::{Object, Shared, shared_handle};
use super::robust::{RobustCell, Taken, look_out, sleep, wake};
use super::segment::{Kind, Segment, Shape, SharedError};
use super::table::{self, NoRow, Table, Used};
use crate::TooManyPermits;
use crate::park::Deadline;
use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const MAX_PERMITS: u64 = u64::MAX >> 1;

const NOBODY: u32 = 0;
/// Who sleeps wants one permit.
const ONE_EACH: u32 = 1;
/// Somebody who sleeps wants several.
const SEVERAL: u32 = 2;

/// What lies in shared memory; see the module's text.
#[repr(C)]
pub(super) struct Permits<const BOUNDED: bool> {
    cell: RobustCell,
    total: AtomicU64,
    bound: AtomicU64,
    free: AtomicU64,
    sleepers: AtomicU32,
    turn: AtomicU32,
    used: Used,
}

// SAFETY: atomics, changed by who holds the cell.
unsafe impl<const BOUNDED: bool> Object for Permits<BOUNDED> {
    fn shape() -> Shape {
        Shape::plain(if BOUNDED {
            Kind::BoundedSemaphore
        } else {
            Kind::Semaphore
        })
    }

    fn is_held_here(&self, segment: &Segment) -> bool {
        let table = Table::new(segment, Shared::<Self>::END, &self.used);
        self.cell.is_held_here() || table.rows().any(RobustCell::is_held_here)
    }
}

/// What a permit does with its semaphore, of either kind.
trait Pool: Send + Sync {
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
        self.permits.free.store(self.free() + n, Ordering::Relaxed);
    }

    /// After a death with the lock held.
    fn work_out(&self) {
        let held: u64 = self
            .table
            .rows()
            .filter(|row| row.is_held() || row.is_abandoned())
            .map(|row| row.note.load(Ordering::Relaxed))
            .sum();
        let total = self.permits.total.load(Ordering::Relaxed);
        self.permits.free.store(total - held, Ordering::Relaxed);
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

    /// Whom to wake when the lock is free: how many.
    fn whom_to_wake(&self) -> u32 {
        if self.free() == 0 {
            return 0;
        }
        let who = match self.permits.sleepers.swap(NOBODY, Ordering::Relaxed) {
            NOBODY => return 0,
            ONE_EACH => 1,
            _ => i32::MAX as u32,
        };
        self.permits.turn.fetch_add(1, Ordering::Relaxed);
        who
    }
}

impl<const BOUNDED: bool> Shared<Permits<BOUNDED>> {
    fn enter(&self, deadline: Deadline) -> Option<Inside<'_, BOUNDED>> {
        let taken = self.cell.take(deadline).ok()?;
        let inside = Inside {
            permits: self,
            table: Table::new(self.segment(), Self::END, &self.used),
        };
        if let Taken::Abandoned(_) = taken {
            inside.work_out();
        }
        Some(inside)
    }

    fn wake(&self, n: u32) {
        if n > 0 {
            wake(&self.turn, n);
        }
    }

    /// A row with `n` permits, and the process that they were inherited from.
    fn acquire(&self, n: u64, deadline: Deadline) -> Option<(&RobustCell, Option<u32>)> {
        let mut died = None;
        let mut has_slept = false;
        loop {
            // Whoever waits at once waits for the object's own lock, which is held for moments, all the same.
            let inside = self.enter(if deadline.is_at_once() {
                Deadline::NEVER
            } else {
                deadline
            })?;
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
                    Err(NoRow::Full) => panic!(
                        "a shared semaphore has at most {} permits out at a time",
                        table::ROWS
                    ),
                    Err(NoRow::NoMemory(why)) => panic!("{why}"),
                };
                self.free.store(inside.free() - n, Ordering::Relaxed);
                let who = if has_slept {
                    // There may be others.
                    let who = inside.whom_to_wake();
                    self.sleepers.fetch_max(ONE_EACH, Ordering::Relaxed);
                    who
                } else {
                    0
                };
                drop(inside);
                self.wake(who);
                return Some((row, died));
            }
            if deadline.has_passed() {
                // What it was woken for, somebody else may want.
                let who = if has_slept { inside.whom_to_wake() } else { 0 };
                drop(inside);
                self.wake(who);
                return None;
            }
            let wants = if n > 1 { SEVERAL } else { ONE_EACH };
            self.sleepers.fetch_max(wants, Ordering::Relaxed);
            let turn = self.turn.load(Ordering::Relaxed);
            drop(inside);
            if !look_out(|| self.turn.load(Ordering::Relaxed) != turn) {
                sleep(&self.turn, turn, deadline);
            }
            has_slept = true;
        }
    }

    fn release(&self, n: u64) -> Result<(), TooManyPermits> {
        let inside = self.enter(Deadline::NEVER).expect("never times out");
        let total = self.total.load(Ordering::Relaxed);
        if n > self.bound.load(Ordering::Relaxed) - total {
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
        if !row.is_mine() {
            return;
        }
        let inside = self.enter(Deadline::NEVER).expect("never times out");
        // The row first: if this thread dies here, what is worked out from the rows gives the permits back.
        let n = row.note.swap(0, Ordering::Relaxed);
        if gives_back {
            inside.add_free(n);
        } else {
            let total = self.total.load(Ordering::Relaxed);
            self.total.store(total - n, Ordering::Relaxed);
        }
        // SAFETY: this thread's, as just checked.
        unsafe { row.free() };
        let who = inside.whom_to_wake();
        drop(inside);
        self.wake(who);
    }
}

macro_rules! semaphore {
    ($(#[$meta:meta])* $name:ident, $bounded:literal, $refused:literal) => {
        $(#[$meta])*
        pub struct $name(Shared<Permits<$bounded>>);

        impl $name {
            fn of(shared: Shared<Permits<$bounded>>) -> Self {
                Self(shared)
            }

            /// A semaphore with `permits` free, without a name.
            ///
            /// # Errors
            /// [`SharedError`]: no memory, too many files.
            ///
            /// # Panics
            /// When `permits` is above `u64::MAX / 2`.
            pub fn new(permits: u64) -> Result<Self, SharedError> {
                Self::make(None, permits)
            }

            /// A semaphore that other programs can [`open`](Self::open) by its name, until [`unlink`](crate::process::unlink).
            ///
            /// # Errors
            /// [`SharedError`]: the name is taken, or none; no memory, too many files.
            ///
            /// # Panics
            /// As [`new`](Self::new).
            pub fn create(name: &str, permits: u64) -> Result<Self, SharedError> {
                Self::make(Some(name), permits)
            }

            fn make(name: Option<&str>, permits: u64) -> Result<Self, SharedError> {
                assert!(permits <= MAX_PERMITS, "a semaphore has at most u64::MAX / 2 permits");
                Shared::create(name, 0, table::SPAN, |state: &mut Permits<$bounded>| {
                    *state.total.get_mut() = permits;
                    *state.free.get_mut() = permits;
                    *state.bound.get_mut() = if $bounded { permits } else { MAX_PERMITS };
                })
                .map(Self::of)
            }

            /// Waits for `n` permits at once.
            ///
            /// # Errors
            /// [`Abandoned`], with the permits, when they were those of a process that died: what they stand for is as it left it.
            ///
            /// # Panics
            #[doc = $refused]
            pub fn acquire(&self, n: u64) -> Result<Permit<'_>, Abandoned<Permit<'_>>> {
                self.acquire_by(n, Deadline::NEVER).map_err(LockError::abandoned)
            }

            /// Takes `n` permits if they are free now.
            ///
            /// # Errors
            /// [`LockError`].
            ///
            /// # Panics
            #[doc = $refused]
            pub fn try_acquire(&self, n: u64) -> Result<Permit<'_>, LockError<Permit<'_>>> {
                self.acquire_by(n, Deadline::PASSED)
            }

            /// Waits for `n` permits at once, for at most `timeout`. A timeout beyond the clock's range never ends.
            ///
            /// # Errors
            /// [`LockError`].
            ///
            /// # Panics
            #[doc = $refused]
            pub fn try_acquire_for(&self, n: u64, timeout: Duration) -> Result<Permit<'_>, LockError<Permit<'_>>> {
                self.acquire_by(n, Deadline::after(timeout))
            }

            /// Waits for `n` permits at once, until `deadline` at the latest.
            ///
            /// # Errors
            /// [`LockError`].
            ///
            /// # Panics
            #[doc = $refused]
            pub fn try_acquire_until(&self, n: u64, deadline: Instant) -> Result<Permit<'_>, LockError<Permit<'_>>> {
                self.acquire_by(n, Deadline::at(deadline))
            }

            fn acquire_by(&self, n: u64, deadline: Deadline) -> Result<Permit<'_>, LockError<Permit<'_>>> {
                let bound = self.0.bound.load(Ordering::Relaxed);
                assert!(n <= bound, "acquire({n}) would wait for ever: the semaphore has at most {bound} permits");
                let (row, died) = self.0.acquire(n, deadline).ok_or(LockError::TimedOut)?;
                let permit = Permit { pool: &self.0, row, n, _stays: PhantomData };
                match died {
                    None => Ok(permit),
                    Some(pid) => Err(LockError::Abandoned(Abandoned::new(permit, pid))),
                }
            }

            /// Adds `n` permits: those that a [`Permit::forget`] left out, or new ones.
            ///
            /// # Errors
            /// [`TooManyPermits`] when that would be more than the semaphore's bound; then none is added.
            pub fn release(&self, n: u64) -> Result<(), TooManyPermits> {
                self.0.release(n)
            }

            /// How many permits are free; out of date as soon as it is known. Those of a process that died count when somebody wants them.
            #[must_use]
            pub fn available(&self) -> u64 {
                self.0.free.load(Ordering::Relaxed)
            }
        }

        shared_handle!($name);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("available", &self.available())
                    .finish_non_exhaustive()
            }
        }
    };
}

semaphore!(
    /// A number of permits that processes share: Python's `multiprocessing.Semaphore`.
    ///
    /// Permits of a process that dies come back, which Python's do not: within half a second whoever waits has them, and is told
    /// ([`Abandoned`]). At most 4,096 [`Permit`]s are out at a time. There is no order among those who wait, and one that wants several
    /// permits can be overtaken.
    ///
    /// ```
    /// # use weftline::process::Semaphore;
    /// use std::time::Duration;
    /// let seats = Semaphore::new(2)?;
    /// let taken = seats.acquire(2).unwrap();
    /// assert!(seats.try_acquire_for(1, Duration::from_millis(1)).is_err());
    /// drop(taken); // the permits return
    /// assert_eq!(seats.available(), 2);
    /// # Ok::<(), weftline::process::SharedError>(())
    /// ```
    #[doc(alias = "multiprocessing.Semaphore")]
    Semaphore,
    false,
    "When `n` is above `u64::MAX / 2`, or 4,096 permits are out."
);

semaphore!(
    /// A semaphore between processes that never has more permits than it started with: Python's `multiprocessing.BoundedSemaphore`.
    ///
    /// See [`Semaphore`] for what it does when a process dies.
    ///
    /// ```
    /// # use weftline::process::BoundedSemaphore;
    /// let connections = BoundedSemaphore::new(1)?;
    /// drop(connections.acquire(1).unwrap());
    /// assert!(connections.release(1).is_err()); // one too many
    /// # Ok::<(), weftline::process::SharedError>(())
    /// ```
    #[doc(alias = "multiprocessing.BoundedSemaphore")]
    BoundedSemaphore,
    true,
    "When `n` is above the bound, or 4,096 permits are out."
);

/// Permits of a shared semaphore; they return when this is dropped, or its process dies. It stays with its thread.
#[must_use = "the permits return when this is dropped"]
pub struct Permit<'a> {
    pool: &'a dyn Pool,
    row: &'a RobustCell,
    n: u64,
    _stays: PhantomData<*mut ()>,
}

impl Permit<'_> {
    /// How many permits this is.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.n
    }

    /// Keeps the permits out, also when the process dies: they come back by a `release` only.
    pub fn forget(self) {
        self.pool.put_back(self.row, false);
        std::mem::forget(self);
    }
}

impl Recover for Permit<'_> {
    fn recovered(&self) {}
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.pool.put_back(self.row, true);
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("count", &self.n).finish()
    }
}
