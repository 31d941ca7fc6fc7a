//! The guards of a [`RwLock`](crate::RwLock): access to its value, or to a part of it, until they
//! are dropped.
//!
//! A guard holds the raw lock and a pointer to the value, or to a part of it. So the guards need
//! not know the lock's type.

use super::raw::{DowngradeError, RawRwLock, RwLockError};
use crate::park::{Deadline, LockBlocker, number, panic_without_memory};
use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

impl RawRwLock {
    #[track_caller]
    pub(super) fn read_until(&self, deadline: Deadline) -> bool {
        let taken = self.read_slow(&mut LockBlocker, deadline);
        taken.is_ok() || gave_up(taken)
    }

    #[track_caller]
    pub(super) fn upgradable_until(&self, deadline: Deadline) -> bool {
        let taken = self.upgradable_slow(&mut LockBlocker, deadline);
        taken.is_ok() || gave_up(taken)
    }

    #[track_caller]
    pub(super) fn write_until(&self, me: u64, deadline: Deadline) -> bool {
        let taken = self.write_slow(me, &mut LockBlocker, deadline);
        taken.is_ok() || gave_up(taken)
    }
}

/// `false` for a wait that timed out.
#[cold]
#[track_caller]
fn gave_up(taken: Result<(), RwLockError<Infallible>>) -> bool {
    match taken {
        Ok(()) => true,
        Err(RwLockError::Wait(_)) => false,
        Err(RwLockError::WouldDeadlock) => {
            panic!("this thread holds the RwLock already, and would wait for itself")
        }
        Err(RwLockError::TooManyReaders) => {
            panic!("2^28 guards read the RwLock: a guard is being leaked")
        }
    }
}

/// A lock that this thread reads; releases it when dropped.
struct Reads<'a> {
    raw: &'a RawRwLock,
    /// The guard stays with its thread.
    stays: PhantomData<*const ()>,
}

/// A lock whose upgradable reader is this thread; releases it when dropped.
struct ReadsUpgradably<'a> {
    raw: &'a RawRwLock,
    stays: PhantomData<*const ()>,
}

/// A lock that this thread writes; releases it when dropped.
struct Writes<'a> {
    raw: &'a RawRwLock,
    /// The number of the writer, with which it releases the lock.
    holder: u64,
    stays: PhantomData<*const ()>,
}

impl Drop for Reads<'_> {
    #[inline]
    fn drop(&mut self) {
        self.raw.unlock_read_of_guard();
    }
}

impl Drop for ReadsUpgradably<'_> {
    #[inline]
    fn drop(&mut self) {
        self.raw.unlock_upgradable_of_guard();
    }
}

impl Drop for Writes<'_> {
    #[inline]
    fn drop(&mut self) {
        self.raw.unlock_mine(self.holder);
    }
}

/// Shared access to the value of a [`RwLock`](crate::RwLock); releases the lock when dropped.
#[must_use = "the lock is released when the guard is dropped"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    value: *const T,
    held: Reads<'a>,
    /// As `value` is borrowed.
    part: PhantomData<&'a T>,
}

/// Shared access to a part of the value of a [`RwLock`](crate::RwLock); releases the lock when
/// dropped.
#[must_use = "the lock is released when the guard is dropped"]
pub struct MappedRwLockReadGuard<'a, T: ?Sized> {
    value: *const T,
    held: Reads<'a>,
    part: PhantomData<&'a T>,
}

/// Shared access to the value of a [`RwLock`](crate::RwLock), which can become exclusive; releases
/// the lock when dropped.
#[must_use = "the lock is released when the guard is dropped"]
pub struct RwLockUpgradableReadGuard<'a, T: ?Sized> {
    value: *mut T,
    held: ReadsUpgradably<'a>,
    part: PhantomData<&'a mut T>,
}

/// Exclusive access to the value of a [`RwLock`](crate::RwLock); releases the lock when dropped.
#[must_use = "the lock is released when the guard is dropped"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    value: *mut T,
    held: Writes<'a>,
    part: PhantomData<&'a mut T>,
}

/// Exclusive access to a part of the value of a [`RwLock`](crate::RwLock); releases the lock when
/// dropped.
#[must_use = "the lock is released when the guard is dropped"]
pub struct MappedRwLockWriteGuard<'a, T: ?Sized> {
    value: *mut T,
    held: Writes<'a>,
    part: PhantomData<&'a mut T>,
}

macro_rules! guard {
    ($name:ident) => {
        // SAFETY: a shared guard gives `&T` only.
        unsafe impl<T: ?Sized + Sync> Sync for $name<'_, T> {}

        impl<T: ?Sized> Deref for $name<'_, T> {
            type Target = T;

            #[inline]
            fn deref(&self) -> &T {
                // SAFETY: the lock is held: no other thread writes, and every exclusive borrow of
                // the value borrows the one guard that writes.
                unsafe { &*self.value }
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

guard!(RwLockReadGuard);
guard!(MappedRwLockReadGuard);
guard!(RwLockUpgradableReadGuard);
guard!(RwLockWriteGuard);
guard!(MappedRwLockWriteGuard);

macro_rules! write_guard {
    ($name:ident) => {
        impl<T: ?Sized> DerefMut for $name<'_, T> {
            #[inline]
            fn deref_mut(&mut self) -> &mut T {
                // SAFETY: the lock is held to write, and every borrow of the value borrows this
                // guard.
                unsafe { &mut *self.value }
            }
        }
    };
}

write_guard!(RwLockWriteGuard);
write_guard!(MappedRwLockWriteGuard);

/// `map` and `try_map` of a guard, to its mapped form.
macro_rules! mapped {
    ($name:ident, $mapped:ident, ($($mutable:tt)?), $pointer:ty, $map:literal, $try_map:literal) => {
        impl<'a, T: ?Sized> $name<'a, T> {
            #[doc = $map]
            pub fn map<U: ?Sized>(
                $($mutable)? guard: Self,
                part: impl FnOnce(& $($mutable)? T) -> & $($mutable)? U,
            ) -> $mapped<'a, U> {
                let value: $pointer = part(& $($mutable)? *guard);
                $mapped { value, held: guard.held, part: PhantomData }
            }

            #[doc = $try_map]
            ///
            /// # Errors
            /// The guard, when `part` returns `None`.
            pub fn try_map<U: ?Sized>(
                $($mutable)? guard: Self,
                part: impl FnOnce(& $($mutable)? T) -> Option<& $($mutable)? U>,
            ) -> Result<$mapped<'a, U>, Self> {
                match part(& $($mutable)? *guard).map(|value| -> $pointer { value }) {
                    Some(value) => Ok($mapped { value, held: guard.held, part: PhantomData }),
                    None => Err(guard),
                }
            }
        }
    };
}

mapped!(
    RwLockReadGuard,
    MappedRwLockReadGuard,
    (),
    *const U,
    "Narrows the guard to a part of the value.\n\n\
    ```\n\
    use weftline::{RwLock, RwLockReadGuard};\n\n\
    let names = RwLock::new((\"Ada\", 1815));\n\
    let year = RwLockReadGuard::map(names.read(), |it| &it.1);\n\
    assert_eq!((*year, names.read().0), (1815, \"Ada\"));\n\
    ```",
    "As [`map`](Self::map), for a part that may be missing."
);
mapped!(
    MappedRwLockReadGuard,
    MappedRwLockReadGuard,
    (),
    *const U,
    "As [`RwLockReadGuard::map`].",
    "As [`RwLockReadGuard::try_map`]."
);
mapped!(
    RwLockWriteGuard, MappedRwLockWriteGuard, (mut), *mut U,
    "Narrows the guard to a part of the value.\n\n\
    ```\n\
    use weftline::{RwLock, RwLockWriteGuard};\n\n\
    let names = RwLock::new((\"Ada\", 1815));\n\
    *RwLockWriteGuard::map(names.write(), |it| &mut it.1) += 1;\n\
    assert_eq!(names.into_inner(), (\"Ada\", 1816));\n\
    ```",
    "As [`map`](Self::map), for a part that may be missing."
);
mapped!(
    MappedRwLockWriteGuard, MappedRwLockWriteGuard, (mut), *mut U,
    "As [`RwLockWriteGuard::map`].",
    "As [`RwLockWriteGuard::try_map`]."
);

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    /// # Safety
    /// The calling thread has just taken the lock to read; the lock protects the value.
    #[inline]
    pub(super) unsafe fn new(raw: &'a RawRwLock, value: *const T) -> Self {
        let stays = PhantomData;
        Self {
            value,
            held: Reads { raw, stays },
            part: PhantomData,
        }
    }
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// # Safety
    /// The calling thread, whose number is `holder`, has just taken the lock to write; the lock
    /// protects the value.
    #[inline]
    pub(super) unsafe fn new(raw: &'a RawRwLock, value: *mut T, holder: u64) -> Self {
        let stays = PhantomData;
        Self {
            value,
            held: Writes { raw, holder, stays },
            part: PhantomData,
        }
    }

    /// Goes on reading. No other thread writes in between; readers that wait read, too.
    ///
    /// # Panics
    /// Without memory, when the thread holds more than six locks to read. The lock is free then.
    ///
    /// ```
    /// use weftline::{RwLock, RwLockWriteGuard};
    ///
    /// let total = RwLock::new(1);
    /// let mut write = total.write();
    /// *write += 1;
    /// let read = RwLockWriteGuard::downgrade(write);
    /// assert_eq!(*read + *total.read(), 4);
    /// ```
    #[track_caller]
    pub fn downgrade(guard: Self) -> RwLockReadGuard<'a, T> {
        let raw = guard.held.raw;
        match raw.downgrade() {
            Ok(()) => {}
            Err(DowngradeError::NoMemory) => panic_without_memory(),
            Err(DowngradeError::NotOwner) => unreachable!("a write guard stays with its thread"),
        }
        mem::forget(guard.held);
        // SAFETY: this thread reads now, and has forgotten that it wrote.
        unsafe { RwLockReadGuard::new(raw, guard.value) }
    }
}

impl<'a, T: ?Sized> RwLockUpgradableReadGuard<'a, T> {
    /// # Safety
    /// The calling thread is the upgradable reader since just now; the lock protects the value.
    #[inline]
    pub(super) unsafe fn new(raw: &'a RawRwLock, value: *mut T) -> Self {
        let stays = PhantomData;
        Self {
            value,
            held: ReadsUpgradably { raw, stays },
            part: PhantomData,
        }
    }

    /// Goes on writing; waits for the other readers to leave. No other thread writes in between.
    ///
    /// # Panics
    /// When the calling thread has another read guard, for which it would wait.
    #[track_caller]
    pub fn upgrade(guard: Self) -> RwLockWriteGuard<'a, T> {
        Self::upgrade_by(guard, Deadline::NEVER)
            .unwrap_or_else(|_| unreachable!("a wait without a deadline does not time out"))
    }

    /// Goes on writing if there is no other reader.
    ///
    /// # Errors
    /// The guard, when another thread reads.
    pub fn try_upgrade(guard: Self) -> Result<RwLockWriteGuard<'a, T>, Self> {
        Self::upgrade_by(guard, Deadline::PASSED)
    }

    /// As [`upgrade`](Self::upgrade); waits for at most `timeout`.
    ///
    /// # Errors
    /// The guard, when there is still another reader then.
    pub fn try_upgrade_for(
        guard: Self,
        timeout: Duration,
    ) -> Result<RwLockWriteGuard<'a, T>, Self> {
        Self::upgrade_by(guard, Deadline::after(timeout))
    }

    /// As [`upgrade`](Self::upgrade); waits until `deadline` at the latest.
    ///
    /// # Errors
    /// The guard, when there is still another reader then.
    pub fn try_upgrade_until(
        guard: Self,
        deadline: Instant,
    ) -> Result<RwLockWriteGuard<'a, T>, Self> {
        Self::upgrade_by(guard, Deadline::at(deadline))
    }

    #[track_caller]
    fn upgrade_by(guard: Self, deadline: Deadline) -> Result<RwLockWriteGuard<'a, T>, Self> {
        let raw = guard.held.raw;
        let taken = raw.upgrade_with(&mut LockBlocker, deadline);
        if taken.is_err() && !gave_up(taken) {
            return Err(guard);
        }
        mem::forget(guard.held);
        // SAFETY: this thread writes now, and has forgotten that it was the upgradable reader.
        Ok(unsafe { RwLockWriteGuard::new(raw, guard.value, number()) })
    }

    /// Goes on reading, without the right to upgrade.
    #[track_caller]
    pub fn downgrade(guard: Self) -> RwLockReadGuard<'a, T> {
        let raw = guard.held.raw;
        if raw.downgrade_upgradable().is_err() {
            unreachable!("an upgradable guard stays with its thread");
        }
        mem::forget(guard.held);
        // SAFETY: this thread reads still, and has forgotten that it was the upgradable reader.
        unsafe { RwLockReadGuard::new(raw, guard.value) }
    }
}
