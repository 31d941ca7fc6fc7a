//! `threading.Event`.

use super::opened::{Opened, Part, Slot, fresh_condition};
use super::{open, reduce, repr_at, warn_deprecated};
use crate::blocker::Interpreter;
use crate::objects;
use crate::seconds::wait_deadline;
use pyo3::PyTraverseError;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyString, PyTuple};
use weftline::park::WaitError;
use weftline::sync::raw::RawEvent;

/// A flag that threads wait for.
///
/// set() may be called at any moment, also from a destructor, a weak reference's callback or a signal handler that interrupts this very object.
#[pyclass(frozen, weakref, dict, subclass)]
pub(crate) struct Event {
    raw: RawEvent,
    opened: Slot,
}

impl Event {
    /// The parts, which there are from now on. If there were none, `condition` is among them, and who waited goes on there.
    fn open<'py>(
        &self,
        py: Python<'py>,
        condition: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<&Opened> {
        self.opened.open(py, condition, |heir| {
            // SAFETY: the slot keeps the heir for as long as this object lives.
            let retired = unsafe { self.raw.retire(heir.get().raw()) };
            let flag = retired.map(|was_set| PyBool::new(py, was_set).to_owned().into_any());
            Ok(flag.map(|flag| [Some((Part::Value, flag)), None, None, None, None]))
        })
    }

    /// The parts, if there are any.
    fn parts(&self, py: Python<'_>) -> Option<&Opened> {
        self.raw.is_retired().then(|| self.opened.wait(py))
    }

    fn flag<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        let is_set = self.raw.is_set();
        if !is_set && let Some(parts) = self.parts(py) {
            return parts.get(py, Part::Value);
        }
        PyBool::new(py, is_set).to_owned().into_any()
    }
}

#[pymethods]
impl Event {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = "()")]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self {
            raw: RawEvent::new(),
            opened: Slot::new(),
        }
    }

    fn __init__(&self, py: Python<'_>) -> PyResult<()> {
        if let Some(parts) = self.opened.get() {
            parts.put(
                Part::Condition,
                fresh_condition(py)?.into_bound(py).into_any(),
            );
            parts.put(Part::Value, PyBool::new(py, false).to_owned().into_any());
        } else {
            // Called again: the flag is down, as at the beginning.
            self.raw.clear();
        }
        Ok(())
    }

    /// Whether the flag is up.
    fn is_set<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.flag(py)
    }

    /// Deprecated: use is_set().
    #[pyo3(name = "isSet")]
    fn is_set_deprecated<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        warn_deprecated(py, "isSet", "is_set")?;
        Ok(self.flag(py))
    }

    /// Raise the flag and wake all threads that wait for it.
    fn set(&self, py: Python<'_>) -> PyResult<()> {
        if self.raw.set() {
            Ok(())
        } else {
            open::set(py, self.opened.wait(py))
        }
    }

    /// Lower the flag: wait() blocks until the next set().
    fn clear(&self, py: Python<'_>) -> PyResult<()> {
        if !self.raw.clear()
            && let Some(parts) = self.parts(py)
        {
            return open::clear(py, parts);
        }
        Ok(())
    }

    /// Wait until the flag is up, for at most `timeout` seconds. Returns whether it is, or was while this thread waited.
    #[pyo3(signature = (timeout=None))]
    fn wait<'py>(
        &self,
        py: Python<'py>,
        timeout: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let answer = |signaled| Ok(PyBool::new(py, signaled).to_owned().into_any());
        if self.raw.is_set() {
            return answer(true);
        }
        if let Some(parts) = self.parts(py) {
            return open::wait(py, parts, || wait_deadline(timeout));
        }
        let deadline = wait_deadline(timeout)?;
        let waited = self.raw.wait_with(&mut Interpreter::new(py), deadline);
        match (waited, self.parts(py)) {
            (Err(WaitError::Interrupted(raised)), _) => Err(raised),
            (waited, None) => answer(waited.is_ok()),
            // Opened in between.
            (Ok(()), Some(parts)) => open::pass_through(py, parts).and_then(|()| answer(true)),
            (Err(WaitError::TimedOut), Some(parts)) => open::wait(py, parts, || Ok(deadline)),
        }
    }

    #[getter]
    fn _flag<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.flag(py)
    }

    #[setter(_flag)]
    fn set_flag(&self, py: Python<'_>, flag: &Bound<'_, PyAny>) -> PyResult<()> {
        if self.opened.get().is_none()
            && let Ok(flag) = flag.cast_exact::<PyBool>()
        {
            if flag.is_true() && self.raw.set() {
                return Ok(());
            }
            if !flag.is_true() && (self.raw.clear() || !self.raw.is_retired()) {
                return Ok(());
            }
        }
        self.open(py, None)?.put(Part::Value, flag.clone());
        Ok(())
    }

    /// The condition under which the flag changes. There is none before somebody asks for it.
    #[getter]
    fn _cond<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.open(py, None)?.get(py, Part::Condition))
    }

    #[setter(_cond)]
    fn set_cond<'py>(&self, py: Python<'py>, condition: &Bound<'py, PyAny>) -> PyResult<()> {
        let parts = self.open(py, Some(condition))?;
        parts.put(Part::Condition, condition.clone());
        Ok(())
    }

    /// For the child of a fork. A native event has nothing to do there: waiters of another process are forgotten by themselves.
    fn _at_fork_reinit(&self, py: Python<'_>) -> PyResult<()> {
        self.parts(py)
            .map_or(Ok(()), |parts| parts.at_fork_reinit(py))
    }

    fn __repr__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyString>> {
        let is_set = slf.get().flag(slf.py()).is_truthy()?;
        let state = objects::text(slf.py(), if is_set { "set" } else { "unset" })?;
        repr_at(slf.as_any(), &state)
    }

    fn __reduce_ex__<'py>(
        slf: &Bound<'py, Self>,
        protocol: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        reduce(slf.as_any(), protocol, "_thread.lock")
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.opened.traverse(&visit)
    }

    fn __clear__(&self) {
        self.opened.clear();
    }
}
