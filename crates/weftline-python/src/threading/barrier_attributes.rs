//! The attributes of a barrier that programs use, and those that their subclasses override.

use super::barrier::{self, Barrier};
use super::inflated_barrier::BROKEN;
use crate::attribute;
use crate::names::interned;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};

/// The attributes in the `__dict__` of an inflated barrier.
const ATTRIBUTES: [&str; 6] = [
    "_cond", "_action", "_timeout", "_parties", "_state", "_count",
];
/// Methods that neither the class nor the object of a compact barrier overrides, besides the
/// attributes.
pub(super) const METHODS: [&str; 5] = ["_enter", "_release", "_wait", "_exit", "_break"];

/// Whether a class overrides something that a compact barrier would not notice: an attribute, or a
/// method of the standard algorithm.
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

/// Adds the attributes and properties to the class.
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
