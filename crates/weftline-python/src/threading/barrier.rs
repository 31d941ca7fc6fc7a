//! `threading.Barrier`.

use super::{cannot_pickle, repr_at};
use crate::blocker::Interpreter;
use crate::callback::calling_back;
use crate::made::Made;
use crate::seconds::remaining_deadline;
use pyo3::PyTraverseError;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::gc::PyVisit;
use pyo3::import_exception;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PySuper, PyTuple, PyType};
use std::sync::OnceLock;
use weftline::park::Deadline;
use weftline::sync::raw::{BarrierError, RawBarrier};

import_exception!(threading, BrokenBarrierError);

/// Lets a number of threads wait for each other, again and again.
///
/// Goes beyond the standard class in that abort() and reset() do not wait for an action that is running.
#[pyclass(frozen, weakref, dict, subclass)]
pub(crate) struct Barrier {
    raw: RawBarrier,
    rest: OnceLock<Rest>,
    made: Made,
}

/// What a barrier is made with besides its number of parties.
struct Rest {
    parties: Py<PyAny>,
    action: Option<Py<PyAny>>,
    timeout: Option<Py<PyAny>>,
}

#[pymethods]
impl Barrier {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = "(parties, action=None, timeout=None)")]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self {
            raw: RawBarrier::new(1).expect("one party"),
            rest: OnceLock::new(),
            made: Made::new(),
        }
    }

    #[pyo3(signature = (parties, action=None, timeout=None))]
    fn __init__(
        &self,
        parties: &Bound<'_, PyAny>,
        action: Option<Py<PyAny>>,
        timeout: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        if parties.lt(1)? {
            return Err(PyValueError::new_err("parties must be > 0"));
        }
        let number: usize = parties.extract()?;
        if self
            .rest
            .set(Rest {
                parties: parties.clone().unbind(),
                action,
                timeout,
            })
            .is_err()
        {
            return Err(PyRuntimeError::new_err(
                "the barrier is initialised already: make a new barrier",
            ));
        }
        self.raw
            .reset_to(number)
            .map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// Wait until all parties have arrived, for at most `timeout` seconds; a timeout breaks the barrier. Returns how many had arrived before.
    #[pyo3(signature = (timeout=None))]
    fn wait(slf: &Bound<'_, Self>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<usize> {
        let py = slf.py();
        let barrier = slf.get();
        let rest = barrier.rest.get();
        let own = || {
            rest.and_then(|rest| rest.timeout.as_ref())
                .map(|timeout| timeout.bind(py))
        };
        let deadline = match remaining_deadline(timeout.or_else(own)) {
            // Only a wait looks at the timeout.
            Err(_) if barrier.raw.n_waiting() + 1 == barrier.raw.parties() => Deadline::NEVER,
            deadline => deadline?,
        };
        let action = |_: &mut Interpreter| match rest.and_then(|rest| rest.action.as_ref()) {
            Some(action) => calling_back(py, || action.bind(py).call0()).map(drop),
            None => Ok(()),
        };
        match barrier
            .raw
            .wait_with(&mut Interpreter::new(py), deadline, action)
        {
            Ok(index) => Ok(index),
            Err(BarrierError::Broken) => Err(BrokenBarrierError::new_err(())),
            Err(BarrierError::Interrupted(raised)) => Err(raised),
        }
    }

    /// Make the barrier new. Threads that wait get BrokenBarrierError.
    fn reset(&self) {
        self.raw.reset();
    }

    /// Break the barrier: who waits and who comes gets BrokenBarrierError, until reset().
    fn abort(&self) {
        self.raw.abort();
    }

    /// How many threads pass together.
    #[getter]
    fn parties<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self.rest.get() {
            Some(rest) => Ok(rest.parties.bind(py).clone()),
            None => Ok(self.raw.parties().into_pyobject(py)?.into_any()),
        }
    }

    /// How many have arrived and wait.
    #[getter]
    fn n_waiting(&self) -> usize {
        self.raw.n_waiting()
    }

    /// Whether every wait fails until reset().
    #[getter]
    fn broken(&self) -> bool {
        self.raw.is_broken()
    }

    /// Nothing to do: waiters of another process are forgotten by themselves.
    #[allow(
        clippy::unused_self,
        reason = "called as a method by the standard library"
    )]
    fn _at_fork_reinit(&self) {}

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let barrier = slf.get();
        let state = if barrier.broken() {
            "broken".to_owned()
        } else {
            format!("waiters={}/{}", barrier.n_waiting(), barrier.raw.parties())
        };
        repr_at(slf.as_any(), &state)
    }

    /// A subclass with parts of the standard class in it, as `multiprocessing.Barrier` has, gets the rest of that class, too.
    #[classmethod]
    #[pyo3(signature = (**keywords))]
    fn __init_subclass__(
        cls: &Bound<'_, PyType>,
        keywords: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let py = cls.py();
        PySuper::new(&py.get_type::<Self>(), cls)?
            .getattr(intern!(py, "__init_subclass__"))?
            .call((), keywords)?;
        py.import(intern!(py, "weftline._by_the_book"))?
            .call_method1(intern!(py, "complete"), (cls,))
            .map(drop)
    }

    #[allow(clippy::unused_self, reason = "called as a method by pickle and copy")]
    fn __reduce_ex__(&self, _protocol: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(cannot_pickle("_thread.lock"))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if self.made.is_made()
            && let Some(rest) = self.rest.get()
        {
            visit.call(&rest.action)?;
            visit.call(&rest.timeout)?;
        }
        Ok(())
    }
}
