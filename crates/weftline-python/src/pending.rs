//! What the interpreter does between two instructions of Python code when it is asked to: it runs
//! the handlers of signals, raises an exception that another thread has sent
//! (`PyThreadState_SetAsyncExc`), and hands the interpreter lock to a thread that waits for it.
//!
//! Rust code has no such moments. A wait and a loop that calls the program's objects create them.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTraceback;

static NOTHING: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Creates, at import, the Python function that [`handle_pending`] calls: when memory is short it
/// could not be created.
pub(crate) fn remember(py: Python<'_>) -> PyResult<()> {
    // Globals of its own: the default, those of `__main__`, would be kept beyond the program's end.
    let globals = crate::objects::dict(py)?;
    let nothing = py.eval(c"lambda: None", Some(&globals), None)?.unbind();
    // Kept from the first import on.
    let _ = NOTHING.set(py, nothing);
    Ok(())
}

/// Does all of it, as at the end of each pass through a Python loop. Each loop over objects that
/// the program may replace ends its passes with this: no part of the loop need be Python code, and
/// the loop need not end.
///
/// No function of the C interface does all of it. The interpreter does it at the start of a Python
/// function, so this calls one.
pub(crate) fn handle_pending(py: Python<'_>) -> PyResult<()> {
    let nothing = NOTHING.get(py).expect("remembered at import");
    let Err(raised) = nothing.call0(py) else {
        return Ok(());
    };
    // The frames of a signal handler are inside that of the function, which no program expects.
    let handler = raised.traceback(py).and_then(|trace| {
        let inner = trace.getattr(crate::names::interned!(py, tb_next)).ok()?;
        inner.cast_into::<PyTraceback>().ok()
    });
    raised.set_traceback(py, handler);
    Err(raised)
}

/// Runs the handlers of pending signals. An exception that another thread has sent is raised too,
/// from 3.15 on, if the call `meets_sent` ones.
///
/// There `PyErr_CheckSignals` raises it. The standard classes written in C call
/// `Py_MakePendingCalls` in their waits, and meet such an exception only afterwards.
pub(crate) fn check_signals(py: Python<'_>, meets_sent: bool) -> PyResult<()> {
    if !cfg!(Py_3_15) || meets_sent {
        return py.check_signals();
    }
    // SAFETY: attached to the interpreter; the result says whether an exception is set.
    match unsafe { pyo3::ffi::Py_MakePendingCalls() } {
        0 => Ok(()),
        _ => Err(PyErr::fetch(py)),
    }
}
