//! The `__dict__` of an object that inflates, and the parts in it, without inflating the object.

use crate::names::interned;
use crate::objects::{self, Piece, written};
use pyo3::exceptions::PyAttributeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

/// The dictionary of an object, inflated or not. Created if there is none.
pub(crate) fn raw_dict<'py, T>(object: &Bound<'py, T>) -> PyResult<Bound<'py, PyDict>> {
    // SAFETY: a new reference to a dictionary, or an exception.
    let dict = unsafe {
        let dict = ffi::PyObject_GenericGetDict(object.as_ptr(), std::ptr::null_mut());
        Bound::from_owned_ptr_or_err(object.py(), dict)?
    };
    Ok(dict.cast_into::<PyDict>()?)
}

/// A part of an inflated object.
pub(crate) fn part<'py, T>(
    object: &Bound<'py, T>,
    name: &Bound<'py, PyString>,
) -> PyResult<Bound<'py, PyAny>> {
    raw_dict(object)?
        .get_item(name)?
        .ok_or_else(|| missing(object, name))
}

/// Sets a part of an inflated object.
pub(crate) fn set_part<'py, T>(
    object: &Bound<'py, T>,
    name: &Bound<'py, PyString>,
    value: &Bound<'py, PyAny>,
) -> PyResult<()> {
    raw_dict(object)?.set_item(name, value)
}

/// Whether the object has an attribute of its own by this name. Creates no `__dict__`, unless the
/// type has no offset of it: then the getter of `__dict__` inflates the object.
pub(crate) fn has_own<T>(object: &Bound<'_, T>, name: &Bound<'_, PyString>) -> PyResult<bool> {
    // SAFETY: an offset above zero is that of the `__dict__` in the object; null: not created yet.
    let dict = unsafe {
        let start = object.as_ptr();
        let offset = (*ffi::Py_TYPE(start)).tp_dictoffset;
        if offset > 0 {
            let dict = *start.byte_offset(offset).cast::<*mut ffi::PyObject>();
            Bound::from_borrowed_ptr_or_opt(object.py(), dict)
        } else {
            Some(object.as_any().getattr(interned!(object.py(), __dict__))?)
        }
    };
    dict.map_or(Ok(false), |dict| dict.cast_into::<PyDict>()?.contains(name))
}

/// The error for a missing attribute.
#[cold]
pub(super) fn missing<T>(object: &Bound<'_, T>, name: &Bound<'_, PyString>) -> PyErr {
    let py = object.py();
    let attempt = || -> PyResult<PyErr> {
        let class = object.as_any().get_type().name()?;
        let details = objects::dict(py)?;
        details.set_item(interned!(py, name), name)?;
        details.set_item(interned!(py, obj), object.as_any())?;
        let class = class.into_any();
        let pieces = [
            Piece::Plain("'"),
            Piece::Object(&class),
            Piece::Plain("' object has no attribute '"),
            Piece::Object(name.as_any()),
            Piece::Plain("'"),
        ];
        let text = written(py, &pieces)?;
        let class_of = py.get_type::<PyAttributeError>();
        let error = class_of.call((text,), Some(&details))?;
        Ok(objects::error_of(&class_of, &error))
    };
    attempt().unwrap_or_else(|raised| raised)
}

/// `object.__dir__()`. It inflates no object: the class has every part by name.
pub(crate) fn names<'py, T>(object: &Bound<'py, T>) -> PyResult<Bound<'py, PyList>> {
    let names = object.as_any().get_type().dir()?;
    for name in raw_dict(object)?.as_any().try_iter()? {
        let name = name?;
        if !names.contains(&name)? {
            names.append(name)?;
        }
    }
    Ok(names)
}

/// `object.__weakref__`: the first weak reference to the object, or None.
pub(crate) fn weakref<'py, T>(object: &Bound<'py, T>) -> PyResult<Bound<'py, PyAny>> {
    let py = object.py();
    let all = py
        .import(interned!(py, _weakref))?
        .call_method1(interned!(py, getweakrefs), (object.as_any(),))?;
    if all.len()? == 0 {
        return Ok(py.None().into_bound(py));
    }
    all.get_item(0)
}
