//! [`RLock`]: a lock over a value that its owner can take again.

use super::raw::{RLockError, RawRLock};
use crate::park::{Deadline, LockBlocker};
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::time::{Duration, Instant};

/// A lock that its owner can take again: Python's `threading.RLock`, with the value that it
/// protects.
///
/// Since the same thread may hold several guards, a guard gives shared access; a `Cell` or
/// `RefCell` inside allows changes. The last guard to be dropped frees the lock. A timeout beyond
/// the clock's range never ends.
///
/// # Panics
/// Every form of locking panics when the same thread holds 2³² guards.
///
/// ```
/// use std::cell::Cell;
/// let depth = weftline::RLock::new(Cell::new(0));
/// let outer = depth.lock();
/// let inner = depth.lock(); // the same thread again
/// inner.set(inner.get() + 1);
/// drop((inner, outer));
/// assert_eq!(depth.into_inner().get(), 1);
/// ```
#[doc(alias = "threading.RLock")]
#[derive(Default)]
pub struct RLock<T: ?Sized> {
    raw: RawRLock,
    value: T,
}

// SAFETY: only the owner reaches the value, one thread after another: that requires `Send`.
unsafe impl<T: ?Sized + Send> Sync for RLock<T> {}

impl<T> RLock<T> {
    /// A free lock around `value`.
    pub const fn new(value: T) -> Self {
        Self {
            raw: RawRLock::new(),
            value,
        }
    }

    /// The value; no other reference to the lock exists.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T: ?Sized> RLock<T> {
    /// Takes the lock; waits while another thread holds it.
    #[inline]
    #[track_caller]
    pub fn lock(&self) -> RLockGuard<'_, T> {
        self.lock_by(Deadline::NEVER)
            .expect("a wait without a deadline does not time out")
    }

    /// Takes the lock unless another thread holds it.
    pub fn try_lock(&self) -> Option<RLockGuard<'_, T>> {
        self.lock_by(Deadline::PASSED)
    }

    /// Takes the lock; waits for at most `timeout`. `None` when another thread still holds it then.
    #[inline]
    #[track_caller]
    pub fn try_lock_for(&self, timeout: Duration) -> Option<RLockGuard<'_, T>> {
        self.lock_by(Deadline::after(timeout))
    }

    /// Takes the lock; waits until `deadline` at the latest. `None` when another thread still holds
    /// it then.
    #[inline]
    #[track_caller]
    pub fn try_lock_until(&self, deadline: Instant) -> Option<RLockGuard<'_, T>> {
        self.lock_by(Deadline::at(deadline))
    }

    #[inline]
    #[track_caller]
    fn lock_by(&self, deadline: Deadline) -> Option<RLockGuard<'_, T>> {
        match self.raw.lock_with(&mut LockBlocker, deadline) {
            Ok(()) => Some(RLockGuard {
                lock: self,
                stays: PhantomData,
            }),
            Err(RLockError::Wait(_)) => None,
            Err(RLockError::TooManyRecursions) => {
                panic!("this thread holds the RLock 2^32 times: a guard is being leaked")
            }
        }
    }

    /// Whether any thread holds the lock; out of date at once.
    pub fn is_locked(&self) -> bool {
        self.raw.is_locked()
    }

    /// Whether the calling thread holds the lock.
    pub fn is_owned(&self) -> bool {
        self.raw.is_owned()
    }

    /// The value, without locking: the reference is exclusive already.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

/// Shows the value only if no other thread holds the lock: that thread may be changing it.
impl<T: ?Sized + fmt::Debug> fmt::Debug for RLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.try_lock();
        let mut shown = f.debug_struct("RLock");
        match &held {
            Some(held) => shown.field("value", &&**held),
            None => shown.field("value", &format_args!("<locked>")),
        };
        shown.finish_non_exhaustive()
    }
}

/// Shared access to the value of an [`RLock`]; frees the lock when the thread's last guard is
/// dropped. It stays with its thread:
///
/// ```compile_fail
/// let lock = weftline::RLock::new(0);
/// let guard = lock.lock();
/// std::thread::scope(|scope| { scope.spawn(move || drop(guard)); });
/// ```
///
/// It gives no exclusive access, since the thread may hold another guard:
///
/// ```compile_fail
/// *weftline::RLock::new(0).lock() += 1;
/// ```
#[must_use = "the lock is freed when the guard is dropped"]
pub struct RLockGuard<'a, T: ?Sized> {
    lock: &'a RLock<T>,
    /// Only the thread that took the lock can free it, so the guard is not `Send`.
    stays: PhantomData<*const ()>,
}

// SAFETY: a shared guard gives `&T` only.
unsafe impl<T: ?Sized + Sync> Sync for RLockGuard<'_, T> {}

impl<T: ?Sized> Deref for RLockGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.lock.value
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RLockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: ?Sized> Drop for RLockGuard<'_, T> {
    fn drop(&mut self) {
        let freed = self.lock.raw.unlock();
        debug_assert!(
            freed.is_ok(),
            "a guard lives on the thread that took the lock"
        );
    }
}
