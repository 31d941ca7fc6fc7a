//! [`LockGuard`] and [`MappedLockGuard`]: access to a lock's value, or to a part of it.

use super::Lock;
use super::raw::RawLock;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

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
    pub(super) unsafe fn new(lock: &'a Lock<T>, holder: u64) -> Self {
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
