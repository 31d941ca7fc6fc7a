//! How a program ended.

use pyo3::ffi;
use std::ffi::c_int;

/// How a program ended.
pub(super) struct Ended {
    pub(super) status: c_int,
    /// By a KeyboardInterrupt that the program did not catch.
    pub(super) interrupted: bool,
}

impl Ended {
    /// After a C function that returns nonzero for an exception, which it has printed.
    pub(super) fn after(result: c_int) -> Self {
        // SAFETY: this thread is attached; the object is borrowed and compared immediately.
        let interrupted =
            result != 0 && unsafe { is_interrupt(ffi::PySys_GetObject(c"last_type".as_ptr())) };
        Self {
            status: c_int::from(result != 0),
            interrupted,
        }
    }

    /// After a call, whose exception is still to be printed.
    pub(super) fn after_call(result: *mut ffi::PyObject) -> Self {
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
