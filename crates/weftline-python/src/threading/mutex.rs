//! The lock of a condition, and how a wait uses it: directly if the lock is weftline's, by its
//! methods (`foreign.rs`) if it is of any other kind.

use super::{Lock, RLock, foreign};
use crate::blocker::Uninterruptible;
use crate::names::interned;
use crate::objects::error;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use weftline::park::{Deadline, WaitError};

/// The lock of a condition.
pub(super) enum Mutex {
    Lock(Py<Lock>),
    RLock(Py<RLock>),
    Foreign(Py<PyAny>),
}

/// The state needed to retake a lock that a wait released.
pub(super) enum Saved {
    Once,
    Times(u64),
    Foreign(Option<Py<PyAny>>),
}

impl Mutex {
    pub(super) fn of(lock: &Bound<'_, PyAny>) -> Self {
        // Exactly ours: a subclass may override acquire() and release().
        if let Ok(lock) = lock.cast_exact::<Lock>() {
            Self::Lock(lock.clone().unbind())
        } else if let Ok(lock) = lock.cast_exact::<RLock>() {
            Self::RLock(lock.clone().unbind())
        } else {
            Self::Foreign(lock.clone().unbind())
        }
    }

    pub(super) fn object<'py>(&self, py: Python<'py>) -> &Bound<'py, PyAny> {
        match self {
            Self::Lock(lock) => lock.bind(py).as_any(),
            Self::RLock(lock) => lock.bind(py).as_any(),
            Self::Foreign(lock) => lock.bind(py),
        }
    }

    pub(super) fn is_owned(&self, py: Python<'_>) -> PyResult<bool> {
        match self.innermost(py, interned!(py, _is_owned))? {
            // By any thread, as in the standard library, where a lock does not know its owner.
            Self::Lock(lock) => Ok(lock.get().raw.is_locked()),
            Self::RLock(lock) => Ok(lock.get().raw.is_owned()),
            Self::Foreign(lock) => foreign::is_owned(lock.bind(py)),
        }
    }

    pub(super) fn release_save(&self, py: Python<'_>) -> PyResult<Saved> {
        match self.innermost(py, interned!(py, _release_save))? {
            Self::Lock(lock) => {
                lock.get()
                    .raw
                    .unlock()
                    .map_err(|_| error::<PyRuntimeError>("release unlocked lock"))?;
                Ok(Saved::Once)
            }
            Self::RLock(lock) => {
                let count = lock.get().raw.release_save();
                count
                    .map(Saved::Times)
                    .map_err(|_| error::<PyRuntimeError>("cannot release un-acquired lock"))
            }
            Self::Foreign(lock) => foreign::release_save(lock.bind(py)).map(Saved::Foreign),
        }
    }

    /// Takes the lock again. No signal ends this.
    pub(super) fn acquire_restore(&self, py: Python<'_>, saved: Saved) -> PyResult<()> {
        match (self.innermost(py, interned!(py, _acquire_restore))?, saved) {
            (Self::Lock(lock), _) => {
                let taken: Result<(), WaitError<_>> = lock
                    .get()
                    .raw
                    .lock_with(&mut Uninterruptible::new(py), Deadline::NEVER);
                debug_assert!(taken.is_ok());
                Ok(())
            }
            (Self::RLock(lock), Saved::Times(count)) => lock.get().restore(py, count),
            (Self::RLock(lock), _) => lock.get().restore(py, 1),
            (Self::Foreign(lock), Saved::Foreign(state)) => {
                foreign::acquire_restore(lock.bind(py), state.as_ref().map(|state| state.bind(py)))
            }
            (Self::Foreign(lock), _) => foreign::acquire_restore(lock.bind(py), None),
        }
    }
}
