//! The program's access to `__dict__` and parts. All but [`assign`] inflate the object first.
//!
//! The getter of `__dict__` inflates. So `vars(x)`, `self.__dict__.copy()` and
//! `self.__dict__.update(state)` see and change what the methods work on.
//!
//! The interpreter's own attribute access bypasses that getter, so the getter does not slow it. It
//! finds the dictionary by its offset in the object. A compact object has none there, or one with
//! the program's own attributes only.

use super::dict::{missing, raw_dict, set_part};
use super::transition::Inflate;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

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

/// Sets a part, after inflating the object.
pub(crate) fn assign_part<'py, T: Inflate>(
    object: &Bound<'py, T>,
    name: &Bound<'py, PyString>,
    value: &Bound<'py, PyAny>,
) -> PyResult<()> {
    T::inflate(object)?;
    set_part(object, name, value)
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

/// The default of `object.__setattr__` and `object.__delattr__`: `object.name = value`, or without
/// a value `del object.name`.
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

/// `object.name = value`, or without a value `del object.name`. First offers the assignment to
/// [`Inflate::assign`].
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
