//! [`Array`]: a row of values that processes share, under a lock.

use super::error::SharedError;
use super::header::{Kind, Shape};
use super::mutex::{Abandoned, LockError, LockGuard, Mutex, Plain, lock_forms};
use super::object::{Object, Shared, shared_handle};
use crate::park::Deadline;
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The lock over a row of values. The values begin where this struct ends.
#[repr(C)]
pub(super) struct Row<T> {
    mutex: Mutex,
    length: AtomicU64,
    /// For the alignment.
    _values: [T; 0],
    _type: PhantomData<T>,
}

// SAFETY: plain data that only the holder of the mutex accesses; the length never changes.
unsafe impl<T: Plain> Object for Row<T> {
    /// The number of values.
    type Fixed = usize;

    fn shape() -> Shape {
        Shape::of::<T>(Kind::Array)
    }

    fn fix(&self, room: usize) -> Option<usize> {
        let length = usize::try_from(self.length.load(Ordering::Relaxed)).ok()?;
        let bytes = length.checked_mul(mem::size_of::<T>())?;
        (bytes <= room).then_some(length)
    }
}

/// A row of values that processes share, under a lock: Python's `multiprocessing.Array`.
///
/// ```
/// # use weftline::process::Array;
/// let squares = Array::new(&[0_u32; 4])?;
/// for (n, square) in squares.lock().unwrap().iter_mut().enumerate() {
///     *square = (n * n) as u32;
/// }
/// assert_eq!(*squares.lock().unwrap(), [0, 1, 4, 9]);
/// # Ok::<(), weftline::process::SharedError>(())
/// ```
#[doc(alias = "multiprocessing.Array")]
pub struct Array<T: Plain>(Shared<Row<T>>);

impl<T: Plain> Array<T> {
    fn of(shared: Shared<Row<T>>) -> Self {
        Self(shared)
    }

    /// An array of these values, without a name.
    ///
    /// # Errors
    /// [`SharedError`]: no memory, too many files.
    pub fn new(values: &[T]) -> Result<Self, SharedError> {
        Self::make(None, values)
    }

    /// An array of these values that other programs can [`open`](Self::open) by its name, until
    /// [`unlink`](crate::process::unlink).
    ///
    /// # Errors
    /// [`SharedError`]: the name is taken, or none; no memory, too many files.
    ///
    /// # Safety
    /// As for all [named objects](crate::process#named-objects): no program writes to the file, or
    /// shortens it, except through this library.
    pub unsafe fn create(name: &str, values: &[T]) -> Result<Self, SharedError> {
        Self::make(Some(name), values)
    }

    fn make(name: Option<&str>, values: &[T]) -> Result<Self, SharedError> {
        Shared::create(name, mem::size_of_val(values), 0, |row: &mut Row<T>| {
            *row.length.get_mut() = values.len() as u64;
            // SAFETY: the segment has room for the values after the row, and no other thread has it
            // yet.
            unsafe {
                NonNull::from(row)
                    .add(1)
                    .cast::<T>()
                    .copy_from_nonoverlapping(NonNull::from(values).cast(), values.len());
            }
        })
        .map(Self::of)
    }

    /// How many values there are; this never changes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.fixed()
    }

    /// Whether there are no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock_by(
        &self,
        deadline: Deadline,
    ) -> Result<LockGuard<'_, [T]>, LockError<LockGuard<'_, [T]>>> {
        let first = self.0.segment().at::<[T; 0]>(Shared::<Row<T>>::END).cast();
        let values = NonNull::slice_from_raw_parts(first, self.len());
        // SAFETY: the values lie behind their mutex, and every access goes through that.
        unsafe { LockGuard::lock(&self.0.mutex, values, deadline) }
    }

    lock_forms!(LockGuard<'_, [T]>);
}

shared_handle!(Array<T: Plain>);

impl<T: Plain> fmt::Debug for Array<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Array")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
