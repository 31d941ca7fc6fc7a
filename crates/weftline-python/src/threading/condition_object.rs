//! The Python object of a condition: its fields, its lock, and whether it is compact.

use super::RLock;
use super::mutex::Mutex;
use crate::inflation::Cell;
use crate::init_guard::Once;
use pyo3::prelude::*;
use weftline::sync::raw::RawCondition;

/// A lock, and threads that wait under it until they are notified.
///
/// notify(n) wakes exactly the n threads that have waited longest, never a later one.
///
/// Goes beyond the standard class: a thread that is notified and interrupted at the same time
/// passes the notification on.
#[pyclass(frozen, weakref, dict, subclass)]
pub(crate) struct Condition {
    /// The core's condition, with the waiters. An inflated condition uses it too.
    pub(super) raw: RawCondition,
    /// The lock, which `__init__` or the first use sets.
    pub(super) mutex: Once<Mutex>,
    /// Whether the object is compact or inflated.
    pub(super) cell: Cell,
}

impl Condition {
    /// A compact condition. Its lock follows in `__init__`.
    pub(super) fn without_lock() -> Self {
        Self {
            raw: RawCondition::new(),
            mutex: Once::new(),
            cell: Cell::new(),
        }
    }

    /// The core's condition.
    pub(super) fn raw(&self) -> &RawCondition {
        &self.raw
    }

    /// The lock of a compact condition.
    #[inline]
    pub(super) fn mutex(&self, py: Python<'_>) -> PyResult<&Mutex> {
        match self.mutex.get() {
            Some(mutex) => Ok(mutex),
            // A subclass that has not called __init__ gets the lock that __init__ would create.
            None => Ok(self.mutex_or(Mutex::RLock(Py::new(py, RLock::made(py))?))),
        }
    }

    /// The existing lock, or else `mutex`. The caller creates `mutex` beforehand, not inside the
    /// `Once`: creating a Python object may run any code.
    pub(super) fn mutex_or(&self, mutex: Mutex) -> &Mutex {
        let _ = self.mutex.set(mutex);
        self.mutex.get().expect("set just now, or before")
    }

    /// Whether the condition's parts are in its `__dict__`.
    #[inline]
    pub(super) fn is_inflated(&self) -> bool {
        self.cell.is_inflated()
    }
}
