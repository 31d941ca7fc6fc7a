//! The attributes that programs reach for in a barrier, and what their subclasses replace.

use super::barrier::Barrier;
use super::opened::Part;
use crate::names::interned;
use crate::objects::{Piece, written};
use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};

/// The attributes, and what they are called in [`Opened`](super::opened::Opened).
const ATTRIBUTES: [(&str, Part); 6] = [
    ("_cond", Part::Condition),
    ("_action", Part::Action),
    ("_timeout", Part::Timeout),
    ("_parties", Part::Initial),
    ("_state", Part::Value),
    ("_count", Part::Count),
];

/// Whether a class changes what a native barrier would not notice: an attribute, or one of the methods of the standard algorithm.
pub(super) fn is_overridden(class: &Bound<'_, PyType>) -> PyResult<bool> {
    let py = class.py();
    let base = py.get_type::<Barrier>();
    for name in [
        interned!(py, _cond),
        interned!(py, _action),
        interned!(py, _timeout),
        interned!(py, _parties),
        interned!(py, _state),
        interned!(py, _count),
        interned!(py, _enter),
        interned!(py, _release),
        interned!(py, _wait),
        interned!(py, _exit),
        interned!(py, _break),
    ] {
        if !class.getattr(name)?.is(base.getattr(name)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// One of the attributes.
#[pyclass(module = "threading", name = "_attribute", frozen)]
struct Attribute {
    name: &'static str,
    part: Part,
}

#[pymethods]
impl Attribute {
    fn __get__<'py>(
        slf: &Bound<'py, Self>,
        instance: Option<&Bound<'py, PyAny>>,
        _owner: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let Some(instance) = instance else {
            return Ok(slf.clone().into_any());
        };
        Barrier::part(instance.cast::<Barrier>()?, slf.get().part)
    }

    fn __set__<'py>(
        &self,
        instance: &Bound<'py, PyAny>,
        value: &Bound<'py, PyAny>,
    ) -> PyResult<()> {
        Barrier::set_part(instance.cast::<Barrier>()?, self.part, value)
    }

    fn __repr__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        let name = self.name;
        let whole = format_args!("<attribute '{name}' of 'Barrier' objects>");
        written(py, &[Piece::Short(whole)])
    }
}

/// Gives the class its attributes.
pub(super) fn register(py: Python<'_>) -> PyResult<()> {
    let class = py.get_type::<Barrier>();
    for (name, part) in ATTRIBUTES {
        class.setattr(name, Attribute { name, part })?;
    }
    Ok(())
}
