//! Runs a program as the interpreter's own main function does, from within a running interpreter:
//! `weftline run`.
//!
//! | file | what it holds |
//! |---|---|
//! | `frames.rs` | hides the frames of the launcher from the program |
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

mod frames;
mod prompt;

use pyo3::exceptions::{PyIsADirectoryError, PyOSError};
use pyo3::ffi;
use pyo3::prelude::*;
use std::ffi::{CStr, CString, OsString, c_int};
use std::os::raw::c_void;

/// How a program ended.
struct Ended {
    status: c_int,
    /// By a KeyboardInterrupt that the program did not catch.
    interrupted: bool,
}

impl Ended {
    /// After a C function that returns nonzero for an exception, which it has printed.
    fn after(result: c_int) -> Self {
        // SAFETY: this thread is attached; the object is borrowed and compared immediately.
        let interrupted =
            result != 0 && unsafe { is_interrupt(ffi::PySys_GetObject(c"last_type".as_ptr())) };
        Self {
            status: c_int::from(result != 0),
            interrupted,
        }
    }

    /// After a call, whose exception is still to be printed.
    fn after_call(result: *mut ffi::PyObject) -> Self {
        // SAFETY: this thread is attached; `result` is a new reference, or null with an exception.
        unsafe {
            if !result.is_null() {
                ffi::Py_DECREF(result);
                return Self::after(0);
            }
            let interrupted = is_interrupt(ffi::PyErr_Occurred());
            // Ends the process if it is a SystemExit.
            ffi::PyErr_Print();
            Self {
                status: 1,
                interrupted,
            }
        }
    }
}

/// Whether an uncaught exception of this class ends the interpreter as an interrupt does: a
/// KeyboardInterrupt, from 3.14 on also a subclass.
///
/// # Safety
///
/// This thread is attached, and `class` is a class or null.
unsafe fn is_interrupt(class: *mut ffi::PyObject) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        class == ffi::PyExc_KeyboardInterrupt
            || cfg!(Py_3_14)
                && !class.is_null()
                && ffi::PyErr_GivenExceptionMatches(class, ffi::PyExc_KeyboardInterrupt) != 0
    }
}

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

/// Runs the contents of `stream`, and closes it before the run if `is_own`.
fn run_stream(py: Python<'_>, stream: *mut libc::FILE, name: &CStr, is_own: bool) -> c_int {
    let mut flags = ffi::PyCompilerFlags {
        cf_flags: 0,
        cf_feature_version: py.version_info().minor.into(),
    };
    // SAFETY: this thread is attached, the stream is open, and both pointers outlive the call.
    unsafe { ffi::PyRun_AnyFileExFlags(stream, name.as_ptr(), is_own.into(), &mut flags) }
}

fn open(path: &OsString, name: &CStr) -> PyResult<*mut libc::FILE> {
    #[cfg(unix)]
    let stream = {
        use std::os::fd::IntoRawFd;
        let file = std::fs::File::open(path).map_err(refused)?;
        if file.metadata().map_err(refused)?.is_dir() {
            return Err(PyIsADirectoryError::new_err(()));
        }
        let _ = name;
        // SAFETY: the descriptor is open, and the stream owns it from here on.
        unsafe { libc::fdopen(file.into_raw_fd(), c"rb".as_ptr()) }
    };
    #[cfg(not(unix))]
    let stream = {
        if std::fs::metadata(path).map_err(refused)?.is_dir() {
            return Err(PyIsADirectoryError::new_err(()));
        }
        // SAFETY: both strings end with a zero.
        unsafe { libc::fopen(name.as_ptr(), c"rb".as_ptr()) }
    };
    match stream.is_null() {
        true => Err(refused(std::io::Error::last_os_error())),
        false => Ok(stream),
    }
}

/// An OSError with its number.
fn refused(error: std::io::Error) -> PyErr {
    PyOSError::new_err((error.raw_os_error(), error.to_string()))
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_run_file, module)?)?;
    module.add_function(wrap_pyfunction!(_run_module, module)?)?;
    module.add_function(wrap_pyfunction!(_run_standard_input, module)?)?;
    module.add_function(wrap_pyfunction!(_can_be_imported_from, module)?)
}
