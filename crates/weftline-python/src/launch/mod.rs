//! Runs a program as the interpreter's own main function does, from within a running interpreter:
//! `weftline run`.
//!
//! | file | what it holds |
//! |---|---|
//! | `frames.rs` | hides the frames of the launcher from the program |
//! | `ended.rs` | how a program ended |
//! | `stream.rs` | opens a file and runs it |
//! | `prompt.rs` | the interactive interpreter on standard input |
//!
//! The program is started by the same C functions that `python` calls (`Modules/main.c`). So its
//! `__main__`, the text of a syntax error, the exception hook and the exit statuses are the
//! interpreter's. `run.py` prepares `sys.argv`, `sys.path` and an empty `__main__`.
//!
//! # Implementation
//!
//! The frames of the launcher stay hidden to the end: the process exits from here, as it does in
//! the interpreter's own handling of `SystemExit`. The call returns only when a prompt follows the
//! program (`python -i`), since the interpreter itself shows that prompt.

mod ended;
mod frames;
mod prompt;
mod stream;

use ended::Ended;
use pyo3::ffi;
use pyo3::prelude::*;
use std::ffi::{CString, OsString};
use std::os::raw::c_void;
use stream::{open, run_stream};

/// Calls `run` with the launcher's frames hidden, then exits. Returns if the interpreter is to show
/// a prompt after the program.
fn as_main(py: Python<'_>, run: impl FnOnce() -> Ended) {
    let hidden = frames::hide(py);
    let ended = run();
    if prompt::follows(py) {
        drop(hidden);
        return;
    }
    // SAFETY: this thread is attached, and its stack of Python frames is empty or is never returned
    // to.
    unsafe {
        if ended.interrupted {
            libc::atexit(die_of_interrupt);
        }
        ffi::Py_Exit(ended.status)
    }
}

/// The last act of a process whose program an interrupt has ended. The signal tells the parent
/// shell so.
extern "C" fn die_of_interrupt() {
    #[cfg(unix)]
    // SAFETY: neither call has a precondition.
    unsafe {
        libc::signal(libc::SIGINT, libc::SIG_DFL);
        libc::kill(libc::getpid(), libc::SIGINT);
    }
}

/// Runs the file at `path`, source or compiled. Raises OSError, before anything has run, if it
/// cannot be opened.
#[pyfunction]
fn _run_file(py: Python<'_>, path: OsString) -> PyResult<()> {
    let name = CString::new(path.as_encoded_bytes())?;
    let stream = open(&path, &name)?;
    as_main(py, || Ended::after(run_stream(py, stream, &name, true)));
    Ok(())
}

/// Runs the module `name` by `runpy`, which puts its path into `sys.argv[0]` if `alter_argv` is
/// true.
#[pyfunction]
fn _run_module(py: Python<'_>, name: Bound<'_, PyAny>, alter_argv: Bound<'_, PyAny>) {
    as_main(py, || {
        // SAFETY: this thread is attached. Each step gets the result of the step before, unless
        // that is null.
        Ended::after_call(unsafe {
            let runpy = ffi::PyImport_ImportModule(c"runpy".as_ptr());
            if runpy.is_null() {
                runpy
            } else {
                let start = ffi::PyObject_GetAttrString(runpy, c"_run_module_as_main".as_ptr());
                ffi::Py_DECREF(runpy);
                if start.is_null() {
                    start
                } else {
                    let result = ffi::PyObject_CallFunctionObjArgs(
                        start,
                        name.as_ptr(),
                        alter_argv.as_ptr(),
                        std::ptr::null_mut::<c_void>(),
                    );
                    ffi::Py_DECREF(start);
                    result
                }
            }
        })
    });
}

/// Runs the program on standard input, or the interactive interpreter if that is a terminal.
#[pyfunction]
fn _run_standard_input(py: Python<'_>) {
    as_main(py, || prompt::standard_input(py));
}

/// Whether modules can be imported from `path`: a directory or an archive, which is run by its
/// `__main__`.
#[pyfunction]
fn _can_be_imported_from(py: Python<'_>, path: Bound<'_, PyAny>) -> PyResult<bool> {
    // SAFETY: this thread is attached; the function returns a new reference, or null with an
    // exception.
    let importer =
        unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyImport_GetImporter(path.as_ptr())) }?;
    Ok(!importer.is_none())
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_run_file, module)?)?;
    module.add_function(wrap_pyfunction!(_run_module, module)?)?;
    module.add_function(wrap_pyfunction!(_run_standard_input, module)?)?;
    module.add_function(wrap_pyfunction!(_can_be_imported_from, module)?)
}
