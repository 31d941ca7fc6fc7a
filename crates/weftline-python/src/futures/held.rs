//! What a future holds beside its phase, under its lock. What is taken out of here is dropped by the caller, after the lock was let go.

use pyo3::PyTraverseError;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use std::mem;
use weftline::executor::raw::Data;

/// The call that a worker is to make.
pub(super) struct Task {
    pub(super) function: Py<PyAny>,
    pub(super) args: Py<PyTuple>,
    /// Only if there are any.
    pub(super) kwargs: Option<Py<PyDict>>,
}

impl Task {
    pub(super) fn clone_ref(&self, py: Python<'_>) -> Self {
        Self {
            function: self.function.clone_ref(py),
            args: self.args.clone_ref(py),
            kwargs: self.kwargs.as_ref().map(|kwargs| kwargs.clone_ref(py)),
        }
    }
}

/// What a program reaches for in the standard class; see `open.rs`.
pub(super) struct Open {
    pub(super) condition: Py<PyAny>,
    pub(super) waiters: Py<PyAny>,
    pub(super) callbacks: Py<PyAny>,
}

impl Open {
    pub(super) fn clone_ref(&self, py: Python<'_>) -> Self {
        Self {
            condition: self.condition.clone_ref(py),
            waiters: self.waiters.clone_ref(py),
            callbacks: self.callbacks.clone_ref(py),
        }
    }
}

#[derive(Default)]
pub(super) struct Held {
    pub(super) result: Option<Py<PyAny>>,
    pub(super) exception: Option<Py<PyAny>>,
    pub(super) task: Option<Task>,
    /// Who is to be called back, while the future is not open.
    pub(super) callbacks: Vec<Py<PyAny>>,
    pub(super) open: Option<Box<Open>>,
}

impl Data for Held {
    fn has_failed(&self) -> bool {
        self.exception.is_some()
    }

    fn torn(&mut self) {
        mem::forget(mem::take(&mut self.callbacks));
    }
}

impl Held {
    /// Who is to be called back; `None` if the future is open, and others decide.
    pub(super) fn take_callbacks(&mut self) -> Option<Vec<Py<PyAny>>> {
        self.open.is_none().then(|| mem::take(&mut self.callbacks))
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
        if let Some(open) = &self.open {
            visit.call(&open.condition)?;
            visit.call(&open.waiters)?;
            visit.call(&open.callbacks)?;
        }
        Ok(())
    }
}
