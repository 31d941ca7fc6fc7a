//! Calls from here into Python code of the program: comparisons, overridden methods, barrier
//! actions, predicates. `exit_guard.rs` has what the exit of the interpreter does about them.

use crate::exit_guard::{self, inside};
use crate::recursion;
use pyo3::ffi;
use pyo3::prelude::*;

/// Runs `call`, which calls Python code of the program. Raises `RecursionError` instead when little
/// stack is left. Does not return on a thread other than the exiting one once the exit has begun.
#[inline]
pub(crate) fn calling_back<T>(py: Python<'_>, call: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    recursion::check(py)?;
    inside(py, call)
}

/// As [`calling_back`], with a reserve of stack, for a call that undoes an earlier one, such as the
/// release of a lock.
#[inline]
pub(crate) fn calling_back_to_leave<T>(
    py: Python<'_>,
    call: impl FnOnce() -> PyResult<T>,
) -> PyResult<T> {
    recursion::check_leaving(py)?;
    inside(py, call)
}

/// Makes PyO3 check whether there is an interpreter, which it does the first time that a thread
/// attaches.
///
/// Once the exit of the interpreter has begun the answer is no, and a destructor may be the first
/// caller to need it. While `site` is imported, from 3.15 on, the answer is no too; then the exit
/// handler checks.
pub(crate) fn know_the_interpreter(py: Python<'_>) {
    // SAFETY: may be called at any time.
    if unsafe { ffi::Py_IsInitialized() } != 0 {
        py.detach(|| Python::attach(|_| ()));
    }
}

/// The exit handler.
#[pyfunction]
fn _before_exit(py: Python<'_>) {
    know_the_interpreter(py);
    exit_guard::before_exit(py);
}

/// The fork handler.
#[pyfunction]
fn _after_fork_in_child() {
    exit_guard::after_fork_in_child();
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    py.import("atexit")?
        .call_method1("register", (wrap_pyfunction!(_before_exit, module)?,))?;
    let os = py.import("os")?;
    if os.hasattr("register_at_fork")? {
        let handlers = pyo3::types::PyDict::new(py);
        handlers.set_item(
            "after_in_child",
            wrap_pyfunction!(_after_fork_in_child, module)?,
        )?;
        os.call_method("register_at_fork", (), Some(&handlers))?;
    }
    Ok(())
}
