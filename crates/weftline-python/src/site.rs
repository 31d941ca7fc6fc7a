//! The place of a Python program at which a thread waits, for the reports of blocked threads.

use pyo3::ffi::PyObject;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyString;
use std::ffi::c_int;
use weftline::park::{self, Site};

unsafe extern "C" {
    fn PyEval_GetFrame() -> *mut PyObject;
    fn PyFrame_GetCode(frame: *mut PyObject) -> *mut PyObject;
    fn PyFrame_GetLineNumber(frame: *mut PyObject) -> c_int;
}

/// Makes `site` the innermost Python frame of the calling thread, or unknown if there is none.
///
/// The names are copied: a report may be written when their objects are gone. It takes under a
/// microsecond, and runs no code of the program.
#[cold]
pub(crate) fn name(py: Python<'_>, site: &mut Site) {
    site.forget();
    // SAFETY: attached. The frame runs as long as this call, so the borrowed reference is valid.
    let (code, line) = unsafe {
        let frame = PyEval_GetFrame();
        if frame.is_null() {
            return;
        }
        let code = PyFrame_GetCode(frame);
        (
            Bound::from_owned_ptr_or_opt(py, code),
            PyFrame_GetLineNumber(frame),
        )
    };
    let Some(code) = code else { return };
    let text = |name| {
        code.getattr(name)?
            .cast_into::<PyString>()
            .map_err(PyErr::from)
    };
    // A name that is no valid Unicode is left out.
    if let (Ok(function), Ok(file)) = (
        text(intern!(py, "co_qualname")),
        text(intern!(py, "co_filename")),
    ) && let (Ok(function), Ok(file)) = (function.to_str(), file.to_str())
    {
        site.set(function, file, u32::try_from(line).unwrap_or(0));
    }
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
