//! The originals of `concurrent.futures`, kept when its part of this package is imported, before
//! anything is patched. They are not kept when this extension is imported: most programs that use
//! locks and queues use no executors.

use crate::objects::bare_error;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

pub(super) struct Standard {
    pub(super) future: Py<PyType>,
    pub(super) cancelled: Py<PyType>,
    pub(super) invalid_state: Py<PyType>,
    pub(super) logger: Py<PyAny>,
    /// Whether `result()` raises an exception that is false, as newer versions do.
    raises_what_is_false: bool,
}

static STANDARD: PyOnceLock<Standard> = PyOnceLock::new();

pub(super) fn standard(py: Python<'_>) -> PyResult<&Standard> {
    STANDARD.get_or_try_init(py, || {
        let base = py.import("concurrent.futures._base")?;
        let class = |name: &str| -> PyResult<Py<PyType>> {
            Ok(base.getattr(name)?.cast_into::<PyType>()?.unbind())
        };
        Ok(Standard {
            future: class("Future")?,
            cancelled: class("CancelledError")?,
            invalid_state: class("InvalidStateError")?,
            logger: base.getattr("LOGGER")?.unbind(),
            raises_what_is_false: raises_what_is_false(&class("Future")?.into_bound(py))?,
        })
    })
}

/// Whether the standard `Future` raises False, set as its exception. The future is not initialised,
/// so no lock is created.
fn raises_what_is_false(class: &Bound<'_, PyType>) -> PyResult<bool> {
    let future = class.call_method1("__new__", (class,))?;
    future.setattr("_exception", false)?;
    future.setattr("_result", false)?;
    match future.call_method0("_Future__get_result") {
        Err(error) if error.is_instance_of::<PyTypeError>(class.py()) => Ok(true),
        result => result.map(|_| false),
    }
}

/// Whether `result()` raises this value, set as the exception of a future. Only newer versions
/// raise a false value.
pub(super) fn is_raised(exception: &Bound<'_, PyAny>) -> PyResult<bool> {
    match standard(exception.py())?.raises_what_is_false {
        true => Ok(!exception.is_none()),
        false => exception.is_truthy(),
    }
}

#[cold]
pub(super) fn cancelled(py: Python<'_>) -> PyErr {
    match standard(py) {
        Ok(standard) => bare_error(standard.cancelled.bind(py)),
        Err(error) => error,
    }
}
