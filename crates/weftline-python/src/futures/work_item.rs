//! A call that other code than the workers has taken out of a pool's work queue.

use super::future_state::Task;
use super::object::Future;
use crate::init_guard::InitGuard;
use crate::names::interned;
use crate::objects::{self, Piece, error};
use pyo3::PyTraverseError;
use pyo3::exceptions::{PyAttributeError, PyTypeError};
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

/// A call that other code than the workers has taken out of a work queue, in the form that the
/// standard library's pool has.
#[pyclass(name = "_WorkItem", module = "concurrent.futures.thread", frozen)]
pub(crate) struct WorkItem {
    init: InitGuard,
    #[pyo3(get)]
    future: Py<Future>,
    /// With `kwargs`, if it is not resolved.
    task: Task,
}

/// The call of a future as a work item.
pub(super) fn work_item<'py>(future: &Bound<'py, Future>) -> PyResult<Bound<'py, PyAny>> {
    let py = future.py();
    // A cancelled future has dropped its task.
    let task = future
        .get()
        .raw
        .with(|_, state| state.task.as_ref().map(|task| task.clone_ref(py)));
    let mut task = task.unwrap_or_else(|| Task {
        function: py.None(),
        args: Some(PyTuple::empty(py).unbind()),
        kwargs: None,
    });
    if task.args.is_some() && task.kwargs.is_none() {
        task.kwargs = Some(objects::dict(py)?.unbind());
    }
    let work_item = WorkItem {
        init: InitGuard::new(),
        future: future.clone().unbind(),
        task,
    };
    let work_item = Bound::new(py, work_item)?.into_any();
    drop(future.get().raw.with(|_, state| state.task.take()));
    Ok(work_item)
}

type Parts<'py> = (Bound<'py, PyAny>, Bound<'py, PyTuple>, Bound<'py, PyDict>);

impl WorkItem {
    /// The call, if it is not resolved; else the error of reading the attribute `name`.
    fn parts<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Parts<'py>> {
        match (&self.task.args, &self.task.kwargs) {
            (Some(args), Some(kwargs)) => Ok((
                self.task.function.bind(py).clone(),
                args.bind(py).clone(),
                kwargs.bind(py).clone(),
            )),
            _ => Err(objects::error_in_pieces::<PyAttributeError>(
                py,
                &[
                    Piece::Plain("'_WorkItem' object has no attribute '"),
                    Piece::Plain(name),
                    Piece::Plain("'"),
                ],
            )),
        }
    }
}

#[pymethods]
impl WorkItem {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if !self.init.is_done() {
            return Ok(());
        }
        visit.call(&self.future)?;
        visit.call(&self.task.function)?;
        visit.call(&self.task.args)?;
        visit.call(&self.task.kwargs)
    }

    #[getter]
    fn r#fn<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.parts(py, "fn").map(|(function, ..)| function)
    }

    #[getter]
    fn args<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        self.parts(py, "args").map(|(_, args, _)| args)
    }

    #[getter]
    fn kwargs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.parts(py, "kwargs").map(|(.., kwargs)| kwargs)
    }

    /// The argument for the context of a worker, in the versions that have these.
    #[getter]
    fn task<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if self.task.args.is_none() {
            return Ok(self.task.function.bind(py).clone());
        }
        let (function, args, kwargs) = self.parts(py, "fn")?;
        let parts = [function, args.into_any(), kwargs.into_any()];
        Ok(objects::tuple(py, parts.into_iter())?.into_any())
    }

    /// Make the call, through the worker's context if `ctx` is passed, and set the outcome of the
    /// future, unless it was cancelled.
    #[pyo3(signature = (ctx=None))]
    fn run(slf: &Bound<'_, Self>, ctx: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        if this.task.args.is_none() && ctx.is_none() {
            return Err(error::<PyTypeError>(
                "run() missing 1 required positional argument: 'ctx'",
            ));
        }
        let future = this.future.bind(py);
        if !future
            .call_method0(interned!(py, set_running_or_notify_cancel))?
            .is_truthy()?
        {
            return Ok(());
        }
        let called = crate::callback::calling_back(py, || match ctx {
            Some(context) => context.call_method1(interned!(py, run), (this.task(py)?,)),
            None => {
                let (function, args, kwargs) = this.parts(py, "fn")?;
                function.call(args, Some(&kwargs))
            }
        });
        match called {
            Ok(result) => future.call_method1(interned!(py, set_result), (result,)),
            Err(raised) => {
                future.call_method1(interned!(py, set_exception), (raised.into_value(py),))
            }
        }
        .map(drop)
    }
}
