//! `threading.Semaphore` and `threading.BoundedSemaphore`.

use super::{cannot_pickle, repr_at};
use crate::blocker::Interpreter;
use crate::callback::calling_back;
use crate::given::Given;
use crate::seconds::remaining_deadline;
use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use weftline::park::{Deadline, WaitError};
use weftline::sync::raw::RawSemaphore;

/// A number of permits.
///
/// release() may be called at any moment, also from a destructor, a weak reference's callback or a signal handler that interrupts this very
/// object. Goes beyond the standard class in that a thread which has waited for more than 1 ms is handed its permit.
#[pyclass(frozen, weakref, dict, subclass)]
pub(crate) struct Semaphore {
    raw: RawSemaphore,
}

/// A number of permits from Python.
fn permits(value: &Bound<'_, PyAny>, refused: &'static str) -> PyResult<u64> {
    if value.lt(0)? {
        return Err(PyValueError::new_err(refused));
    }
    let permits: u64 = value.extract()?;
    if permits > RawSemaphore::MAX_PERMITS {
        return Err(PyOverflowError::new_err(
            "a semaphore has at most 2**63 - 1 permits",
        ));
    }
    Ok(permits)
}

/// How many to release.
fn released(n: Given<'_, '_>) -> PyResult<u64> {
    match n.get() {
        None => Ok(1),
        Some(n) if n.lt(1)? => Err(PyValueError::new_err("n must be one or more")),
        Some(n) => n.extract(),
    }
}

impl Semaphore {
    fn unbounded() -> Self {
        Self {
            raw: RawSemaphore::new(1, RawSemaphore::MAX_PERMITS)
                .expect("one permit is within the bound"),
        }
    }

    fn start(&self, value: Given<'_, '_>, is_bounded: bool) -> PyResult<()> {
        let value = value.get().map_or(Ok(1), |value| {
            permits(&value, "semaphore initial value must be >= 0")
        })?;
        let bound = if is_bounded {
            value
        } else {
            RawSemaphore::MAX_PERMITS
        };
        self.raw
            .reset(value, bound)
            .map_err(|error| PyOverflowError::new_err(error.to_string()))
    }

    #[inline]
    fn take(&self, py: Python<'_>, deadline: Deadline) -> PyResult<bool> {
        match self
            .raw
            .acquire_with(1, &mut Interpreter::new(py), deadline)
        {
            Ok(()) => Ok(true),
            Err(WaitError::TimedOut) => Ok(false),
            Err(WaitError::Interrupted(raised)) => Err(raised),
        }
    }

    fn give(&self, n: u64, refused: fn() -> PyErr) -> PyResult<()> {
        self.raw.release(n).map_err(|_| refused())
    }
}

#[pymethods]
impl Semaphore {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = "(value=1)")]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self::unbounded()
    }

    #[pyo3(signature = (value=Given::NOTHING))]
    fn __init__(&self, value: Given<'_, '_>) -> PyResult<()> {
        self.start(value, false)
    }

    /// Take a permit, waiting for at most `timeout` seconds unless `blocking` is false. Returns whether one was taken.
    #[pyo3(signature = (blocking=Given::NOTHING, timeout=None), text_signature = "($self, blocking=True, timeout=None)")]
    fn acquire(
        &self,
        py: Python<'_>,
        blocking: Given<'_, '_>,
        timeout: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<bool> {
        if blocking.get().is_none() && timeout.is_none() {
            return self.take(py, Deadline::NEVER);
        }
        if blocking
            .get()
            .map_or(Ok(true), |blocking| blocking.is_truthy())?
        {
            // Only a wait looks at the timeout.
            if self.raw.try_acquire(1) {
                return Ok(true);
            }
            let deadline = remaining_deadline(timeout)?;
            return self.take(py, deadline);
        }
        if timeout.is_some_and(|timeout| !timeout.is_none()) {
            return Err(PyValueError::new_err(
                "can't specify timeout for non-blocking acquire",
            ));
        }
        self.take(py, Deadline::PASSED)
    }

    /// Give `n` permits back, or new ones, and let as many threads that wait go on.
    #[pyo3(signature = (n=Given::NOTHING), text_signature = "($self, n=1)")]
    fn release(&self, n: Given<'_, '_>) -> PyResult<()> {
        self.give(released(n)?, too_many)
    }

    fn __enter__(&self, py: Python<'_>) -> PyResult<bool> {
        self.take(py, Deadline::NEVER)
    }

    /// As a method of the object, which a subclass may have its own of.
    #[pyo3(signature = (_type, _value, _traceback))]
    fn __exit__(
        slf: &Bound<'_, Self>,
        _type: &Bound<'_, PyAny>,
        _value: &Bound<'_, PyAny>,
        _traceback: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        if slf.get_type().is(slf.py().get_type::<Semaphore>()) {
            slf.get().give(1, too_many)
        } else if slf.get_type().is(slf.py().get_type::<BoundedSemaphore>()) {
            slf.get().give(1, released_too_often)
        } else {
            calling_back(slf.py(), || slf.call_method0("release")).map(drop)
        }
    }

    #[getter(_value)]
    fn value(&self) -> u64 {
        self.raw.permits()
    }

    /// Programs that resize a semaphore set it.
    #[setter(_value)]
    fn set_value(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let value = permits(value, "a semaphore's value must be >= 0")?;
        self.raw
            .reset(value, self.raw.bound().max(value))
            .map_err(|error| PyOverflowError::new_err(error.to_string()))
    }

    /// Nothing to do: waiters of another process are forgotten by themselves.
    #[allow(
        clippy::unused_self,
        reason = "called as a method by the standard library"
    )]
    fn _at_fork_reinit(&self) {}

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr_at(slf.as_any(), &format!("value={}", slf.get().value()))
    }

    #[allow(clippy::unused_self, reason = "called as a method by pickle and copy")]
    fn __reduce_ex__(&self, _protocol: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(cannot_pickle("_thread.lock"))
    }
}

#[cold]
fn too_many() -> PyErr {
    PyOverflowError::new_err("a semaphore has at most 2**63 - 1 permits")
}

#[cold]
fn released_too_often() -> PyErr {
    PyValueError::new_err("Semaphore released too many times")
}

/// A semaphore that never has more permits than it started with.
///
/// Goes beyond the standard class as Semaphore does.
#[pyclass(extends = Semaphore, frozen, subclass)]
pub(crate) struct BoundedSemaphore;

#[pymethods]
impl BoundedSemaphore {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = "(value=1)")]
    fn new(
        _args: &Bound<'_, PyTuple>,
        _kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyClassInitializer<Self> {
        PyClassInitializer::from(Semaphore::unbounded()).add_subclass(Self)
    }

    #[pyo3(signature = (value=Given::NOTHING))]
    fn __init__(slf: &Bound<'_, Self>, value: Given<'_, '_>) -> PyResult<()> {
        slf.as_super().get().start(value, true)
    }

    /// Give `n` permits back. Raises ValueError if there would be more than at the start; then none is given.
    #[pyo3(signature = (n=Given::NOTHING), text_signature = "($self, n=1)")]
    fn release(slf: &Bound<'_, Self>, n: Given<'_, '_>) -> PyResult<()> {
        slf.as_super().get().give(released(n)?, released_too_often)
    }

    #[getter]
    fn _initial_value(slf: &Bound<'_, Self>) -> u64 {
        slf.as_super().get().raw.bound()
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let raw = &slf.as_super().get().raw;
        repr_at(
            slf.as_any(),
            &format!("value={}/{}", raw.permits(), raw.bound()),
        )
    }
}
