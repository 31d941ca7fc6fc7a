//! The attributes that programs reach for in a barrier, and what their subclasses replace.

use super::barrier::Barrier;
use super::opened::Part;
use pyo3::prelude::*;
use pyo3::types::PyType;

/// What a class must not have changed for its barriers to be native, and what they are called in [`Opened`].
const ATTRIBUTES: [(&str, Part); 6] = [
    ("_cond", Part::Condition),
    ("_action", Part::Action),
    ("_timeout", Part::Timeout),
    ("_parties", Part::Initial),
    ("_state", Part::Value),
    ("_count", Part::Count),
];
const METHODS: [&str; 5] = ["_enter", "_release", "_wait", "_exit", "_break"];

/// Whether a class changes what a native barrier would not notice.
pub(super) fn is_overridden(class: &Bound<'_, PyType>) -> PyResult<bool> {
    let base = class.py().get_type::<Barrier>();
    let names = ATTRIBUTES.map(|(name, _)| name).into_iter().chain(METHODS);
    for name in names {
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

    fn __repr__(&self) -> String {
        format!("<attribute '{}' of 'Barrier' objects>", self.name)
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
