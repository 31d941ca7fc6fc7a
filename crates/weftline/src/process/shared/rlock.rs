//! [`RLock`]: a lock between processes that its holder may take again.

use super::error::SharedError;
use super::header::{Kind, Shape};
use super::mutex::sealed::Sealed;
use super::mutex::{Abandoned, LockError, Mutex, Plain, Recover, lock_forms};
use super::object::{Object, Shared, over_value, shared_handle};
use super::robust_list::Hold;
use crate::error::{TimedOut, TooManyRecursions};
use crate::park::Deadline;
use std::cell::{Cell, UnsafeCell};
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A value and the lock over it.
#[repr(C)]
pub(super) struct Locked<T> {
    mutex: Mutex,
    /// Reserved, for the layout. The holder keeps the number of guards in its own memory.
    _reserved: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: plain data that only the holder of the mutex accesses.
unsafe impl<T: Plain> Object for Locked<T> {
    type Fixed = ();

    fn shape() -> Shape {
        Shape::of::<T>(Kind::RLock)
    }

    fn fix(&self, _: usize) -> Option<()> {
        Some(())
    }
}

/// A lock between processes that its holder may take again: Python's `multiprocessing.RLock`,
/// together with the value that it protects.
///
/// Its holder may have several guards, so each guard presents the value as a [`Cell`].
///
/// ```
/// # use weftline::process::RLock;
/// let total = RLock::new(1_u64)?;
/// let outer = total.lock().unwrap();
/// let inner = total.try_lock().unwrap();
/// inner.set(inner.get() + 1);
/// assert_eq!(outer.get(), 2);
/// # Ok::<(), weftline::process::SharedError>(())
/// ```
#[doc(alias = "multiprocessing.RLock")]
pub struct RLock<T: Plain>(Shared<Locked<T>>);

impl<T: Plain> RLock<T> {
    fn of(shared: Shared<Locked<T>>) -> Self {
        Self(shared)
    }

    over_value!("A lock over");

    fn make(name: Option<&str>, value: T) -> Result<Self, SharedError> {
        Shared::create(name, 0, 0, |locked: &mut Locked<T>| {
            *locked.value.get_mut() = value;
        })
        .map(Self::of)
    }

    /// # Panics
    /// When one thread has 2³² guards.
    fn lock_by(
        &self,
        deadline: Deadline,
    ) -> Result<RLockGuard<'_, T>, LockError<RLockGuard<'_, T>>> {
        let locked = &*self.0;
        let abandoned = if let Some(depth) = locked.mutex.depth() {
            let deeper = depth.load(Ordering::Relaxed).checked_add(1);
            let deeper = deeper.unwrap_or_else(|| panic!("{TooManyRecursions}"));
            depth.store(deeper, Ordering::Relaxed);
            locked.mutex.abandoned_by()
        } else {
            let abandoned = locked
                .mutex
                .lock(deadline)
                .map_err(|TimedOut| LockError::TimedOut)?;
            let depth = locked.mutex.depth().expect("it was just taken");
            depth.store(1, Ordering::Relaxed);
            abandoned
        };
        let guard = RLockGuard {
            locked,
            _stays: PhantomData,
        };
        match abandoned {
            None => Ok(guard),
            Some(pid) => Err(LockError::Abandoned(Abandoned::new(guard, pid))),
        }
    }

    lock_forms!(RLockGuard<'_, T>);

    /// Whether a thread holds it; out of date as soon as it is known.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.0.mutex.is_held()
    }
}

shared_handle!(RLock<T: Plain>);

impl<T: Plain> fmt::Debug for RLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RLock")
            .field("is_locked", &self.is_locked())
            .finish_non_exhaustive()
    }
}

/// Access to what a shared [`RLock`] protects. The last guard that is dropped frees the lock. A
/// guard stays with its thread.
#[must_use = "the lock is freed when the guard is dropped"]
pub struct RLockGuard<'a, T: Plain> {
    locked: &'a Locked<T>,
    _stays: PhantomData<*mut ()>,
}

impl<T: Plain> Deref for RLockGuard<'_, T> {
    type Target = Cell<T>;

    fn deref(&self) -> &Cell<T> {
        // SAFETY: the lock is held by this thread, and the guards stay with it. A `Cell` has the
        // layout of its value.
        unsafe { &*self.locked.value.get().cast() }
    }
}

impl<T: Plain> Sealed for RLockGuard<'_, T> {}

impl<T: Plain> Recover for RLockGuard<'_, T> {
    fn recovered(&self) {
        self.locked.mutex.recover();
    }
}

impl<T: Plain> Drop for RLockGuard<'_, T> {
    fn drop(&mut self) {
        let is_last = |hold: Hold| {
            let depth = hold.depth();
            let left = depth.load(Ordering::Relaxed) - 1;
            depth.store(left, Ordering::Relaxed);
            left == 0
        };
        // SAFETY: the thread has taken it.
        unsafe { self.locked.mutex.unlock_after(is_last) };
    }
}

impl<T: Plain + fmt::Debug> fmt::Debug for RLockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}
