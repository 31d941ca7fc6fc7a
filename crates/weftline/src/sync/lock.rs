//! [`Lock`]: mutual exclusion over a value; [`LockGuard`] and [`MappedLockGuard`]: access to that
//! value, or to a part of it.
//!
//! One file, over 300 lines: a lock makes its guards, and a guard holds its lock.

use super::raw::RawLock;
use crate::park::{Deadline, Kind, LockBlocker, number};
use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

impl RawLock {
    #[track_caller]
    fn lock_by(&self, me: u64, deadline: Deadline) -> bool {
        self.lock_slow(Kind::Lock.of(self), me, &mut LockBlocker, deadline)
            .is_ok()
    }

    /// What a condition's wait does with its guard's lock. The guard stays, since the same thread
    /// holds the lock afterwards.
    pub(super) fn give_up(&self) {
        self.unlock_mine(number());
    }

    #[track_caller]
    pub(super) fn take_again(&self) {
        let me = number();
        if !self.take_free(me) {
            self.lock_by(me, Deadline::NEVER);
        }
    }
}

/// Mutual exclusion over a value: Python's `threading.Lock`, with the value that it protects.
///
/// A thread that locks it again waits for ever: see [`RLock`](crate::RLock). There is no poisoning:
/// a panic under a guard frees the lock. A timeout beyond the clock's range never ends.
///
/// Barging, with a starvation bound: a thread that has waited for more than 1 ms gets the lock by
/// handoff.
///
/// ```
/// use std::time::Duration;
/// let total = weftline::Lock::new(0);
/// *total.lock() += 1;
/// let held = total.lock();
/// assert!(total.try_lock_for(Duration::from_millis(1)).is_none());
/// drop(held);
/// assert_eq!(total.into_inner(), 1);
/// ```
///
/// A guard stays with its thread:
///
/// ```compile_fail
/// let lock = weftline::Lock::new(0);
/// let guard = lock.lock();
/// std::thread::scope(|scope| { scope.spawn(move || drop(guard)); });
/// ```
#[doc(alias = "threading.Lock")]
#[derive(Default)]
pub struct Lock<T: ?Sized> {
    raw: RawLock,
    value: UnsafeCell<T>,
}

// SAFETY: no other thread uses a lock that is sent, nor its value.
unsafe impl<T: ?Sized + Send> Send for Lock<T> {}
// SAFETY: the value is reached through a guard, of which there is one at a time. The value moves
// between threads, so it must be `Send`; that is enough.
unsafe impl<T: ?Sized + Send> Sync for Lock<T> {}

impl<T> Lock<T> {
    /// A free lock over `value`.
    #[inline]
    pub const fn new(value: T) -> Self {
        Self {
            raw: RawLock::new(),
            value: UnsafeCell::new(value),
        }
    }

    /// The value; no other reference to the lock exists.
    #[inline]
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Lock<T> {
    /// Takes the lock; waits without a limit.
    #[doc(alias = "acquire")]
    #[inline]
    #[track_caller]
    pub fn lock(&self) -> LockGuard<'_, T> {
        let me = number();
        if !self.raw.take_free(me) {
            self.raw.lock_by(me, Deadline::NEVER);
        }
        // SAFETY: taken by this thread.
        unsafe { LockGuard::new(self, me) }
    }

    /// Takes the lock if it is free.
    #[inline]
    #[track_caller]
    pub fn try_lock(&self) -> Option<LockGuard<'_, T>> {
        let me = number();
        let taken = self.raw.try_lock_as(me);
        // SAFETY: taken by this thread.
        taken.then(|| unsafe { LockGuard::new(self, me) })
    }

    /// Takes the lock; waits for at most `timeout`. `None` when it is still held then.
    #[inline]
    #[track_caller]
    pub fn try_lock_for(&self, timeout: Duration) -> Option<LockGuard<'_, T>> {
        self.try_lock_by(|| Deadline::after(timeout))
    }

    /// Takes the lock; waits until `deadline` at the latest. `None` when it is still held then.
    #[inline]
    #[track_caller]
    pub fn try_lock_until(&self, deadline: Instant) -> Option<LockGuard<'_, T>> {
        self.try_lock_by(|| Deadline::at(deadline))
    }

    #[inline]
    #[track_caller]
    fn try_lock_by(&self, deadline: impl FnOnce() -> Deadline) -> Option<LockGuard<'_, T>> {
        let me = number();
        let taken = self.raw.take_free(me) || self.raw.lock_by(me, deadline());
        // SAFETY: taken by this thread.
        taken.then(|| unsafe { LockGuard::new(self, me) })
    }

    /// Whether the lock is held; out of date at once.
    #[doc(alias = "locked")]
    #[must_use]
    #[inline]
    pub fn is_locked(&self) -> bool {
        self.raw.is_locked()
    }

    /// The value, without locking: the reference is exclusive already.
    #[inline]
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

impl<T> From<T> for Lock<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// Shows the value only if the lock is free: its owner may be changing it.
impl<T: ?Sized + fmt::Debug> fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.try_lock();
        let mut shown = f.debug_struct("Lock");
        match &held {
            Some(held) => shown.field("value", &&**held),
            None => shown.field("value", &format_args!("<locked>")),
        };
        shown.finish_non_exhaustive()
    }
}

/// A lock that this thread holds; releases it when dropped.
struct RawLockGuard<'a> {
    raw: &'a RawLock,
    /// The number of the owner, with which it releases the lock.
    holder: u64,
    /// So the guard stays with that thread.
    stays: PhantomData<*const ()>,
}

impl Drop for RawLockGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        self.raw.unlock_mine(self.holder);
    }
}

/// Access to the value of a [`Lock`]; releases the lock when dropped.
#[must_use = "the lock is freed when the guard is dropped"]
pub struct LockGuard<'a, T: ?Sized> {
    lock: &'a Lock<T>,
    held: RawLockGuard<'a>,
}

/// Access to a part of the value of a [`Lock`]; releases the lock when dropped.
#[must_use = "the lock is freed when the guard is dropped"]
pub struct MappedLockGuard<'a, T: ?Sized> {
    value: *mut T,
    held: RawLockGuard<'a>,
    /// As `value` is borrowed.
    part: PhantomData<&'a mut T>,
}

// SAFETY: a shared guard gives `&T` only.
unsafe impl<T: ?Sized + Sync> Sync for LockGuard<'_, T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Sync> Sync for MappedLockGuard<'_, T> {}

impl<'a, T: ?Sized> LockGuard<'a, T> {
    /// # Safety
    /// The calling thread, whose number is `holder`, has just taken the lock.
    #[inline]
    unsafe fn new(lock: &'a Lock<T>, holder: u64) -> Self {
        let held = RawLockGuard {
            raw: &lock.raw,
            holder,
            stays: PhantomData,
        };
        Self { lock, held }
    }

    fn value(&self) -> *mut T {
        self.lock.value.get()
    }

    /// The lock that the guard holds.
    ///
    /// # Safety
    /// A caller that releases it takes it again before the guard is used or dropped.
    pub(super) unsafe fn raw(guard: &Self) -> &'a RawLock {
        guard.held.raw
    }

    /// Narrows the guard to a part of the value.
    ///
    /// ```
    /// use weftline::{Lock, LockGuard};
    ///
    /// let names = Lock::new(("Ada", 1815));
    /// let mut year = LockGuard::map(names.lock(), |it| &mut it.1);
    /// *year += 1;
    /// drop(year);
    /// assert_eq!(names.into_inner(), ("Ada", 1816));
    /// ```
    pub fn map<U: ?Sized>(
        mut guard: Self,
        part: impl FnOnce(&mut T) -> &mut U,
    ) -> MappedLockGuard<'a, U> {
        let value: *mut U = part(&mut guard);
        MappedLockGuard::new(value, guard.held)
    }

    /// As [`map`](Self::map), for a part that may be missing.
    ///
    /// # Errors
    /// The guard, when `part` returns `None`.
    pub fn try_map<U: ?Sized>(
        mut guard: Self,
        part: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<MappedLockGuard<'a, U>, Self> {
        match part(&mut guard).map(|value| -> *mut U { value }) {
            Some(value) => Ok(MappedLockGuard::new(value, guard.held)),
            None => Err(guard),
        }
    }
}

impl<'a, T: ?Sized> MappedLockGuard<'a, T> {
    fn new(value: *mut T, held: RawLockGuard<'a>) -> Self {
        Self {
            value,
            held,
            part: PhantomData,
        }
    }

    fn value(&self) -> *mut T {
        self.value
    }

    /// As [`LockGuard::map`].
    pub fn map<U: ?Sized>(
        mut guard: Self,
        part: impl FnOnce(&mut T) -> &mut U,
    ) -> MappedLockGuard<'a, U> {
        let value: *mut U = part(&mut guard);
        MappedLockGuard::new(value, guard.held)
    }

    /// As [`LockGuard::try_map`].
    ///
    /// # Errors
    /// The guard, when `part` returns `None`.
    pub fn try_map<U: ?Sized>(
        mut guard: Self,
        part: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<MappedLockGuard<'a, U>, Self> {
        match part(&mut guard).map(|value| -> *mut U { value }) {
            Some(value) => Ok(MappedLockGuard::new(value, guard.held)),
            None => Err(guard),
        }
    }
}

macro_rules! guard {
    ($name:ident) => {
        impl<T: ?Sized> Deref for $name<'_, T> {
            type Target = T;

            #[inline]
            fn deref(&self) -> &T {
                // SAFETY: the lock is held, and every other borrow of the value borrows this guard.
                unsafe { &*self.value() }
            }
        }

        impl<T: ?Sized> DerefMut for $name<'_, T> {
            #[inline]
            fn deref_mut(&mut self) -> &mut T {
                // SAFETY: as in `deref`.
                unsafe { &mut *self.value() }
            }
        }

        impl<T: ?Sized + fmt::Debug> fmt::Debug for $name<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&**self, f)
            }
        }

        impl<T: ?Sized + fmt::Display> fmt::Display for $name<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&**self, f)
            }
        }
    };
}

guard!(LockGuard);
guard!(MappedLockGuard);
