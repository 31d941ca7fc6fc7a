//! The order of locks, for Python: the classes of locks that a program makes, and the functions by
//! which Python code asks.

use crate::attach::try_attach;
use crate::exit_guard::inside;
use crate::site;
use crate::told::answer_for_interpreter;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};
use weftline::park::LockClass;
use weftline::watch::{self, Inversion, OnInversion};

/// The class of a lock that the program makes now, if the order of locks is watched.
#[inline]
pub(crate) fn class_here(py: Python<'_>) -> Option<LockClass> {
    watch::watches_lock_order().then(|| class_of_caller(py))
}

/// The class of the innermost line that makes locks for itself, if possible one in a file: a
/// library may have made the code of another, as the `__init__` of a dataclass.
#[cold]
fn class_of_caller(py: Python<'_>) -> LockClass {
    let mut made_by_code = None;
    let mut next = site::program_frame(py);
    while let Some(frame) = next {
        let mut class = None;
        site::describe(&frame, |function, file, line| {
            if !is_rlock(function, file) {
                let is_in_file = !file.starts_with('<');
                if is_in_file || made_by_code.is_none() {
                    class = Some((is_in_file, watch::lock_class(Some(function), file, line)));
                }
            }
        });
        match class {
            Some((true, class)) => return class,
            Some((false, class)) => made_by_code = Some(class),
            None => {}
        }
        next = site::outer(&frame);
    }
    made_by_code.unwrap_or(LockClass::FIRST)
}

/// Whether it is the function `threading.RLock` of up to 3.12.
fn is_rlock(function: &str, file: &str) -> bool {
    function == "RLock" && file.ends_with("threading.py")
}

/// The callable that is told inversions, if there is one. Its lock is held for the time of a copy.
static CALLABLE: weftline::Lock<Option<Py<PyAny>>> = weftline::Lock::new(None);

fn call(inversion: &Inversion) {
    try_attach(|py| {
        inside(py, || {
            let callable = CALLABLE
                .lock()
                .as_ref()
                .map(|callable| callable.clone_ref(py));
            let Some(callable) = callable else { return };
            let callable = callable.bind(py);
            if let Err(raised) = callable.call1((inversion.text.as_str(),)) {
                raised.write_unraisable(py, Some(callable));
            }
        });
    });
}

/// Watches the order of locks, or no longer does.
#[pyfunction]
fn _lock_order(watched: bool) {
    answer_for_interpreter();
    watch::lock_order(watched);
}

/// Whether the order of locks is watched.
#[pyfunction]
fn _watches_lock_order() -> bool {
    watch::watches_lock_order()
}

/// Forgets the order of locks so far.
#[pyfunction]
fn _forget_lock_order() {
    watch::forget_lock_order();
}

/// Sets what happens when locks are taken in different orders: a word, or a callable.
#[pyfunction]
fn _on_inversion(action: &Bound<'_, PyAny>) -> PyResult<()> {
    let word = action.cast::<PyString>().ok();
    let told = match word.map(|word| word.to_str()).transpose()? {
        Some("report") => OnInversion::Report,
        Some("off") => OnInversion::Keep,
        None if action.is_callable() => OnInversion::Call(call),
        _ => {
            return Err(PyValueError::new_err(
                "the action is none of 'report', 'off' and a callable",
            ));
        }
    };
    let callable = matches!(told, OnInversion::Call(_)).then(|| action.clone().unbind());
    let previous = std::mem::replace(&mut *CALLABLE.lock(), callable);
    drop(previous);
    watch::on_inversion(told);
    Ok(())
}

/// Does not report the inversions of such locks.
#[pyfunction]
fn _suppress_inversions(pattern: &str) {
    watch::suppress_inversions(pattern);
}

/// The reports of the inversions so far.
#[pyfunction]
fn _inversions(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let texts: Vec<_> = watch::inversions()
        .iter()
        .map(|inversion| inversion.text.clone())
        .collect();
    PyList::new(py, texts)
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    for function in [
        wrap_pyfunction!(_lock_order, module)?,
        wrap_pyfunction!(_watches_lock_order, module)?,
        wrap_pyfunction!(_forget_lock_order, module)?,
        wrap_pyfunction!(_on_inversion, module)?,
        wrap_pyfunction!(_suppress_inversions, module)?,
        wrap_pyfunction!(_inversions, module)?,
    ] {
        // Set without `add_function`, which would make it a public name.
        module.setattr(function.getattr("__name__")?.cast::<PyString>()?, function)?;
    }
    Ok(())
}
