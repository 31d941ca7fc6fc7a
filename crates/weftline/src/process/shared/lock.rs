//! [`Lock`]: mutual exclusion between processes, over a value that they share.

use super::error::SharedError;
use super::header::{Kind, Shape};
use super::mutex::{Abandoned, LockError, LockGuard, Mutex, Plain, lock_forms};
use super::object::{Object, Shared, over_value, shared_handle};
use crate::park::Deadline;
use std::cell::UnsafeCell;
use std::fmt;
use std::ptr::NonNull;
use std::time::{Duration, Instant};

/// A value and the lock over it.
#[repr(C)]
pub(super) struct Locked<T> {
    mutex: Mutex,
    value: UnsafeCell<T>,
}

// SAFETY: plain data that only the holder of the mutex accesses.
unsafe impl<T: Plain> Object for Locked<T> {
    type Fixed = ();

    fn shape() -> Shape {
        Shape::of::<T>(Kind::Lock)
    }

    fn fix(&self, _: usize) -> Option<()> {
        Some(())
    }
}

/// Mutual exclusion between processes, over a value that they share: Python's
/// `multiprocessing.Lock`, together with the value that it protects.
///
/// Clones are the same lock. So is the lock that another process gets as an argument, or opens by
/// its name. The value is [plain data](Plain). If a process dies while it holds the lock, the next
/// thread that takes it gets [`Abandoned`]: the lock, and the number of the process that died.
///
/// ```
/// # use weftline::process::Lock;
/// let total = Lock::new(0_u64)?;
/// *total.lock().unwrap() += 1;
/// # let there = total.clone();
/// # std::thread::spawn(move || *there.lock().unwrap() += 1).join().unwrap();
/// assert_eq!(*total.try_lock().unwrap(), 2);
/// # Ok::<(), weftline::process::SharedError>(())
/// ```
#[doc(alias = "multiprocessing.Lock")]
pub struct Lock<T: Plain>(Shared<Locked<T>>);

impl<T: Plain> Lock<T> {
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

    #[inline]
    fn lock_by(&self, deadline: Deadline) -> Result<LockGuard<'_, T>, LockError<LockGuard<'_, T>>> {
        let value = NonNull::from(&self.0.value).cast();
        // SAFETY: the value lies beside its mutex, and every access goes through that.
        unsafe { LockGuard::lock(&self.0.mutex, value, deadline) }
    }

    lock_forms!(LockGuard<'_, T>);

    /// Whether a thread holds it; out of date as soon as it is known.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.0.mutex.is_held()
    }
}

shared_handle!(Lock<T: Plain>);

impl<T: Plain> fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock")
            .field("is_locked", &self.is_locked())
            .finish_non_exhaustive()
    }
}
