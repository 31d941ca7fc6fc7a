//! A worker's step between two calls: publish the outcome of the last, take the next. The worker
//! makes the calls themselves in Python, so no Rust frame lies under code of the program.
//!
//! The worker passes an outcome in a list of one, and it is taken out of there. When other threads
//! learn of it, the worker has no reference to it left. So no destructor of the outcome, which may
//! wait for another call of the pool, runs on a worker that counts as free already or has taken
//! that call. If only the worker has a reference to the future, it gets the future back, drops it
//! in Python, and counts as free only then.

use super::future_state::Task;
use super::object::Future;
use super::outcome::Outcome;
use super::work_queue::WorkQueue;
use crate::init_guard::InitGuard;
use crate::names::interned;
use crate::objects::{self, error};
use crate::shared_count::count_for_all_threads;
use pyo3::PyTraverseError;
use pyo3::exceptions::PyRuntimeError;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyList, PyTuple};
use weftline::Lock;

/// The tasks of one worker.
#[pyclass(name = "_Tasks", frozen)]
pub(crate) struct Tasks {
    init: InitGuard,
    queue: Py<WorkQueue>,
    /// The list in which the worker puts the outcome of the call.
    outcome: Py<PyList>,
    /// The worker's context, which runs resolved tasks.
    context: Option<Py<PyAny>>,
    /// The future of the call that the worker is making.
    current: Lock<Option<Py<Future>>>,
}

impl Tasks {
    /// `(function, args, kwargs or None)`
    fn call<'py>(&self, py: Python<'py>, task: Task) -> PyResult<Bound<'py, PyTuple>> {
        let function = task.function.into_bound(py);
        let (function, args) = match task.args {
            Some(args) => (function, args.into_bound(py)),
            None => {
                let context = self.context.as_ref().ok_or_else(|| {
                    error::<PyRuntimeError>("a worker without a context took a resolved task")
                })?;
                let run = context.bind(py).getattr(interned!(py, run))?;
                (run, objects::tuple(py, [function].into_iter())?)
            }
        };
        let kwargs = match task.kwargs {
            Some(kwargs) => kwargs.into_bound(py).into_any(),
            None => py.None().into_bound(py),
        };
        objects::tuple(py, [function, args.into_any(), kwargs].into_iter())
    }

    /// The work that an item stands for: `(function, args, kwargs or None)`, or the item itself if
    /// it is no task of weftline. `None`: no work, since it was cancelled.
    fn begin<'py>(&self, py: Python<'py>, item: Py<PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let item = item.into_bound(py);
        let Ok(future) = item.cast_exact::<Future>() else {
            return Ok(Some(item));
        };
        // A cancelled future has dropped its task.
        let task = future
            .get()
            .raw
            .with(|_, state| state.task.as_ref().map(|task| task.clone_ref(py)));
        // Created before any other thread learns that the call has begun. Without memory for it,
        // the call ends immediately.
        let call = task.map(|task| self.call(py, task));
        match Future::begin(future)? {
            Some(true) => {}
            Some(false) => {
                drop((call, item));
                self.queue.get().is_free_again();
                return Ok(None);
            }
            None => return Err(error::<PyRuntimeError>("Future in unexpected state")),
        }
        drop(future.get().raw.with(|_, state| state.task.take()));
        match call {
            Some(Ok(call)) => {
                let before = self.current.lock().replace(future.clone().unbind());
                drop(before);
                Ok(Some(call.into_any()))
            }
            Some(Err(raised)) => {
                let raised = Outcome::Exception(raised.into_value(py).into_any());
                Future::settle(future, raised)?;
                drop(item);
                self.queue.get().is_free_again();
                Ok(None)
            }
            None => Err(error::<PyRuntimeError>("a task was taken twice")),
        }
    }

    fn take_now<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        loop {
            let Some(item) = WorkQueue::take_now(self.queue.bind(py)) else {
                return Ok(None);
            };
            if item.is_none(py) {
                // For `next`, which reports it.
                self.queue.bind(py).as_super().get().put_back(item);
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
    #[pyo3(signature = (queue, outcome, context=None))]
    fn new(
        py: Python<'_>,
        queue: Py<WorkQueue>,
        outcome: Py<PyList>,
        context: Option<Py<PyAny>>,
    ) -> Self {
        queue.get().is_served(py);
        Self {
            init: InitGuard::new(),
            queue,
            outcome,
            context,
            current: Lock::new(None),
        }
    }

    /// Return the next call as (function, args, kwargs or None), waiting for one. None: check
    /// whether to continue. Any other object is a work item that is not weftline's.
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        loop {
            let item = WorkQueue::take(self.queue.bind(py))?;
            if let Some(call) = self.begin(py, item)? {
                return Ok(call);
            }
        }
    }

    /// Report that the call has returned the list's element, or raised it. Returns the next call,
    /// if there is one now. True: the worker must drop the list's new element before `go_on`.
    fn end<'py>(&self, py: Python<'py>, has_raised: bool) -> PyResult<Option<Bound<'py, PyAny>>> {
        let outcome = self.outcome.bind(py);
        let came = outcome.get_item(0)?.unbind();
        outcome.set_item(0, py.None())?;
        // The thread that asks for it drops it, while this one waits for its next call.
        count_for_all_threads(&came);
        let current = self.current.lock().take();
        let Some(future) = current else {
            return Err(error::<PyRuntimeError>("no call is being made"));
        };
        let came = if has_raised {
            Outcome::Exception(came)
        } else {
            Outcome::Result(came)
        };
        let is_free = Future::settle_and(future.bind(py), came, || {
            self.queue.get().is_free_again();
        })?;
        if is_free {
            drop(future);
            return self.take_now(py);
        }
        outcome.set_item(0, future)?;
        Ok(Some(PyBool::new(py, true).to_owned().into_any()))
    }

    /// Report that the last call's outcome is dropped. Returns the next call, if there is one now.
    fn go_on<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.queue.get().is_free_again();
        self.take_now(py)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if self.init.is_done() {
            visit.call(&self.queue)?;
            visit.call(&self.outcome)?;
            visit.call(&self.context)?;
        }
        Ok(())
    }
}
