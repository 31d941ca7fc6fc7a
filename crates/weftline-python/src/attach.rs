//! Attaching to the interpreter on threads that it has not started.

use pyo3::prelude::*;

/// As [`Python::try_attach`]. `None` when there is no interpreter, or none any more.
///
/// A thread that the interpreter has not started first gets a thread state. The interpreter enters
/// it in a list under a lock of its own, without the interpreter lock. Up to CPython 3.11 the child
/// of a fork takes that lock before it reinitialises it. The child hangs if another thread held it
/// at the fork. So on those versions the state is created while no thread can fork.
pub(crate) fn try_attach<R>(f: impl for<'py> FnOnce(Python<'py>) -> R) -> Option<R> {
    let is_added = cfg!(not(Py_3_12)) && add_thread_state();
    Python::try_attach(|py| {
        if is_added {
            // SAFETY: attached. The state counts its users: one from its creation, and one more
            // since this thread attached to it. This call drops the first. The last user to leave
            // deletes the state.
            unsafe {
                pyo3::ffi::PyGILState_Release(pyo3::ffi::PyGILState_STATE::PyGILState_LOCKED);
            }
        }
        f(py)
    })
}

/// Gives the calling thread a thread state, if it has none and there is an interpreter. Returns
/// whether it did.
fn add_thread_state() -> bool {
    // SAFETY: always safe to call.
    let needs_one = unsafe {
        pyo3::ffi::Py_IsInitialized() != 0 && pyo3::ffi::PyGILState_GetThisThreadState().is_null()
    };
    // SAFETY: the interpreter is there, as far as a thread without its lock can know. The call does
    // not need the lock either.
    needs_one
        && weftline::thread::timer::raw::without_forks(|| unsafe {
            !pyo3::ffi::PyThreadState_New(pyo3::ffi::PyInterpreterState_Main()).is_null()
        })
}
