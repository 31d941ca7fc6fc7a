//! What a worker does between two calls: publish what came of the last, take the next. The calls themselves it makes in Python, so that no
//! frame of ours lies under code of the program.

use super::future::Future;
use super::settling::Outcome;
use super::work_queue::WorkQueue;
use crate::made::Made;
use pyo3::PyTraverseError;
use pyo3::exceptions::PyRuntimeError;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use weftline::Lock;

/// The tasks of one worker.
#[pyclass(name = "_Tasks", frozen)]
pub(crate) struct Tasks {
    made: Made,
    queue: Py<WorkQueue>,
    /// The future of the call that the worker is making.
    current: Lock<Option<Py<Future>>>,
}

impl Tasks {
    /// What is to be done with an item: `(function, args, kwargs or None)`, or the item itself if it is no task of ours. `None`: nothing,
    /// it was cancelled.
    fn begin<'py>(&self, py: Python<'py>, item: Py<PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let item = item.into_bound(py);
        let Ok(future) = item.cast_exact::<Future>() else {
            return Ok(Some(item));
        };
        match Future::begin(future)? {
            Some(true) => {}
            Some(false) => {
                self.queue.get().is_free_again();
                return Ok(None);
            }
            None => return Err(PyRuntimeError::new_err("Future in unexpected state")),
        }
        let Some(task) = future.get().raw.with(|_, held| held.task.take()) else {
            return Err(PyRuntimeError::new_err("a task was taken twice"));
        };
        let before = self.current.lock().replace(future.clone().unbind());
        drop(before);
        let call = PyTuple::new(
            py,
            [
                task.function.into_bound(py),
                task.args.into_bound(py).into_any(),
                task.kwargs.map_or_else(
                    || py.None().into_bound(py),
                    |kwargs| kwargs.into_bound(py).into_any(),
                ),
            ],
        )?;
        Ok(Some(call.into_any()))
    }

    fn end<'py>(&self, py: Python<'py>, outcome: Outcome) -> PyResult<Option<Bound<'py, PyAny>>> {
        let current = self.current.lock().take();
        let Some(future) = current else {
            return Err(PyRuntimeError::new_err("no call is being made"));
        };
        Future::settle_and(future.bind(py), outcome, || {
            self.queue.get().is_free_again()
        })?;
        drop(future);
        loop {
            let Some(item) = WorkQueue::take_now(self.queue.bind(py)) else {
                return Ok(None);
            };
            if item.is_none(py) {
                // For `next`, which says so.
                self.queue.bind(py).as_super().get().add(py, item);
                return Ok(None);
            }
            if let Some(call) = self.begin(py, item)? {
                return Ok(Some(call));
            }
        }
    }
}

#[pymethods]
impl Tasks {
    #[new]
    fn new(queue: Py<WorkQueue>) -> Self {
        Self {
            made: Made::new(),
            queue,
            current: Lock::new(None),
        }
    }

    /// The next call to make, as (function, args, kwargs or None), waiting for one. None: look whether to go on. Anything else: a
    /// work item that is not ours.
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        loop {
            let item = WorkQueue::take(self.queue.bind(py))?;
            if let Some(call) = self.begin(py, item)? {
                return Ok(call);
            }
        }
    }

    /// The call has returned `result`. The next one, if it is there already.
    fn done<'py>(&self, py: Python<'py>, result: Py<PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.end(py, Outcome::Result(result))
    }

    /// The call has raised `exception`. The next one, if it is there already.
    fn failed<'py>(
        &self,
        py: Python<'py>,
        exception: Py<PyAny>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.end(py, Outcome::Exception(exception))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if self.made.is_made() {
            visit.call(&self.queue)?;
        }
        Ok(())
    }
}
