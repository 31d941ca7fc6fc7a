//! Copying and pickling, which end as in the standard library.
//!
//! There a queue is an ordinary object with a lock in its `__dict__`: a shallow copy shares everything with it, and what would need a
//! second lock fails there. Both need an open queue, whose `__dict__` is the same.

use super::opening::{instance_dict, open, open_bare};
use super::queue::Queue;
use crate::names::interned;
use crate::objects;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};

pub(super) fn state<'py>(queue: &Bound<'py, Queue>) -> PyResult<Bound<'py, PyDict>> {
    open(queue)?;
    instance_dict(queue)?.copy()
}

pub(super) fn set_state(queue: &Bound<'_, Queue>, state: &Bound<'_, PyDict>) -> PyResult<()> {
    open_bare(queue)?;
    instance_dict(queue)?.update(state.as_mapping())
}

pub(super) fn reduce<'py>(
    queue: &Bound<'py, Queue>,
    protocol: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = queue.py();
    if Queue::is_subclassed(queue) {
        let object = py.get_type::<PyAny>();
        return object.call_method1(interned!(py, __reduce_ex__), (queue, protocol));
    }
    let state = state(queue)?;
    let ours = py.import(interned!(py, weftline))?;
    let ours = ours.getattr(interned!(py, _weftline))?;
    let rebuild = ours.getattr(interned!(py, _rebuild_queue))?;
    // The mutex first, so that it is what a pickler stumbles over, and not a class that goes by the name of another.
    let mutex = state.get_item(interned!(py, mutex))?;
    let mutex = mutex.unwrap_or_else(|| py.None().into_bound(py));
    let arguments = [mutex, queue.get_type().into_any()];
    let arguments = objects::tuple(py, arguments.into_iter())?;
    let parts = [rebuild, arguments.into_any(), state.into_any()];
    Ok(objects::tuple(py, parts.into_iter())?.into_any())
}

/// The queue that a copy begins as.
#[pyfunction]
#[pyo3(name = "_rebuild_queue")]
pub(super) fn rebuild<'py>(
    _mutex: &Bound<'py, PyAny>,
    class: &Bound<'py, PyType>,
) -> PyResult<Bound<'py, PyAny>> {
    class.call_method1(interned!(class.py(), __new__), (class,))
}
