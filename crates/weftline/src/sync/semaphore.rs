//! [`Semaphore`] and [`BoundedSemaphore`]: a number of permits, which return when they are dropped.

use super::raw::RawSemaphore;
use crate::error::TooManyPermits;
use crate::park::{Deadline, TokenBlocker, WaitError};
use std::fmt;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::time::{Duration, Instant};

const MAX_PERMITS: usize = usize::MAX >> 1;

macro_rules! semaphore {
    ($(#[$meta:meta])* $name:ident, is_bounded: $is_bounded:literal, $refused:literal) => {
        $(#[$meta])*
        #[derive(Debug)]
        pub struct $name(RawSemaphore);

        impl $name {
            /// A semaphore with `permits` free.
            ///
            /// # Panics
            /// When `permits` is above `usize::MAX / 2`.
            #[must_use]
            pub const fn new(permits: usize) -> Self {
                assert!(permits <= MAX_PERMITS, "a semaphore has at most usize::MAX / 2 permits");
                let bound = if $is_bounded { permits } else { MAX_PERMITS };
                match RawSemaphore::new(permits as u64, bound as u64) {
                    Some(raw) => Self(raw),
                    None => unreachable!(),
                }
            }

            /// Waits for `n` permits together. A request for zero permits succeeds at once, in
            /// every form of this method.
            ///
            /// # Panics
            #[doc = $refused]
            #[inline]
            #[track_caller]
            pub fn acquire(&self, n: usize) -> Permit<'_> {
                self.acquire_by(n, Deadline::NEVER).expect("a wait without a deadline does not time out")
            }

            /// Takes `n` permits if they are free and not reserved for a waiter.
            ///
            /// # Panics
            #[doc = $refused]
            pub fn try_acquire(&self, n: usize) -> Option<Permit<'_>> {
                self.acquire_by(n, Deadline::PASSED)
            }

            /// Waits for `n` permits together, for at most `timeout`; `None` when they are not free
            /// then. A timeout beyond the clock's range never ends.
            ///
            /// # Panics
            #[doc = $refused]
            #[inline]
            #[track_caller]
            pub fn try_acquire_for(&self, n: usize, timeout: Duration) -> Option<Permit<'_>> {
                self.acquire_by(n, Deadline::after(timeout))
            }

            /// Waits for `n` permits together, until `deadline` at the latest; `None` when they are
            /// not free then.
            ///
            /// # Panics
            #[doc = $refused]
            #[inline]
            #[track_caller]
            pub fn try_acquire_until(&self, n: usize, deadline: Instant) -> Option<Permit<'_>> {
                self.acquire_by(n, Deadline::at(deadline))
            }

            /// As [`acquire`](Self::acquire), for permits that own a reference to the semaphore:
            /// they may be sent to any thread and kept anywhere.
            ///
            /// # Panics
            #[doc = $refused]
            #[inline]
            #[track_caller]
            pub fn acquire_owned(self: &Arc<Self>, n: usize) -> OwnedPermit {
                self.acquire_owned_by(n, Deadline::NEVER).expect("a wait without a deadline does not time out")
            }

            /// As [`try_acquire`](Self::try_acquire), for owned permits.
            ///
            /// # Panics
            #[doc = $refused]
            pub fn try_acquire_owned(self: &Arc<Self>, n: usize) -> Option<OwnedPermit> {
                self.acquire_owned_by(n, Deadline::PASSED)
            }

            /// As [`try_acquire_for`](Self::try_acquire_for), for owned permits.
            ///
            /// # Panics
            #[doc = $refused]
            #[inline]
            #[track_caller]
            pub fn try_acquire_owned_for(self: &Arc<Self>, n: usize, timeout: Duration) -> Option<OwnedPermit> {
                self.acquire_owned_by(n, Deadline::after(timeout))
            }

            /// As [`try_acquire_until`](Self::try_acquire_until), for owned permits.
            ///
            /// # Panics
            #[doc = $refused]
            #[inline]
            #[track_caller]
            pub fn try_acquire_owned_until(self: &Arc<Self>, n: usize, deadline: Instant) -> Option<OwnedPermit> {
                self.acquire_owned_by(n, Deadline::at(deadline))
            }

            #[inline]
            #[track_caller]
            fn acquire_by(&self, n: usize, deadline: Deadline) -> Option<Permit<'_>> {
                self.take(n, deadline).map(|n| Permit { semaphore: &self.0, n })
            }

            #[inline]
            #[track_caller]
            fn acquire_owned_by(self: &Arc<Self>, n: usize, deadline: Deadline) -> Option<OwnedPermit> {
                self.take(n, deadline).map(|n| OwnedPermit { owner: Owner::$name(Arc::clone(self)), n })
            }

            #[inline]
            #[track_caller]
            fn take(&self, n: usize, deadline: Deadline) -> Option<u64> {
                let n = n as u64;
                assert!(n <= self.0.bound(), "acquire({n}) would wait for ever: the semaphore has at most {} permits", self.0.bound());
                match self.0.acquire_with(n, &mut TokenBlocker, deadline) {
                    Ok(()) => Some(n),
                    Err(WaitError::TimedOut) => None,
                }
            }

            /// Adds `n` permits: those that a [`Permit::forget`] left out, or new ones. Waiters
            /// wake in the order in which they came. A running thread may take the permits first,
            /// except from a waiter that has waited for a millisecond.
            ///
            /// # Errors
            /// [`TooManyPermits`] when there would be more than the semaphore's bound; then it adds
            /// none.
            pub fn release(&self, n: usize) -> Result<(), TooManyPermits> {
                self.0.release(n as u64)
            }

            /// How many permits are free; out of date at once.
            #[must_use]
            pub fn available(&self) -> usize {
                self.0.permits() as usize
            }
        }
    };
}

semaphore!(
    /// A number of permits: Python's `threading.Semaphore`.
    ///
    /// Barging, with a starvation bound: a thread that has waited for more than 1 ms gets its
    /// permits by handoff. No thread overtakes it while it lacks some.
    ///
    /// ```
    /// use std::time::Duration;
    /// let seats = weftline::Semaphore::new(2);
    /// let taken = seats.acquire(2);
    /// assert!(seats.try_acquire_for(1, Duration::from_millis(1)).is_none());
    /// drop(taken); // the permits return
    /// seats.acquire(1).forget(); // this one does not
    /// assert_eq!(seats.available(), 1);
    /// seats.release(1).unwrap();
    /// ```
    #[doc(alias = "threading.Semaphore")]
    Semaphore,
    is_bounded: false,
    "When `n` is above `usize::MAX / 2`: that many there cannot be."
);

semaphore!(
    /// A semaphore that never has more permits than it started with: Python's
    /// `threading.BoundedSemaphore`.
    ///
    /// ```
    /// let connections = weftline::BoundedSemaphore::new(1);
    /// let held = connections.acquire(1);
    /// drop(held);
    /// assert!(connections.release(1).is_err()); // one too many
    /// ```
    #[doc(alias = "threading.BoundedSemaphore")]
    BoundedSemaphore,
    is_bounded: true,
    "When `n` is above the bound: that many are never free."
);

/// Permits of a semaphore; they return when this is dropped.
#[must_use = "the permits return when this is dropped"]
#[derive(Debug)]
pub struct Permit<'a> {
    semaphore: &'a RawSemaphore,
    n: u64,
}

impl Permit<'_> {
    /// How many permits these are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.n as usize
    }

    /// Keeps the permits out: only a `release` brings them back.
    pub fn forget(self) {
        std::mem::forget(self);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        give_back(self.semaphore, self.n);
    }
}

/// Adds `n` permits that were taken, as far as the bound allows. The rest has been released by
/// threads that did not hold it, and is back already.
#[inline]
fn give_back(semaphore: &RawSemaphore, n: u64) {
    let mut left = n;
    // A semaphore of this face is never forwarded, so a refusal means that the bound is reached.
    while semaphore.release(left).is_err() {
        let room = semaphore.bound().saturating_sub(semaphore.permits());
        left = left.min(room);
    }
}

/// Permits of a semaphore in an [`Arc`], of which they own a reference. They return when this is
/// dropped, in any thread.
///
/// ```
/// use std::sync::Arc;
/// use weftline::{Semaphore, spawn};
///
/// let seats = Arc::new(Semaphore::new(1));
/// let seat = seats.acquire_owned(1);
/// let guest = spawn(move || drop(seat));
/// guest.join().unwrap();
/// assert_eq!(seats.available(), 1);
/// ```
#[must_use = "the permits return when this is dropped"]
pub struct OwnedPermit {
    owner: Owner,
    n: u64,
}

enum Owner {
    Semaphore(Arc<Semaphore>),
    BoundedSemaphore(Arc<BoundedSemaphore>),
}

impl OwnedPermit {
    /// How many permits these are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.n as usize
    }

    /// Keeps the permits out: only a `release` brings them back.
    pub fn forget(self) {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: `this` is neither used nor dropped any more.
        unsafe { std::ptr::drop_in_place(&raw mut this.owner) };
    }
}

impl Drop for OwnedPermit {
    fn drop(&mut self) {
        let semaphore = match &self.owner {
            Owner::Semaphore(semaphore) => &semaphore.0,
            Owner::BoundedSemaphore(semaphore) => &semaphore.0,
        };
        give_back(semaphore, self.n);
    }
}

impl fmt::Debug for OwnedPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedPermit").field("n", &self.n).finish()
    }
}
