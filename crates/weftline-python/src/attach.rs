//! Attaching to the interpreter on threads that it has not started.

use pyo3::prelude::*;

/// As [`Python::try_attach`]. `None` when there is no interpreter, or none any more.
///
/// A thread that the interpreter has not started gets a thread state first, which is entered in a
/// list under a lock of the interpreter's, and without the interpreter lock. Up to CPython 3.11 the
/// child of a fork takes that lock before it makes it anew, and waits for ever if another thread
/// had it at the fork. So there the state is made while nobody can fork.
pub(crate) fn try_attach<R>(f: impl for<'py> FnOnce(Python<'py>) -> R) -> Option<R> {
    let is_made = cfg!(not(Py_3_12)) && made_thread_state();
    Python::try_attach(|py| {
        if is_made {
            // SAFETY: attached. The state counts who uses it: one from its making, and one more
            // since it was attached to. That one is left, and whoever is the last to go deletes it.
            unsafe {
                pyo3::ffi::PyGILState_Release(pyo3::ffi::PyGILState_STATE::PyGILState_LOCKED);
            }
        }
        f(py)
    })
}

/// Gives the calling thread a thread state, if it has none and there is an interpreter; says
/// whether it did.
fn made_thread_state() -> bool {
    // SAFETY: always safe to call.
    let needs_one = unsafe {
        pyo3::ffi::Py_IsInitialized() != 0 && pyo3::ffi::PyGILState_GetThisThreadState().is_null()
    };
    // SAFETY: the interpreter is there, as far as anybody can know who does not hold its lock; nor
    // does this need it.
    needs_one
        && weftline::thread::timer::raw::without_forks(|| unsafe {
            !pyo3::ffi::PyThreadState_New(pyo3::ffi::PyInterpreterState_Main()).is_null()
        })
}
