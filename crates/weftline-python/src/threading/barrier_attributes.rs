//! The attributes that programs reach for in a barrier, and what their subclasses replace.

use super::barrier::{self, Barrier};
use super::inflated_barrier::BROKEN;
use crate::attribute;
use crate::names::interned;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};

/// What is in the `__dict__` of an inflated barrier.
const ATTRIBUTES: [&str; 6] = [
    "_cond", "_action", "_timeout", "_parties", "_state", "_count",
];
/// What neither a class nor a barrier has of its own as long as the barrier is compact, beside
/// these.
pub(super) const METHODS: [&str; 5] = ["_enter", "_release", "_wait", "_exit", "_break"];

/// Whether a class changes what a compact barrier would not notice: an attribute, or one of the
/// methods of the standard algorithm.
pub(super) fn is_overridden(class: &Bound<'_, PyType>) -> PyResult<bool> {
    let base = class.py().get_type::<Barrier>();
    for name in ATTRIBUTES.into_iter().chain(METHODS) {
        if !class.getattr(name)?.is(base.getattr(name)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Return the number of threads required to trip the barrier.
#[pyfunction]
fn parties<'py>(barrier: &Bound<'py, Barrier>) -> PyResult<Bound<'py, PyAny>> {
    barrier.getattr(interned!(barrier.py(), _parties))
}

/// Return the number of threads currently waiting at the barrier.
#[pyfunction]
fn n_waiting<'py>(barrier: &Bound<'py, Barrier>) -> PyResult<Bound<'py, PyAny>> {
    barrier::n_waiting(barrier)
}

/// Return True if the barrier is in a broken state.
#[pyfunction]
fn broken(barrier: &Bound<'_, Barrier>) -> PyResult<bool> {
    barrier.getattr(interned!(barrier.py(), _state))?.eq(BROKEN)
}

/// Gives the class its attributes and properties.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    attribute::add::<Barrier>(py, &ATTRIBUTES)?;
    let (class, builtins) = (py.get_type::<Barrier>(), py.import("builtins")?);
    for function in [
        wrap_pyfunction!(parties, module)?,
        wrap_pyfunction!(n_waiting, module)?,
        wrap_pyfunction!(broken, module)?,
    ] {
        let name = function.getattr("__name__")?;
        let property = builtins.getattr("property")?.call1((function,))?;
        property.call_method1("__set_name__", (&class, &name))?;
        class.setattr(name.cast::<PyString>()?, property)?;
    }
    Ok(())
}
