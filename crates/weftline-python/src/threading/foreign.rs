//! A lock of any other kind under a condition. Its methods are called as the standard library calls
//! them: `_release_save`, `_acquire_restore` and `_is_owned` if the lock has them, `acquire` and
//! `release` otherwise.

use crate::callback::{calling_back, calling_back_to_leave};
use crate::names::interned;
use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::types::PyString;

pub(super) fn is_owned(lock: &Bound<'_, PyAny>) -> PyResult<bool> {
    calling_back(lock.py(), || {
        match optional(lock, interned!(lock.py(), _is_owned))? {
            Some(is_owned) => is_owned.call0()?.is_truthy(),
            None => is_held(lock),
        }
    })
}

/// Whether a thread holds the lock. Tries to take it to find out.
pub(super) fn is_held(lock: &Bound<'_, PyAny>) -> PyResult<bool> {
    calling_back(lock.py(), || {
        if !lock
            .call_method1(interned!(lock.py(), acquire), (false,))?
            .is_truthy()?
        {
            return Ok(true);
        }
        lock.call_method0(interned!(lock.py(), release))?;
        Ok(false)
    })
}

/// `None`: the lock does not save how it was held.
pub(super) fn release_save(lock: &Bound<'_, PyAny>) -> PyResult<Option<Py<PyAny>>> {
    calling_back(lock.py(), || {
        match optional(lock, interned!(lock.py(), _release_save))? {
            Some(release_save) => Ok(Some(release_save.call0()?.unbind())),
            None => lock
                .call_method0(interned!(lock.py(), release))
                .map(|_| None),
        }
    })
}

pub(super) fn acquire_restore(
    lock: &Bound<'_, PyAny>,
    state: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    calling_back_to_leave(lock.py(), || {
        match optional(lock, interned!(lock.py(), _acquire_restore))? {
            Some(acquire_restore) => acquire_restore.call1((state,)).map(drop),
            None => lock.call_method0(interned!(lock.py(), acquire)).map(drop),
        }
    })
}

pub(super) fn optional<'py>(
    object: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    match object.getattr(name) {
        Ok(value) => Ok(Some(value)),
        Err(missing) if missing.is_instance_of::<PyAttributeError>(object.py()) => Ok(None),
        Err(raised) => Err(raised),
    }
}
