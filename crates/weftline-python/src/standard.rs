//! The originals of the standard modules, kept before anything can be patched.
//!
//! Those of `threading` are kept when `weftline.threading` is imported. The extension module alone
//! imports no Python, so `weftline run` costs a program without threads next to nothing.

use crate::names::interned;
use crate::objects::{self, error};
use pyo3::Borrowed;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

static ALLOCATE_LOCK: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
/// For [`refuse_acquire`], which leaves it unlocked.
static REFUSING_LOCK: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static CONDITION: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static FINALIZATION_ERROR: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static BROKEN_BARRIER: PyOnceLock<Py<PyType>> = PyOnceLock::new();

pub(crate) fn remember(py: Python<'_>) -> PyResult<()> {
    ALLOCATE_LOCK.get_or_try_init(py, || {
        py.import("_thread")?
            .getattr("allocate_lock")
            .map(Bound::unbind)
    })?;
    REFUSING_LOCK.get_or_try_init(py, || {
        py.import("_thread")?
            .getattr("allocate_lock")?
            .call0()
            .map(Bound::unbind)
    })?;
    FINALIZATION_ERROR.get_or_try_init(py, || {
        // From 3.13 on there is a class for this error.
        let name = match cfg!(Py_3_13) {
            true => "PythonFinalizationError",
            false => "RuntimeError",
        };
        py.import("builtins")?.getattr(name).map(Bound::unbind)
    })?;
    Ok(())
}

/// Keeps the originals of `threading`. Returns whether they were not kept before.
pub(crate) fn remember_threading(py: Python<'_>) -> PyResult<bool> {
    let is_first = CONDITION.get(py).is_none();
    condition(py)?;
    broken_barrier_class(py)?;
    Ok(is_first)
}

fn condition(py: Python<'_>) -> PyResult<&Py<PyAny>> {
    CONDITION.get_or_try_init(py, || {
        py.import("threading")?
            .getattr("Condition")
            .map(Bound::unbind)
    })
}

fn broken_barrier_class(py: Python<'_>) -> PyResult<&Py<PyType>> {
    BROKEN_BARRIER.get_or_try_init(py, || {
        let class = py.import("threading")?.getattr("BrokenBarrierError")?;
        Ok(class.cast_into::<PyType>()?.unbind())
    })
}

/// Waits for NaN seconds as the running version's own condition does: it raises, or does not wait.
#[cold]
pub(crate) fn wait_for_nan(py: Python<'_>) -> PyResult<()> {
    let lock = ALLOCATE_LOCK
        .get(py)
        .expect("remembered at import")
        .call0(py)?;
    lock.call_method0(py, interned!(py, acquire))?;
    let timeout = objects::float(py, f64::NAN)?;
    condition(py)?
        .call1(py, (lock,))?
        .call_method1(py, interned!(py, wait), (timeout,))
        .map(drop)
}

/// The exception that the running version's own lock raises for `acquire` with these arguments.
#[cold]
pub(crate) fn refuse_acquire(
    py: Python<'_>,
    blocking: &Bound<'_, PyAny>,
    timeout: Borrowed<'_, '_, PyAny>,
) -> PyErr {
    let attempt = || -> PyResult<()> {
        let lock = REFUSING_LOCK.get(py).expect("remembered at import");
        let arguments = objects::dict(py)?;
        arguments.set_item(interned!(py, blocking), blocking)?;
        arguments.set_item(interned!(py, timeout), timeout)?;
        let taken = lock.call_method(py, interned!(py, acquire), (), Some(&arguments))?;
        if taken.is_truthy(py)? {
            lock.call_method0(py, interned!(py, release))?;
        }
        Ok(())
    };
    match attempt() {
        Err(refused) => refused,
        Ok(()) => error::<pyo3::exceptions::PyValueError>("timeout must be a number of seconds"),
    }
}

/// `threading.BrokenBarrierError`.
pub(crate) fn broken_barrier_error(py: Python<'_>) -> &Bound<'_, PyType> {
    // Not kept yet only if a barrier is created without `weftline.threading`.
    let class = broken_barrier_class(py).expect("the standard module `threading` can be imported");
    class.bind(py)
}

/// The exception that 3.15's locks raise for a wait that no thread can end, because the interpreter
/// is being finalised.
#[cold]
pub(crate) fn too_late_to_wait(py: Python<'_>) -> PyErr {
    let class = FINALIZATION_ERROR.get(py).expect("remembered at import");
    let error = objects::text(py, "cannot acquire lock at interpreter finalization")
        .and_then(|words| class.call1(py, (words,)));
    match error {
        Ok(error) => {
            let error = error.bind(py);
            objects::error_of(&error.get_type(), error)
        }
        Err(raised) => raised,
    }
}
