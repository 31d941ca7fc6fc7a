//! The contents of a future beside its phase, under its lock. The caller drops what it takes out of
//! here after it has released the lock.

use pyo3::PyTraverseError;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use std::mem;
use weftline::executor::raw::Data;

/// The call that a worker will make.
pub(super) struct Task {
    pub(super) function: Py<PyAny>,
    /// `None`: `function` is what the pool has resolved the call to, which the worker's context
    /// runs.
    pub(super) args: Option<Py<PyTuple>>,
    /// `None` if there are none.
    pub(super) kwargs: Option<Py<PyDict>>,
}

impl Task {
    pub(super) fn clone_ref(&self, py: Python<'_>) -> Self {
        Self {
            function: self.function.clone_ref(py),
            args: self.args.as_ref().map(|args| args.clone_ref(py)),
            kwargs: self.kwargs.as_ref().map(|kwargs| kwargs.clone_ref(py)),
        }
    }
}

#[derive(Default)]
pub(super) struct FutureState {
    pub(super) result: Option<Py<PyAny>>,
    pub(super) exception: Option<Py<PyAny>>,
    pub(super) task: Option<Task>,
    /// The callbacks, while the future is compact.
    pub(super) callbacks: Vec<Py<PyAny>>,
    /// The outcome and the callbacks are in the future's `__dict__`; see `attributes.rs`.
    pub(super) is_inflated: bool,
    /// Whether an inflated future has an exception.
    pub(super) failed: bool,
}

impl Data for FutureState {
    fn has_failed(&self) -> bool {
        self.failed || self.exception.is_some()
    }

    fn torn(&mut self) {
        mem::forget(mem::take(&mut self.callbacks));
    }
}

impl FutureState {
    /// The callbacks; `None` if the future is inflated, whose list has them.
    pub(super) fn take_callbacks(&mut self) -> Option<Vec<Py<PyAny>>> {
        (!self.is_inflated).then(|| mem::take(&mut self.callbacks))
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.result)?;
        visit.call(&self.exception)?;
        if let Some(task) = &self.task {
            visit.call(&task.function)?;
            visit.call(&task.args)?;
            visit.call(&task.kwargs)?;
        }
        self.callbacks
            .iter()
            .try_for_each(|callback| visit.call(callback))?;
        Ok(())
    }
}
