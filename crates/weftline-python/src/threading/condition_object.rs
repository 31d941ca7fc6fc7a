//! What an object of `threading.Condition` holds.

use super::RLock;
use super::mutex::Mutex;
use crate::inflation::Cell;
use crate::init_guard::Once;
use pyo3::prelude::*;
use weftline::sync::raw::RawCondition;

/// A lock, and threads that wait under it until they are notified.
///
/// notify(n) wakes exactly the n threads that have waited longest, never a later one. Goes beyond
/// the standard class in that a thread which is notified and interrupted at the same time passes
/// the notification on.
#[pyclass(frozen, weakref, dict, subclass)]
pub(crate) struct Condition {
    pub(super) raw: RawCondition,
    pub(super) mutex: Once<Mutex>,
    pub(super) cell: Cell,
}

impl Condition {
    /// Its lock follows in `__init__`.
    pub(super) fn without_lock() -> Self {
        Self {
            raw: RawCondition::new(),
            mutex: Once::new(),
            cell: Cell::new(),
        }
    }

    pub(super) fn raw(&self) -> &RawCondition {
        &self.raw
    }

    #[inline]
    pub(super) fn mutex(&self, py: Python<'_>) -> PyResult<&Mutex> {
        match self.mutex.get() {
            Some(mutex) => Ok(mutex),
            // A subclass that has not called __init__ gets the lock that __init__ would create.
            None => Ok(self.mutex_or(Mutex::RLock(Py::new(py, RLock::free())?))),
        }
    }

    /// The existing lock, or else `mutex`. Created before `Once`, not inside it: creating a Python
    /// object may run any code.
    pub(super) fn mutex_or(&self, mutex: Mutex) -> &Mutex {
        let _ = self.mutex.set(mutex);
        self.mutex.get().expect("set just now, or before")
    }

    #[inline]
    pub(super) fn is_inflated(&self) -> bool {
        self.cell.is_inflated()
    }
}
