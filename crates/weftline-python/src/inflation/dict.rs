//! The `__dict__` of an object that inflates: its parts, and how a program and the methods reach
//! them.
//!
//! The getter of `__dict__` inflates first. So `vars(x)`, `self.__dict__.copy()` and
//! `self.__dict__.update(state)` see and change what the methods work on. The interpreter's
//! attribute access bypasses that getter: it finds the dictionary by its offset, and a compact
//! object has none.

use super::transition::Inflate;
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

/// `object.__dict__`
pub(crate) fn dict<'py, T: Inflate>(object: &Bound<'py, T>) -> PyResult<Bound<'py, PyDict>> {
    T::inflate(object)?;
    raw_dict(object)
}

/// `object.__dict__ = dict`
pub(crate) fn set_dict<T: Inflate>(object: &Bound<'_, T>, dict: &Bound<'_, PyAny>) -> PyResult<()> {
    T::inflate(object)?;
    // SAFETY: two objects; the thread is attached. The call refuses a value that is no dictionary.
    let set = unsafe {
        ffi::PyObject_GenericSetDict(object.as_ptr(), dict.as_ptr(), std::ptr::null_mut())
    };
    if set == 0 {
        Ok(())
    } else {
        Err(PyErr::fetch(object.py()))
    }
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

/// Whether the object has an attribute of its own by this name. Creates no `__dict__`.
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

/// Deletes a part, after inflating the object.
pub(crate) fn delete_part<'py, T: Inflate>(
    object: &Bound<'py, T>,
    name: &Bound<'py, PyString>,
) -> PyResult<()> {
    let dict = dict(object)?;
    if dict.contains(name)? {
        dict.del_item(name)
    } else {
        Err(missing(object, name))
    }
}

/// The error for a missing attribute.
#[cold]
fn missing<T>(object: &Bound<'_, T>, name: &Bound<'_, PyString>) -> PyErr {
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

/// `object.name = value`, or without a value `del object.name`, as `object` does it.
fn set_attribute<T>(
    object: &Bound<'_, T>,
    name: &Bound<'_, PyAny>,
    value: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    let value = value.map_or(std::ptr::null_mut(), Bound::as_ptr);
    // SAFETY: two objects and an object or null, which means to delete; the thread is attached.
    match unsafe { ffi::PyObject_GenericSetAttr(object.as_ptr(), name.as_ptr(), value) } {
        0 => Ok(()),
        _ => Err(PyErr::fetch(object.py())),
    }
}

/// `object.name = value`, or without a value `del object.name`, of a compact object that may have to
/// notice.
pub(crate) fn assign<T: Inflate>(
    object: &Bound<'_, T>,
    name: &Bound<'_, PyAny>,
    value: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    if T::assign(object, name, value)? {
        return Ok(());
    }
    set_attribute(object, name, value)
}

/// `object.__dir__()`. It inflates no object: the class has every part by name.
pub(crate) fn names<'py, T: Inflate>(object: &Bound<'py, T>) -> PyResult<Bound<'py, PyList>> {
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
pub(crate) fn weakref<'py, T: Inflate>(object: &Bound<'py, T>) -> PyResult<Bound<'py, PyAny>> {
    let py = object.py();
    let all = py
        .import(interned!(py, _weakref))?
        .call_method1(interned!(py, getweakrefs), (object,))?;
    if all.len()? == 0 {
        return Ok(py.None().into_bound(py));
    }
    all.get_item(0)
}
