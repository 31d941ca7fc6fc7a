//! Conditions over conditions: an operation goes directly to the innermost lock.
//!
//! In the standard library a new condition takes `acquire`, `release`, `_is_owned`, `_release_save`
//! and `_acquire_restore` from its lock, so a call passes through no other condition. Here each
//! call resolves the lock, in a loop.

use super::condition_object::Condition;
use super::mutex::Mutex;
use crate::inflation::has_own;
use pyo3::prelude::*;
use pyo3::types::PyString;

impl Mutex {
    /// The lock that the operation of this name reaches: that of the innermost condition, if `self`
    /// is a condition.
    #[inline]
    pub(super) fn innermost<'a>(
        &'a self,
        py: Python<'_>,
        name: &Bound<'_, PyString>,
    ) -> PyResult<&'a Mutex> {
        match self {
            Self::Foreign(lock) => Ok(last(lock, py, name)?.unwrap_or(self)),
            _ => Ok(self),
        }
    }
}

#[cold]
fn last<'a>(
    lock: &'a Py<PyAny>,
    py: Python<'_>,
    name: &Bound<'_, PyString>,
) -> PyResult<Option<&'a Mutex>> {
    let mut innermost = None;
    let mut lock = lock;
    while let Some(condition) = passing_on(lock, py, name)? {
        let mutex = condition.get().mutex(py)?;
        innermost = Some(mutex);
        let Mutex::Foreign(next) = mutex else {
            break;
        };
        lock = next;
    }
    Ok(innermost)
}

/// The lock as a condition, if it only passes the operation on to its own lock.
pub(super) fn passing_on<'a>(
    lock: &'a Py<PyAny>,
    py: Python<'_>,
    name: &Bound<'_, PyString>,
) -> PyResult<Option<&'a Py<Condition>>> {
    let Ok(condition) = lock.bind(py).cast::<Condition>() else {
        return Ok(None);
    };
    if !condition.is_exact_instance_of::<Condition>() {
        let (class, base) = (condition.get_type(), py.get_type::<Condition>());
        if !class.getattr(name)?.is(base.getattr(name)?) {
            return Ok(None);
        }
    }
    if condition.get().is_inflated() || has_own(condition, name)? {
        return Ok(None);
    }
    // SAFETY: a condition, by the cast above.
    Ok(Some(unsafe {
        &*std::ptr::from_ref(lock).cast::<Py<Condition>>()
    }))
}
