//! Copies and pickles of objects that inflate.
//!
//! `copy` and `pickle` work as for ordinary Python objects, through `object.__reduce_ex__`, which
//! asks for the state. The default state bypasses the getter of `__dict__` (`access.rs`). So each
//! class has a `__getstate__` that inflates.

use super::transition::Inflate;
use crate::names::interned;
use crate::objects;
use crate::recursion;
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyString, PyTuple, PyType};

/// `object.__getstate__()`: inflates the object and returns its dictionary and the values of a
/// subclass's `__slots__`.
pub(crate) fn state<'py, T: Inflate>(object: &Bound<'py, T>) -> PyResult<Bound<'py, PyAny>> {
    T::inflate(object)?;
    let plain = object.py().get_type::<PyAny>();
    plain.call_method1(interned!(object.py(), __getstate__), (object,))
}

/// `object.__reduce_ex__(protocol)`
///
/// Below protocol 2, `object.__reduce_ex__` does not create an object of a class written in C. Its
/// result for protocol 2 serves those protocols as well.
pub(crate) fn reduce<'py, T: Inflate>(
    object: &Bound<'py, T>,
    protocol: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = object.py();
    // A condition's lock may be a condition, so the pickler recurses.
    recursion::check(py)?;
    let (plain, class) = (py.get_type::<PyAny>(), object.as_any().get_type());
    let two = objects::int(py, 2)?;
    let is_old = protocol.is_instance_of::<PyInt>() && protocol.lt(&two)?;
    let protocol = if is_old { &two } else { protocol };
    let reduced = plain.call_method1(interned!(py, __reduce_ex__), (object, protocol))?;
    if !is_shadowed_by_standard::<T>(&class)? {
        return Ok(reduced);
    }
    // The state comes first, so that a pickler refuses the lock in it, not the name of the class.
    let Ok(reduced) = reduced.cast::<PyTuple>() else {
        return Ok(reduced);
    };
    let rebuild = py
        .import(interned!(py, weftline))?
        .getattr(interned!(py, _weftline))?
        .getattr(interned!(py, _rebuild))?;
    let state = reduced.get_item(2)?;
    let arguments = [state.clone(), class.into_any()].into_iter();
    let arguments = objects::tuple(py, arguments)?.into_any();
    Ok(objects::tuple(py, [rebuild, arguments, state].into_iter())?.into_any())
}

/// Whether the class is weftline's while its module has the standard one, because weftline is not
/// installed.
fn is_shadowed_by_standard<T: Inflate>(class: &Bound<'_, PyType>) -> PyResult<bool> {
    let py = class.py();
    let home = T::type_object(py).getattr(interned!(py, __module__))?;
    if !class.getattr(interned!(py, __module__))?.eq(&home)? {
        return Ok(false);
    }
    let found = py
        .import(home.cast::<PyString>()?)?
        .getattr(class.name()?)
        .ok();
    Ok(!found.is_some_and(|found| found.is(class)))
}

/// Creates the object that `pickle` and `copy` then fill. `_state` is for the pickler only
/// ([`reduce`]).
#[pyfunction]
#[pyo3(name = "_rebuild")]
pub(crate) fn rebuild<'py>(
    _state: &Bound<'py, PyAny>,
    class: &Bound<'py, PyType>,
) -> PyResult<Bound<'py, PyAny>> {
    class.call_method1(interned!(class.py(), __new__), (class,))
}
