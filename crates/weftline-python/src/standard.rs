//! What is asked of the standard modules: their originals, kept when this module is imported, before anything can be patched.

use crate::given::Given;
use pyo3::Borrowed;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

static ALLOCATE_LOCK: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

pub(crate) fn remember(py: Python<'_>) -> PyResult<()> {
    ALLOCATE_LOCK.get_or_try_init(py, || {
        py.import("_thread")?
            .getattr("allocate_lock")
            .map(Bound::unbind)
    })?;
    Ok(())
}

/// The exception that the running version's own lock raises for `acquire` with these arguments.
#[cold]
pub(crate) fn refuse_acquire(
    py: Python<'_>,
    blocking: Given<'_, '_>,
    timeout: Borrowed<'_, '_, PyAny>,
) -> PyErr {
    let attempt = || -> PyResult<()> {
        let lock = ALLOCATE_LOCK
            .get(py)
            .expect("remembered at import")
            .call0(py)?;
        let arguments = PyDict::new(py);
        if let Some(blocking) = blocking.get() {
            arguments.set_item("blocking", blocking)?;
        }
        arguments.set_item("timeout", timeout)?;
        lock.call_method(py, "acquire", (), Some(&arguments))
            .map(drop)
    };
    match attempt() {
        Err(refused) => refused,
        Ok(()) => pyo3::exceptions::PyValueError::new_err("timeout must be a number of seconds"),
    }
}
