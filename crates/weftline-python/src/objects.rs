//! Creates Python objects. When memory is short, each of these functions raises `MemoryError`.
//! PyO3's own constructors panic instead, and so do the conversions of a method's result.
//!
//! So no other module of this crate creates an `int` that may be large, a `float`, a `str`, a
//! `tuple`, a `list` or a `dict`. Attributes are read by names that exist already (`names.rs`).

use pyo3::PyTypeInfo;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple, PyType};
use std::fmt::{self, Write};

/// # Safety
/// A new reference, or null with an exception set.
unsafe fn owned<'py>(py: Python<'py>, object: *mut ffi::PyObject) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: passed on.
    unsafe { Bound::from_owned_ptr_or_err(py, object) }
}

/// Resolves, at import, the exception type that PyO3 compares with whenever it fetches an
/// exception.
pub(crate) fn remember(py: Python<'_>) {
    drop(py.get_type::<pyo3::panic::PanicException>());
}

/// `MemoryError`, for a failed allocation in Rust. Creating it needs no memory.
#[cold]
pub(crate) fn no_memory(py: Python<'_>) -> PyErr {
    // SAFETY: attached; it sets an exception that the interpreter keeps ready.
    unsafe { ffi::PyErr_NoMemory() };
    PyErr::fetch(py)
}

/// An `int`.
pub(crate) fn int(py: Python<'_>, number: i64) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: as `owned` asks.
    unsafe { owned(py, ffi::PyLong_FromLongLong(number)) }
}

/// An `int` that is a count.
pub(crate) fn count(py: Python<'_>, number: u64) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: as `owned` asks.
    unsafe { owned(py, ffi::PyLong_FromUnsignedLongLong(number)) }
}

/// As [`count`], for a number of objects in memory.
pub(crate) fn len(py: Python<'_>, number: usize) -> PyResult<Bound<'_, PyAny>> {
    count(py, number as u64)
}

/// A `float`.
pub(crate) fn float(py: Python<'_>, number: f64) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: as `owned` asks.
    unsafe { owned(py, ffi::PyFloat_FromDouble(number)) }
}

/// The value of `x` after `x += y`.
pub(crate) fn increased<'py>(
    x: &Bound<'py, PyAny>,
    y: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: as `owned` asks; two objects.
    unsafe { owned(x.py(), ffi::PyNumber_InPlaceAdd(x.as_ptr(), y.as_ptr())) }
}

/// The value of `x` after `x -= 1`.
pub(crate) fn decreased<'py>(x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let one = int(x.py(), 1)?;
    // SAFETY: as `owned` asks; two objects.
    unsafe {
        owned(
            x.py(),
            ffi::PyNumber_InPlaceSubtract(x.as_ptr(), one.as_ptr()),
        )
    }
}

/// A `str`.
pub(crate) fn text<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyString>> {
    PyString::from_bytes(py, text.as_bytes())
}

/// A `dict` without keys.
pub(crate) fn dict(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    // SAFETY: as `owned` asks; it is a dict.
    unsafe { Ok(owned(py, ffi::PyDict_New())?.cast_into_unchecked()) }
}

/// A `list` without items.
pub(crate) fn list(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    // SAFETY: as `owned` asks; it is a list.
    unsafe { Ok(owned(py, ffi::PyList_New(0))?.cast_into_unchecked()) }
}

/// A `tuple` of `items`.
pub(crate) fn tuple<'py>(
    py: Python<'py>,
    items: impl ExactSizeIterator<Item = Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyTuple>> {
    let len = items.len();
    // SAFETY: as `owned` asks. It is a tuple that no other code has seen yet, and each of its
    // places is filled once. An iterator that ends early leaves places null, which the interpreter
    // accepts.
    unsafe {
        let tuple = owned(py, ffi::PyTuple_New(len as ffi::Py_ssize_t))?;
        for (index, item) in items.take(len).enumerate() {
            ffi::PyTuple_SET_ITEM(tuple.as_ptr(), index as ffi::Py_ssize_t, item.into_ptr());
        }
        Ok(tuple.cast_into_unchecked())
    }
}

/// A part of a text.
pub(crate) enum Piece<'a, 'py> {
    Plain(&'a str),
    /// As `str()` writes it.
    Object(&'a Bound<'py, PyAny>),
    /// At most some thirty bytes.
    Short(fmt::Arguments<'a>),
}

/// The pieces, concatenated.
pub(crate) fn written<'py>(
    py: Python<'py>,
    pieces: &[Piece<'_, 'py>],
) -> PyResult<Bound<'py, PyString>> {
    let mut whole = text(py, "")?.into_ptr();
    for piece in pieces {
        let piece = match piece {
            Piece::Plain(plain) => text(py, plain),
            Piece::Object(object) => object.str(),
            Piece::Short(short) => text(py, Line::of(*short).as_str()),
        };
        let piece = match piece {
            Ok(piece) => piece,
            Err(raised) => {
                // SAFETY: the reference is this function's own.
                unsafe { ffi::Py_DECREF(whole) };
                return Err(raised);
            }
        };
        // SAFETY: two strings; the place gets the new one, or null with an exception set.
        unsafe { ffi::PyUnicode_Append(&raw mut whole, piece.as_ptr()) };
        if whole.is_null() {
            return Err(PyErr::fetch(py));
        }
    }
    // SAFETY: a string that is this function's own.
    unsafe { Ok(owned(py, whole)?.cast_into_unchecked()) }
}

/// A short text in a fixed buffer. A piece that does not fit is left out.
struct Line {
    bytes: [u8; 120],
    len: usize,
}

impl Line {
    fn of(arguments: fmt::Arguments<'_>) -> Self {
        let mut line = Self {
            bytes: [0; 120],
            len: 0,
        };
        let _ = line.write_fmt(arguments);
        line
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len + text.len();
        let place = self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?;
        place.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

/// An exception of the class `T` with the text `words`. Created immediately. PyO3's are created
/// when they are raised, and may panic then.
#[cold]
pub(crate) fn error<T: PyTypeInfo>(words: &str) -> PyErr {
    // Attached already, since only an attached thread raises.
    Python::attach(|py| match text(py, words) {
        Ok(words) => error_of(&py.get_type::<T>(), words.as_any()),
        Err(raised) => raised,
    })
}

/// As [`error`], with a text in pieces.
#[cold]
pub(crate) fn error_in_pieces<T: PyTypeInfo>(py: Python<'_>, pieces: &[Piece<'_, '_>]) -> PyErr {
    match written(py, pieces) {
        Ok(words) => error_of(&py.get_type::<T>(), words.as_any()),
        Err(raised) => raised,
    }
}

/// `class()`, as an exception. Created immediately, as by [`error`].
#[cold]
pub(crate) fn bare_error(class: &Bound<'_, PyType>) -> PyErr {
    // SAFETY: a class of exceptions; the thread is attached.
    unsafe { ffi::PyErr_SetNone(class.as_ptr()) };
    PyErr::fetch(class.py())
}

/// `class(argument)`, as an exception, or the argument if it is one. Its context is the exception
/// that is being handled, as after `raise`.
#[cold]
pub(crate) fn error_of<'py>(class: &Bound<'py, PyType>, argument: &Bound<'py, PyAny>) -> PyErr {
    // SAFETY: a class of exceptions and its argument; the thread is attached.
    unsafe { ffi::PyErr_SetObject(class.as_ptr(), argument.as_ptr()) };
    PyErr::fetch(class.py())
}
