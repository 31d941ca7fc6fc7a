//! The place of a Python program at which a thread waits, for the reports of blocked threads.

use crate::collector::CollectorOff;
use crate::names::interned;
use pyo3::ffi::PyObject;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use std::ffi::c_int;
use weftline::park::{self, Site};

unsafe extern "C" {
    fn PyEval_GetFrame() -> *mut PyObject;
    fn PyFrame_GetBack(frame: *mut PyObject) -> *mut PyObject;
    fn PyFrame_GetCode(frame: *mut PyObject) -> *mut PyObject;
    fn PyFrame_GetGlobals(frame: *mut PyObject) -> *mut PyObject;
    fn PyFrame_GetLineNumber(frame: *mut PyObject) -> c_int;
}

/// Makes `site` the innermost Python frame of the calling thread outside this package, or unknown
/// if there is none.
///
/// The names are copied: a report may be written when their objects are gone. It runs no code of
/// the program.
#[cold]
pub(crate) fn name(py: Python<'_>, site: &mut Site) {
    site.forget();
    if let Some(frame) = program_frame(py) {
        describe(&frame, |function, file, line| {
            site.set(function, file, line)
        });
    }
}

/// Calls `is` with the function, file and line of a frame. What is no valid Unicode in a name, as
/// in that of a file in another encoding, is replaced.
pub(crate) fn describe(frame: &Bound<'_, PyAny>, is: impl FnOnce(&str, &str, u32)) {
    let py = frame.py();
    // SAFETY: attached, with a frame. The code is a new reference.
    let (code, line) = unsafe {
        (
            Bound::from_owned_ptr_or_opt(py, PyFrame_GetCode(frame.as_ptr())),
            PyFrame_GetLineNumber(frame.as_ptr()),
        )
    };
    let Some(code) = code else { return };
    let text = |name| {
        code.getattr(name)?
            .cast_into::<PyString>()
            .map_err(PyErr::from)
    };
    if let (Ok(function), Ok(file)) = (
        text(interned!(py, co_qualname)),
        text(interned!(py, co_filename)),
    ) {
        let (function, file) = (function.to_string_lossy(), file.to_string_lossy());
        is(&function, &file, u32::try_from(line).unwrap_or(0));
    }
}

/// The frame that called this one. `None`: there is none, or no memory for its object.
pub(crate) fn outer<'py>(frame: &Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
    let _collector = CollectorOff::new();
    // SAFETY: attached, with a frame. The reference is new, or null.
    let outer =
        unsafe { Bound::from_owned_ptr_or_opt(frame.py(), PyFrame_GetBack(frame.as_ptr())) };
    if outer.is_none() {
        drop(PyErr::take(frame.py()));
    }
    outer
}

/// The innermost frame whose module is not of this package.
pub(crate) fn program_frame(py: Python<'_>) -> Option<Bound<'_, PyAny>> {
    let _collector = CollectorOff::new();
    // SAFETY: attached. The reference is borrowed from the running frame, or null.
    let mut frame = unsafe { Bound::from_borrowed_ptr_or_opt(py, PyEval_GetFrame()) }?;
    while is_ours(&frame) {
        frame = outer(&frame)?;
    }
    Some(frame)
}

pub(crate) fn is_ours(frame: &Bound<'_, PyAny>) -> bool {
    // SAFETY: attached, with a frame. The reference is new.
    let globals =
        unsafe { Bound::from_owned_ptr_or_opt(frame.py(), PyFrame_GetGlobals(frame.as_ptr())) };
    let name = globals
        .and_then(|globals| globals.cast_into::<PyDict>().ok())
        .and_then(|globals| globals.get_item(interned!(frame.py(), __name__)).ok()?)
        .and_then(|name| name.cast_into::<PyString>().ok());
    name.is_some_and(|name| {
        name.to_str()
            .is_ok_and(|name| name.starts_with("weftline."))
    })
}

type Blocked = (
    u64,
    String,
    usize,
    Option<String>,
    Option<String>,
    Option<u32>,
);

/// The threads that sleep in a wait: the identifier, as of `threading.get_ident()`, the kind of the
/// object, its address, and the function, file and line. For tests.
#[pyfunction]
pub(crate) fn blocked_now() -> Vec<Blocked> {
    park::blocked_now()
        .map(|blocked| {
            let site = &blocked.site;
            (
                blocked.os_ident,
                format!("{:?}", blocked.kind),
                blocked.object,
                site.function().map(str::to_owned),
                site.file().map(str::to_owned),
                site.line(),
            )
        })
        .collect()
}
