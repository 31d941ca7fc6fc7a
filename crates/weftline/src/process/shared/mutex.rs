//! [`Mutex`]: a lock in shared memory that remembers that a process died inside, until a thread
//! recovers it. Also its guards, and the errors by which they report the death.

use super::robust::{RobustCell, Taken};
use super::robust_list::{AtEnd, Hold, expect_room};
use crate::error::TimedOut;
use crate::park::Deadline;
use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

/// Values that can lie in shared memory: plain data, without padding, references or destructors.
/// Any bits are a value of such a type.
///
/// Numbers and arrays of numbers are plain. A struct is plain with
/// `#[derive(bytemuck::Pod, bytemuck::Zeroable)]` and `#[repr(C)]`
/// ([`bytemuck`](crate::process::bytemuck) is re-exported).
pub trait Plain: bytemuck::Pod + Send + Sync {}

impl<T: bytemuck::Pod + Send + Sync> Plain for T {}

/// A lock that remembers the death of its holder.
#[repr(C)]
pub(super) struct Mutex {
    cell: RobustCell,
    /// The process that died inside, until the lock is recovered. Only the holder of the cell
    /// writes it.
    abandoned: AtomicU32,
}

impl Mutex {
    /// Takes the lock. Returns the process that died inside, if no thread has recovered the lock
    /// since.
    ///
    /// # Panics
    /// As [`expect_room`].
    #[inline]
    pub(super) fn lock(&self, deadline: Deadline) -> Result<Option<u32>, TimedOut> {
        expect_room();
        self.take(deadline)
    }

    /// As [`lock`](Self::lock), for a thread that freed it only while it waited: there is room in
    /// its list.
    pub(super) fn lock_again(&self) -> Option<u32> {
        // Never times out.
        self.take(Deadline::NEVER).unwrap_or_default()
    }

    #[inline]
    fn take(&self, deadline: Deadline) -> Result<Option<u32>, TimedOut> {
        if let Taken::Abandoned(pid) = self.cell.take_until(deadline, AtEnd::Stays)? {
            self.abandoned.store(pid, Ordering::Relaxed);
        }
        Ok(self.abandoned_by())
    }

    /// For the holder.
    #[inline]
    pub(super) fn abandoned_by(&self) -> Option<u32> {
        match self.abandoned.load(Ordering::Relaxed) {
            0 => None,
            pid => Some(pid),
        }
    }

    /// # Safety
    /// The calling thread holds it.
    #[inline]
    pub(super) unsafe fn unlock(&self) {
        // SAFETY: as the caller promises.
        unsafe { self.cell.free() };
    }

    pub(super) fn recover(&self) {
        self.abandoned.store(0, Ordering::Relaxed);
    }

    /// As [`unlock`](Self::unlock), if the calling thread holds the lock and `is_last` confirms it
    /// for that hold.
    ///
    /// # Safety
    /// As [`unlock`](Self::unlock); and `is_last` takes and frees no shared lock.
    #[inline]
    pub(super) unsafe fn unlock_after(&self, is_last: impl FnOnce(Hold) -> bool) {
        // SAFETY: as the caller promises.
        unsafe { self.cell.free_after(is_last) };
    }

    /// How often the calling thread has taken the lock; `None` if it does not hold it.
    #[inline]
    pub(super) fn depth(&self) -> Option<&'static AtomicU32> {
        self.cell.mine().map(|hold| hold.depth())
    }

    pub(super) fn is_held(&self) -> bool {
        self.cell.is_held()
    }
}

/// Access to what a shared lock protects. Dropping the guard frees the lock. A guard stays with its
/// thread.
///
/// A leaked guard (`std::mem::forget`) keeps the lock until its *process* ends, even if its thread
/// ends before: a reference to the value may live on.
///
/// In the child of a `fork` the parent still holds the lock. The child must not use its copy of a
/// guard, and dropping the copy frees nothing.
#[must_use = "the lock is freed when the guard is dropped"]
pub struct LockGuard<'a, T: ?Sized> {
    mutex: &'a Mutex,
    value: NonNull<T>,
    /// The kernel has the lock in this thread's list.
    _stays: PhantomData<*mut ()>,
}

// SAFETY: a shared guard gives access to a shared value only.
unsafe impl<T: ?Sized + Sync> Sync for LockGuard<'_, T> {}

impl<'a, T: ?Sized> LockGuard<'a, T> {
    /// Takes `mutex`, which protects `value`.
    ///
    /// # Safety
    /// `value` lives as long as `mutex`, and only the holder of `mutex` accesses it.
    #[inline]
    pub(super) unsafe fn lock(
        mutex: &'a Mutex,
        value: NonNull<T>,
        deadline: Deadline,
    ) -> Result<Self, LockError<Self>> {
        let abandoned = mutex
            .lock(deadline)
            .map_err(|TimedOut| LockError::TimedOut)?;
        let guard = Self {
            mutex,
            value,
            _stays: PhantomData,
        };
        match abandoned {
            None => Ok(guard),
            Some(pid) => Err(LockError::Abandoned(Abandoned { guard, pid })),
        }
    }

    pub(super) fn mutex(&self) -> &'a Mutex {
        self.mutex
    }

    /// Frees the lock for a while.
    ///
    /// # Safety
    /// Nothing uses the guard until [`take_again`](Self::take_again), and nothing unwinds.
    pub(super) unsafe fn give_up(&self) {
        // SAFETY: the guard holds it.
        unsafe { self.mutex.unlock() };
    }

    pub(super) fn take_again(&self) -> Option<u32> {
        self.mutex.lock_again()
    }
}

impl<T: ?Sized> Deref for LockGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held.
        unsafe { self.value.as_ref() }
    }
}

impl<T: ?Sized> DerefMut for LockGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held, and the guard is borrowed mutably.
        unsafe { self.value.as_mut() }
    }
}

impl<T: ?Sized> Drop for LockGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: taken when the guard was made, and still held.
        unsafe { self.mutex.unlock() };
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for LockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

pub(super) mod sealed {
    pub trait Sealed {}
}

/// What a guard does when its user recovers from a death. Only the guards of this library have it.
pub trait Recover: sealed::Sealed {
    #[doc(hidden)]
    fn recovered(&self);
}

impl<T: ?Sized> sealed::Sealed for LockGuard<'_, T> {}

impl<T: ?Sized> Recover for LockGuard<'_, T> {
    fn recovered(&self) {
        self.mutex.recover();
    }
}

/// The previous holder's process died while it held this. The caller holds it now, and finds the
/// protected object as that process left it.
///
/// Check what is protected, repair it, and call [`recover`](Self::recover). Until some thread does,
/// each thread that takes the lock gets this error.
#[must_use = "the lock is held; recover it, or drop this to let the next one try"]
pub struct Abandoned<G> {
    guard: G,
    pid: u32,
}

impl<G: Recover> Abandoned<G> {
    pub(super) fn new(guard: G, pid: u32) -> Self {
        Self { guard, pid }
    }

    /// The process that died.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Says that everything is in order again: the next thread that takes the lock gets no error.
    pub fn recover(self) -> G {
        self.guard.recovered();
        self.guard
    }

    /// The guard, without recovery: the next thread that takes the lock gets the error, too.
    pub fn into_guard(self) -> G {
        self.guard
    }

    pub(super) fn map<H>(self, wrap: impl FnOnce(G) -> H) -> Abandoned<H> {
        Abandoned {
            guard: wrap(self.guard),
            pid: self.pid,
        }
    }
}

impl<G> fmt::Debug for Abandoned<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Abandoned")
            .field("pid", &self.pid)
            .finish_non_exhaustive()
    }
}

impl<G> fmt::Display for Abandoned<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "process {} died while it held this: mend what it protects and recover it",
            self.pid
        )
    }
}

impl<G> Error for Abandoned<G> {}

/// Why a shared object was not taken in the regular way.
#[non_exhaustive]
pub enum LockError<G> {
    /// Another thread held it until the deadline.
    TimedOut,
    /// It was taken, but from a process that died while it held it.
    Abandoned(Abandoned<G>),
}

impl<G> LockError<G> {
    pub(super) fn map<H>(self, wrap: impl FnOnce(G) -> H) -> LockError<H>
    where
        G: Recover,
    {
        match self {
            Self::TimedOut => LockError::TimedOut,
            Self::Abandoned(abandoned) => LockError::Abandoned(abandoned.map(wrap)),
        }
    }

    /// For waits without a deadline.
    pub(super) fn abandoned(self) -> Abandoned<G> {
        match self {
            Self::Abandoned(abandoned) => abandoned,
            Self::TimedOut => unreachable!("a wait without a deadline does not time out"),
        }
    }
}

impl<G> fmt::Debug for LockError<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("TimedOut"),
            Self::Abandoned(abandoned) => abandoned.fmt(f),
        }
    }
}

impl<G> fmt::Display for LockError<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => TimedOut.fmt(f),
            Self::Abandoned(abandoned) => abandoned.fmt(f),
        }
    }
}

impl<G> Error for LockError<G> {}

/// The four forms of taking a lock, over `$by(deadline) -> Result<$guard, LockError<$guard>>`.
macro_rules! lock_forms {
    ($guard:ty) => {
        /// Takes the lock, waiting for it. A thread that locks it twice waits for ever.
        ///
        /// # Errors
        /// [`Abandoned`], which has the guard, when a process died while it held the lock.
        ///
        /// # Panics
        /// When this thread holds 2,000 shared locks and permits, of any objects: the system checks
        /// about as many when a thread dies. All forms panic then.
        #[inline]
        pub fn lock(&self) -> Result<$guard, Abandoned<$guard>> {
            self.lock_by(Deadline::NEVER).map_err(LockError::abandoned)
        }

        /// Takes the lock if it is free.
        ///
        /// # Errors
        /// [`LockError`].
        #[inline]
        pub fn try_lock(&self) -> Result<$guard, LockError<$guard>> {
            self.lock_by(Deadline::PASSED)
        }

        /// Takes the lock, waiting for `timeout` at most. A timeout beyond the clock's range never
        /// ends.
        ///
        /// # Errors
        /// [`LockError`].
        pub fn try_lock_for(&self, timeout: Duration) -> Result<$guard, LockError<$guard>> {
            self.lock_by(Deadline::after(timeout))
        }

        /// Takes the lock, waiting until `deadline` at the latest.
        ///
        /// # Errors
        /// [`LockError`].
        pub fn try_lock_until(&self, deadline: Instant) -> Result<$guard, LockError<$guard>> {
            self.lock_by(Deadline::at(deadline))
        }
    };
}

pub(super) use lock_forms;
