//! The names that Python code gives to objects, for reports.

use crate::queue::{Queue, SimpleQueue};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyString;
use weftline::watch;

/// The address and size of an object, without those parts that it has elsewhere.
fn range_of(object: &Bound<'_, PyAny>) -> (usize, usize) {
    // SAFETY: attached, with an object, whose class is alive.
    let bytes = unsafe { (*ffi::Py_TYPE(object.as_ptr())).tp_basicsize };
    (object.as_ptr().addr(), usize::try_from(bytes).unwrap_or(0))
}

/// Names an object in reports, which then tell how many items a queue has. Returns its address, for
/// `_unname`.
#[pyfunction]
fn _name(object: &Bound<'_, PyAny>, name: &str) -> usize {
    let (start, bytes) = range_of(object);
    watch::name_range(start, bytes, name);
    if let Ok(queue) = object.cast::<Queue>() {
        Queue::follow(queue);
    } else if let Ok(queue) = object.cast::<SimpleQueue>() {
        SimpleQueue::follow(queue);
    }
    start
}

/// Takes the name of what was at that address away.
#[pyfunction]
fn _unname(address: usize) {
    watch::unname_range(address);
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    for function in [
        wrap_pyfunction!(_name, module)?,
        wrap_pyfunction!(_unname, module)?,
    ] {
        // Set without `add_function`, which would make it a public name.
        module.setattr(function.getattr("__name__")?.cast::<PyString>()?, function)?;
    }
    Ok(())
}
