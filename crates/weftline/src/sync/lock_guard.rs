//! [`LockGuard`] and [`MappedLockGuard`]: access to what a lock protects, or to a part of it.

use super::raw::RawLock;
use lock_api::{MappedMutexGuard, MutexGuard};
use std::fmt;
use std::ops::{Deref, DerefMut};

/// Access to what a [`Lock`](crate::Lock) protects; frees the lock when dropped.
#[must_use = "the lock is freed when the guard is dropped"]
pub struct LockGuard<'a, T: ?Sized>(MutexGuard<'a, RawLock, T>);

impl<'a, T: ?Sized> LockGuard<'a, T> {
    #[inline]
    pub(super) fn new(guard: MutexGuard<'a, RawLock, T>) -> Self {
        Self(guard)
    }

    /// The lock that the guard holds.
    ///
    /// # Safety
    /// A caller that frees it takes it again before the guard is used or dropped.
    pub(super) unsafe fn raw(guard: &Self) -> &'a RawLock {
        // SAFETY: by the caller's promise.
        unsafe { MutexGuard::mutex(&guard.0).raw() }
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
    #[inline]
    pub fn map<U: ?Sized>(
        guard: Self,
        part: impl FnOnce(&mut T) -> &mut U,
    ) -> MappedLockGuard<'a, U> {
        MappedLockGuard(MutexGuard::map(guard.0, part))
    }

    /// As [`map`](Self::map), of a part that may not be there.
    ///
    /// # Errors
    /// The guard, when `part` returns `None`.
    #[inline]
    pub fn try_map<U: ?Sized>(
        guard: Self,
        part: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<MappedLockGuard<'a, U>, Self> {
        MutexGuard::try_map(guard.0, part)
            .map(MappedLockGuard)
            .map_err(Self)
    }
}

/// Access to a part of what a [`Lock`](crate::Lock) protects; frees the lock when dropped.
#[must_use = "the lock is freed when the guard is dropped"]
pub struct MappedLockGuard<'a, T: ?Sized>(MappedMutexGuard<'a, RawLock, T>);

impl<'a, T: ?Sized> MappedLockGuard<'a, T> {
    /// As [`LockGuard::map`].
    #[inline]
    pub fn map<U: ?Sized>(
        guard: Self,
        part: impl FnOnce(&mut T) -> &mut U,
    ) -> MappedLockGuard<'a, U> {
        MappedLockGuard(MappedMutexGuard::map(guard.0, part))
    }

    /// As [`LockGuard::try_map`].
    ///
    /// # Errors
    /// The guard, when `part` returns `None`.
    #[inline]
    pub fn try_map<U: ?Sized>(
        guard: Self,
        part: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<MappedLockGuard<'a, U>, Self> {
        MappedMutexGuard::try_map(guard.0, part)
            .map(MappedLockGuard)
            .map_err(Self)
    }
}

macro_rules! guard {
    ($name:ident) => {
        impl<T: ?Sized> Deref for $name<'_, T> {
            type Target = T;

            #[inline]
            fn deref(&self) -> &T {
                &self.0
            }
        }

        impl<T: ?Sized> DerefMut for $name<'_, T> {
            #[inline]
            fn deref_mut(&mut self) -> &mut T {
                &mut self.0
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
