//! [`Value`]: a value that processes share, and that is never half written.
//!
//! # Implementation
//!
//! There are two copies, of which one counts. A writer holds the lock and writes the other copy.
//! Then one store, of `current`, makes that copy the one that counts. A process that dies before
//! that store has changed nothing, and there is nothing to recover.
//!
//! The linearisation point of a change is that store. The lock makes each happens-before pair.

use super::error::SharedError;
use super::header::{Kind, Shape};
use super::mutex::Plain;
use super::object::{Object, Shared, over_value, shared_handle};
use super::robust::RobustCell;
use super::robust_list::{AtEnd, expect_room};
use crate::park::Deadline;
use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU32, Ordering, compiler_fence};
use std::time::{Duration, Instant};

#[repr(C)]
pub(super) struct Copies<T> {
    cell: RobustCell,
    /// Which copy counts.
    current: AtomicU32,
    copies: [UnsafeCell<T>; 2],
}

// SAFETY: plain data that only the holder of the cell accesses.
unsafe impl<T: Plain> Object for Copies<T> {
    type Fixed = ();

    fn shape() -> Shape {
        Shape::of::<T>(Kind::Value)
    }

    fn fix(&self, _: usize) -> Option<()> {
        Some(())
    }
}

/// A value that processes share: Python's `multiprocessing.Value`.
///
/// Each change is whole or does not happen, even when the process dies, or the thread panics, in
/// the middle of it.
///
/// ```
/// # use weftline::process::Value;
/// let done = Value::new(0_u32)?;
/// done.set(41);
/// assert_eq!(done.update(|done| { *done += 1; *done }), 42);
/// assert_eq!(done.get(), 42);
/// # Ok::<(), weftline::process::SharedError>(())
/// ```
#[doc(alias = "multiprocessing.Value")]
pub struct Value<T: Plain>(Shared<Copies<T>>);

impl<T: Plain> Value<T> {
    fn of(shared: Shared<Copies<T>>) -> Self {
        Self(shared)
    }

    over_value!("A [`Value`] of");

    fn make(name: Option<&str>, value: T) -> Result<Self, SharedError> {
        Shared::create(name, 0, 0, |copies: &mut Copies<T>| {
            *copies.copies[0].get_mut() = value;
        })
        .map(Self::of)
    }

    /// A copy of the value.
    #[must_use]
    pub fn get(&self) -> T {
        *self.lock()
    }

    /// Replaces the value.
    pub fn set(&self, value: T) {
        *self.lock() = value;
    }

    /// Changes the value while no other thread reads or changes it. If `f` panics, the value has
    /// not changed.
    pub fn update<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        let mut guard = self.lock();
        guard.counts = Counts::IfFinished;
        let result = f(&mut guard);
        guard.counts = Counts::Yes;
        result
    }

    /// Locks the value until the guard is dropped. The drop makes the changes through the guard
    /// count.
    ///
    /// # Panics
    /// When this thread holds 2,000 shared locks and permits, of any objects. All uses of the value
    /// panic then.
    pub fn lock(&self) -> ValueGuard<'_, T> {
        self.lock_by(Deadline::NEVER)
            .expect("a wait without a deadline does not time out")
    }

    /// As [`lock`](Self::lock), if no thread has it locked.
    #[must_use]
    pub fn try_lock(&self) -> Option<ValueGuard<'_, T>> {
        self.lock_by(Deadline::PASSED)
    }

    /// As [`lock`](Self::lock), waiting for `timeout` at most. A timeout beyond the clock's range
    /// never ends.
    #[must_use]
    pub fn try_lock_for(&self, timeout: Duration) -> Option<ValueGuard<'_, T>> {
        self.lock_by(Deadline::after(timeout))
    }

    /// As [`lock`](Self::lock), waiting until `deadline` at the latest.
    #[must_use]
    pub fn try_lock_until(&self, deadline: Instant) -> Option<ValueGuard<'_, T>> {
        self.lock_by(Deadline::at(deadline))
    }

    fn lock_by(&self, deadline: Deadline) -> Option<ValueGuard<'_, T>> {
        let copies = &*self.0;
        expect_room();
        // A thread that died inside has left the copy that counts as it was.
        copies.cell.take_until(deadline, AtEnd::Stays).ok()?;
        let guard = ValueGuard {
            copies,
            current: copies.current.load(Ordering::Relaxed) as usize & 1,
            changed: false,
            counts: Counts::UnlessPanicking {
                before: std::thread::panicking(),
            },
            _stays: PhantomData,
        };
        Some(guard)
    }
}

shared_handle!(Value<T: Plain>);

impl<T: Plain + fmt::Debug> fmt::Debug for Value<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("Value");
        match self.try_lock() {
            Some(value) => fields.field("value", &*value),
            None => fields.field("value", &"<locked>"),
        };
        fields.finish()
    }
}

/// A [`Value`] that no other thread reads or changes. Dropping the guard makes the changes through
/// it count, unless a panic drops it that began after the guard. A guard stays with its thread.
///
/// A leaked guard (`std::mem::forget`) keeps the value locked until its process ends.
#[must_use = "the value is free again when the guard is dropped"]
pub struct ValueGuard<'a, T: Plain> {
    copies: &'a Copies<T>,
    /// The copy that counted when the guard was made.
    current: usize,
    /// Whether to read the copy that does not count yet.
    changed: bool,
    counts: Counts,
    _stays: PhantomData<*mut ()>,
}

/// Whether a change counts when its guard is dropped.
#[derive(Clone, Copy)]
enum Counts {
    Yes,
    /// A function changes the value. A guard that is dropped before the function has returned is
    /// dropped by its panic.
    IfFinished,
    /// The thread may have panicked `before` the guard was made: then a destructor uses the value,
    /// and its change counts.
    UnlessPanicking {
        before: bool,
    },
}

impl Counts {
    fn now(self) -> bool {
        match self {
            Self::Yes => true,
            Self::IfFinished => false,
            Self::UnlessPanicking { before } => before || !std::thread::panicking(),
        }
    }
}

impl<T: Plain> ValueGuard<'_, T> {
    /// The copy that counts.
    fn before(&self) -> &T {
        // SAFETY: the cell is held, and no thread writes this copy while it counts.
        unsafe { &*self.copies.copies[self.current].get() }
    }
}

impl<T: Plain> Deref for ValueGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        let copy = self.current ^ usize::from(self.changed);
        // SAFETY: the cell is held, and the guard is borrowed.
        unsafe { &*self.copies.copies[copy].get() }
    }
}

impl<T: Plain> DerefMut for ValueGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        let other = self.copies.copies[self.current ^ 1].get();
        if !self.changed {
            // SAFETY: the cell is held, and only its holder writes the copy that does not count.
            unsafe { other.write(*self.before()) };
            self.changed = true;
        }
        // SAFETY: as above; the guard is borrowed mutably.
        unsafe { &mut *other }
    }
}

impl<T: Plain> Drop for ValueGuard<'_, T> {
    fn drop(&mut self) {
        let is_last = |_| {
            if self.changed && self.counts.now() {
                // First the copy, then the store by which it counts: a reader after this thread's
                // death in between needs that order, too.
                compiler_fence(Ordering::SeqCst);
                let other = self.current ^ 1;
                self.copies.current.store(other as u32, Ordering::Release);
            }
            true
        };
        // SAFETY: the thread has taken it.
        unsafe { self.copies.cell.free_after(is_last) };
    }
}

impl<T: Plain + fmt::Debug> fmt::Debug for ValueGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
