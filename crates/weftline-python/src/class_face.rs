//! How our classes show themselves as the standard ones do: their names and modules, the text of an
//! object, and the warnings about old methods.

use crate::introspection;
use crate::names::interned;
use crate::objects::{Piece, written};
use pyo3::PyClass;
use pyo3::exceptions::PyDeprecationWarning;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyString;
use std::ffi::CStr;

/// Adds a class that is written in Python in the standard library. The module is an attribute of
/// such a class. For a class written in C it is part of the name, and shows in error messages.
pub(crate) fn add_class_of<T: PyClass>(module: &Bound<'_, PyModule>, home: &str) -> PyResult<()> {
    module.add_class::<T>()?;
    let class = module.py().get_type::<T>();
    class.setattr("__name__", class.name()?)?;
    class.setattr("__module__", home)
}

/// As [`add_class_of`]; `init` documents the class's `__init__`.
pub(crate) fn add_class_like<T: PyClass>(
    module: &Bound<'_, PyModule>,
    home: &str,
    init: &'static CStr,
) -> PyResult<()> {
    add_class_of::<T>(module, home)?;
    introspection::show_init::<T>(module.py(), init)
}

/// `<module.Class at 0x…: state>`, as the standard classes write themselves.
pub(crate) fn repr_at<'py>(
    object: &Bound<'py, PyAny>,
    state: &Bound<'py, PyString>,
) -> PyResult<Bound<'py, PyString>> {
    let (py, class) = (object.py(), object.get_type());
    let module = class.getattr(interned!(py, __module__))?;
    let name = class.getattr(interned!(py, __qualname__))?;
    let address = object.as_ptr() as usize;
    written(
        py,
        &[
            Piece::Plain("<"),
            Piece::Object(&module),
            Piece::Plain("."),
            Piece::Object(&name),
            Piece::Short(format_args!(" at {address:#x}: ")),
            Piece::Object(state.as_any()),
            Piece::Plain(">"),
        ],
    )
}

/// Warns about a method that the standard library has deprecated or dropped.
pub(crate) fn warn_deprecated(py: Python<'_>, old: &str, new: &str) -> PyResult<()> {
    let words = [
        Piece::Plain(old),
        Piece::Plain("() is deprecated, use "),
        Piece::Plain(new),
        Piece::Plain("() instead"),
    ];
    let (words, category) = (written(py, &words)?, py.get_type::<PyDeprecationWarning>());
    // SAFETY: attached. The bytes belong to the string, end with a zero and live as long as it
    // does.
    let raised = unsafe {
        match ffi::PyUnicode_AsUTF8(words.as_ptr()) {
            text if text.is_null() => -1,
            text => ffi::PyErr_WarnEx(category.as_ptr(), text, 1),
        }
    };
    match raised {
        0 => Ok(()),
        _ => Err(PyErr::fetch(py)),
    }
}
