//! The wait of `Thread.join`, for `_join.py`: shown in reports, and looking for deadlocks as every
//! other wait does.
//!
//! The wait itself is the interpreter's, because a thread's end is. It is called from Python code:
//! a daemon thread that the interpreter ends in it must have no frame of Rust on its stack.

use crate::names::interned;
use crate::sight::DeadlockError;
use crate::site;
use crate::told::{name_thread, own_attribute};
use pyo3::prelude::*;
use std::cell::RefCell;
use weftline::park::{ForeignWait, Site};
use weftline::watch;

/// A context in which reports show the calling thread as one that joins `thread`.
#[pyclass(name = "_Joining", module = "weftline._weftline", unsendable)]
struct Joining {
    thread: Py<PyAny>,
    wait: RefCell<Option<ForeignWait>>,
}

#[pymethods]
impl Joining {
    #[new]
    fn new(thread: Py<PyAny>) -> Self {
        Self {
            thread,
            wait: RefCell::new(None),
        }
    }

    fn __enter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        let py = slf.py();
        let ident = own_attribute(slf.thread.bind(py), interned!(py, _ident));
        // A thread that was not started has none.
        if let Some(ident) = ident.and_then(|ident| ident.extract().ok()) {
            let mut place = Site::UNKNOWN;
            site::name(py, &mut place);
            name_thread(py);
            let wait = ForeignWait::for_thread(ident, place);
            drop(slf.wait.replace(wait));
        }
        slf
    }

    fn __exit__(
        &self,
        _class: &Bound<'_, PyAny>,
        _raised: &Bound<'_, PyAny>,
        _traceback: &Bound<'_, PyAny>,
    ) {
        drop(self.wait.take());
    }

    /// Looks for a deadlock. Raises `DeadlockError` if that ends the wait.
    fn lasts(&self) -> PyResult<()> {
        if self.wait.borrow().as_ref().is_some_and(ForeignWait::lasts)
            && let Some(text) = watch::take_ended()
        {
            return Err(DeadlockError::new_err(text));
        }
        Ok(())
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    // Set without `add_class`, which would make it a public name.
    module.setattr("_Joining", module.py().get_type::<Joining>())
}
