//! Opens a file and runs it.

use pyo3::exceptions::{PyIsADirectoryError, PyOSError};
use pyo3::ffi;
use pyo3::prelude::*;
use std::ffi::{CStr, OsString, c_int};

/// Runs the contents of `stream`, and closes it before the run if `is_own`.
pub(super) fn run_stream(
    py: Python<'_>,
    stream: *mut libc::FILE,
    name: &CStr,
    is_own: bool,
) -> c_int {
    let mut flags = ffi::PyCompilerFlags {
        cf_flags: 0,
        cf_feature_version: py.version_info().minor.into(),
    };
    // SAFETY: this thread is attached, the stream is open, and both pointers outlive the call.
    unsafe { ffi::PyRun_AnyFileExFlags(stream, name.as_ptr(), is_own.into(), &mut flags) }
}

/// Opens the file at `path`, which is called `name`.
pub(super) fn open(path: &OsString, name: &CStr) -> PyResult<*mut libc::FILE> {
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
