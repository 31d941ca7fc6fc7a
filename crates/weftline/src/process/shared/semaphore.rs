//! [`Semaphore`] and [`BoundedSemaphore`]: permits that processes share, and that return when their
//! holder dies.

use super::error::SharedError;
use super::mutex::sealed::Sealed;
use super::mutex::{Abandoned, LockError, Recover};
use super::object::{Shared, shared_handle};
use super::robust::RobustCell;
use super::semaphore_core::{MAX_PERMITS, Permits, Pool};
use super::table;
use crate::error::TooManyPermits;
use crate::park::Deadline;
use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

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

            /// A semaphore that other programs can [`open`](Self::open) by its name, until
            /// [`unlink`](crate::process::unlink).
            ///
            /// # Errors
            /// [`SharedError`]: the name is taken, or none; no memory, too many files.
            ///
            /// # Panics
            /// As [`new`](Self::new).
            ///
            /// # Safety
            /// As for all [named objects](crate::process#named-objects): no program writes to the
            /// file, or shortens it, except through this library.
            pub unsafe fn create(name: &str, permits: u64) -> Result<Self, SharedError> {
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

            /// Waits for `n` permits, and takes them all at once.
            ///
            /// # Errors
            /// [`Abandoned`], with the permits, when they were those of a process that died. The
            /// resource behind them is as that process left it.
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

            /// Waits for `n` permits, to take them all at once, for `timeout` at most. A timeout
            /// beyond the clock's range never ends.
            ///
            /// # Errors
            /// [`LockError`].
            ///
            /// # Panics
            #[doc = $refused]
            pub fn try_acquire_for(&self, n: u64, timeout: Duration) -> Result<Permit<'_>, LockError<Permit<'_>>> {
                self.acquire_by(n, Deadline::after(timeout))
            }

            /// Waits for `n` permits, to take them all at once, until `deadline` at the latest.
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
                let bound = self.0.fixed();
                assert!(n <= bound, "acquire({n}) would wait for ever: the semaphore has at most {bound} permits");
                let (row, died) = self.0.acquire(n, deadline).ok_or(LockError::TimedOut)?;
                let permit = Permit { pool: &self.0, row, n, _stays: PhantomData };
                match died {
                    None => Ok(permit),
                    Some(pid) => Err(LockError::Abandoned(Abandoned::new(permit, pid))),
                }
            }

            /// Adds `n` permits: permits that a [`Permit::forget`] took out, or new ones.
            ///
            /// # Errors
            /// [`TooManyPermits`] when the semaphore would then have more than its bound; none is
            /// added then.
            pub fn release(&self, n: u64) -> Result<(), TooManyPermits> {
                self.0.release(n)
            }

            /// How many permits are free; out of date as soon as it is known. The permits of a
            /// process that died count once a caller needs them.
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
    /// Permits of a process that dies return, which Python's do not: a waiter has them within half
    /// a second, with the error [`Abandoned`]. At most 4,096 [`Permit`]s are out at a time, 2,000
    /// of them in one thread. Waiters are served in no order, and a waiter that wants several
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
    "When `n` is above `u64::MAX / 2`, or 4,096 [`Permit`]s are out, or this thread holds 2,000 shared locks and permits."
);

semaphore!(
    /// A semaphore between processes that never has more permits than it started with: Python's
    /// `multiprocessing.BoundedSemaphore`.
    ///
    /// See [`Semaphore`] for its behaviour when a process dies.
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
    "When `n` is above the bound, or 4,096 [`Permit`]s are out, or this thread holds 2,000 shared locks and permits."
);

/// Permits of a shared semaphore. They return when this is dropped, or when its process dies. It
/// stays with its thread.
#[must_use = "the permits return when this is dropped"]
pub struct Permit<'a> {
    pool: &'a dyn Pool,
    row: &'a RobustCell,
    n: u64,
    _stays: PhantomData<*mut ()>,
}

impl Permit<'_> {
    /// The number of permits.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.n
    }

    /// Keeps the permits out, even after the process dies: only a `release` brings them back.
    pub fn forget(self) {
        self.pool.put_back(self.row, false);
        std::mem::forget(self);
    }
}

impl Sealed for Permit<'_> {}

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
