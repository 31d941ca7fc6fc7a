//! The calls of a future's callbacks.

use super::object::Future;
use super::standard::standard;
use crate::callback::calling_back;
use crate::handled::handling;
use crate::names::interned;
use crate::objects;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;

/// Runs the callbacks in the order in which they were added. Only for a future that is compact, so
/// no subclass overrides this.
#[inline]
pub(super) fn call_back(slf: &Bound<'_, Future>, callbacks: Vec<Py<PyAny>>) -> PyResult<()> {
    if callbacks.is_empty() {
        return Ok(());
    }
    callbacks
        .into_iter()
        .try_for_each(|callback| call_one_back(slf, callback.bind(slf.py())))
}

/// An `Exception` of the callback is logged. Any other exception propagates to the caller.
pub(super) fn call_one_back(slf: &Bound<'_, Future>, callback: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = slf.py();
    match calling_back(py, || callback.call1((slf,))) {
        Err(raised) if raised.is_instance_of::<PyException>(py) => {
            let keywords = objects::dict(py)?;
            keywords.set_item(interned!(py, exc_info), raised.value(py))?;
            let words = objects::text(py, "exception calling callback for %r")?;
            let arguments = (words, slf);
            let log = || {
                standard(py)?.logger.bind(py).call_method(
                    interned!(py, error),
                    arguments,
                    Some(&keywords),
                )
            };
            handling(py, &raised, || calling_back(py, log)).map(drop)
        }
        called => called.map(drop),
    }
}
