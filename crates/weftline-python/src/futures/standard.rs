//! What is asked of `concurrent.futures`: kept when its part of this package is imported, before anything is patched. Not when this
//! module is: most programs that use locks and queues use no executors.

use crate::objects::bare_error;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

pub(super) struct Standard {
    pub(super) future: Py<PyType>,
    pub(super) cancelled: Py<PyType>,
    pub(super) invalid_state: Py<PyType>,
    pub(super) logger: Py<PyAny>,
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
        })
    })
}

/// Keeps the originals. To be called before any of them is patched.
#[pyfunction(name = "_remember_futures")]
pub(super) fn remember_futures(py: Python<'_>) -> PyResult<()> {
    standard(py).map(drop)
}

#[cold]
pub(super) fn cancelled(py: Python<'_>) -> PyErr {
    match standard(py) {
        Ok(standard) => bare_error(standard.cancelled.bind(py)),
        Err(error) => error,
    }
}
