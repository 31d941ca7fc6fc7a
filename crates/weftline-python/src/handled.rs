//! Calls while an exception is being handled, as in an `except` or a `finally` clause:
//! `sys.exc_info()` returns that exception, and an exception that such a call raises has it as its
//! `__context__`.

use pyo3::ffi;
use pyo3::prelude::*;

/// Runs `call` as the body of `except`, while `raised` is handled.
pub(crate) fn handling<T>(
    py: Python<'_>,
    raised: &PyErr,
    call: impl FnOnce() -> PyResult<T>,
) -> PyResult<T> {
    let handled = Handled::enter(py, raised);
    let ended = call();
    drop(handled);
    ended.inspect_err(|later| within(py, later, raised))
}

/// Runs `last` as the body of `finally`, after a body with the result `ended`.
pub(crate) fn finally<T>(
    py: Python<'_>,
    ended: PyResult<T>,
    last: impl FnOnce() -> PyResult<()>,
) -> PyResult<T> {
    match ended {
        Ok(value) => last().map(|()| value),
        Err(raised) => match handling(py, &raised, last) {
            Ok(()) => Err(raised),
            Err(later) => Err(later),
        },
    }
}

/// Exceptions created here have no context yet; those that the interpreter raised have theirs.
fn within(py: Python<'_>, later: &PyErr, raised: &PyErr) {
    let (later, raised) = (later.value(py), raised.value(py));
    if later.is(raised) {
        return;
    }
    // SAFETY: two exceptions. The first call returns an owned reference or null, and the second
    // takes one.
    unsafe {
        let context = ffi::PyException_GetContext(later.as_ptr());
        match Bound::from_owned_ptr_or_opt(py, context) {
            Some(_) => {}
            None => ffi::PyException_SetContext(later.as_ptr(), raised.clone().unbind().into_ptr()),
        }
    }
}

/// The interpreter's exception that is being handled in this thread. Drop restores the one before.
struct Handled<'py> {
    before: Option<Bound<'py, PyAny>>,
    py: Python<'py>,
}

impl<'py> Handled<'py> {
    fn enter(py: Python<'py>, raised: &PyErr) -> Self {
        // SAFETY: attached. The result is an owned reference or null.
        let before = unsafe { Bound::from_owned_ptr_or_opt(py, ffi::PyErr_GetHandledException()) };
        let value = raised.value(py);
        // Up to 3.11 the traceback of a raised exception is stored beside it until a clause of the
        // interpreter catches it.
        if cfg!(not(Py_3_12))
            && let Some(traceback) = raised.traceback(py)
        {
            // SAFETY: an exception and a traceback. The call takes a reference of its own.
            unsafe { ffi::PyException_SetTraceback(value.as_ptr(), traceback.as_ptr()) };
        }
        // SAFETY: attached. The interpreter takes a reference of its own.
        unsafe { ffi::PyErr_SetHandledException(value.as_ptr()) };
        Self { before, py }
    }
}

impl Drop for Handled<'_> {
    fn drop(&mut self) {
        let before = match &self.before {
            Some(before) => before.as_ptr(),
            None => self.py.None().as_ptr(),
        };
        // SAFETY: as in `enter`. A pending exception, one that is set to be raised, is stored
        // elsewhere.
        unsafe { ffi::PyErr_SetHandledException(before) };
    }
}
