//! `threading.Event`.

use super::{cannot_pickle, repr_at, warn_deprecated};
use crate::blocker::Interpreter;
use crate::seconds::wait_deadline;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use weftline::park::WaitError;
use weftline::sync::raw::RawEvent;

/// A flag that threads wait for.
///
/// set() may be called at any moment, also from a destructor, a weak reference's callback or a signal handler that interrupts this very object.
#[pyclass(frozen, weakref, dict, subclass)]
pub(crate) struct Event {
    raw: RawEvent,
}

#[pymethods]
impl Event {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = "()")]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self {
            raw: RawEvent::new(),
        }
    }

    #[allow(
        clippy::unused_self,
        reason = "refuses arguments, as the standard class does"
    )]
    fn __init__(&self) {}

    /// Whether the flag is up.
    fn is_set(&self) -> bool {
        self.raw.is_set()
    }

    /// Deprecated: use is_set().
    #[pyo3(name = "isSet")]
    fn is_set_deprecated(&self, py: Python<'_>) -> PyResult<bool> {
        warn_deprecated(py, "isSet", "is_set")?;
        Ok(self.is_set())
    }

    /// Raise the flag and wake all threads that wait for it.
    fn set(&self) {
        self.raw.set();
    }

    /// Lower the flag: wait() blocks until the next set().
    fn clear(&self) {
        self.raw.clear();
    }

    /// Wait until the flag is up, for at most `timeout` seconds. Returns whether it is, or was while this thread waited.
    #[pyo3(signature = (timeout=None))]
    fn wait(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
        if self.raw.is_set() {
            return Ok(true);
        }
        let deadline = wait_deadline(timeout)?;
        match self.raw.wait_with(&mut Interpreter::new(py), deadline) {
            Ok(()) => Ok(true),
            Err(WaitError::TimedOut) => Ok(false),
            Err(WaitError::Interrupted(raised)) => Err(raised),
        }
    }

    #[getter]
    fn _flag(&self) -> bool {
        self.is_set()
    }

    /// Nothing to do: waiters of another process are forgotten by themselves.
    #[allow(
        clippy::unused_self,
        reason = "called as a method by the standard library"
    )]
    fn _at_fork_reinit(&self) {}

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr_at(
            slf.as_any(),
            if slf.get().is_set() { "set" } else { "unset" },
        )
    }

    #[allow(clippy::unused_self, reason = "called as a method by pickle and copy")]
    fn __reduce_ex__(&self, _protocol: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(cannot_pickle("_thread.lock"))
    }
}
