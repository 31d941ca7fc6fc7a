//! `threading.Semaphore` and `threading.BoundedSemaphore`.

use super::open::released_too_often;
use super::opened::{Opened, Part, Slot, fresh_condition};
use super::{open, reduce, repr_at};
use crate::blocker::Interpreter;
use crate::callback::calling_back;
use crate::given::Given;
use crate::names::interned;
use crate::objects::{Piece, count, error, written};
use crate::seconds::remaining_deadline;
use pyo3::PyTraverseError;
use pyo3::exceptions::PyValueError;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt, PyString, PyTuple};
use weftline::park::{Deadline, WaitError};
use weftline::sync::raw::RawSemaphore;

/// A number of permits.
///
/// release() may be called at any moment, also from a destructor, a weak reference's callback or a signal handler that interrupts this very
/// object. Goes beyond the standard class in that a thread which has waited for more than 1 ms is handed its permit.
#[pyclass(frozen, weakref, dict, subclass)]
pub(crate) struct Semaphore {
    raw: RawSemaphore,
    opened: Slot,
}

/// A number of permits that a native semaphore can have, if it is one.
fn permits(value: &Bound<'_, PyAny>) -> Option<u64> {
    let permits = value.cast::<PyInt>().ok()?.extract().ok()?;
    (permits <= RawSemaphore::MAX_PERMITS).then_some(permits)
}

/// How many to release; `None` for what is above zero and no whole number, which only an open semaphore can add.
fn released(n: Given<'_, '_>) -> PyResult<Option<u64>> {
    match n.get() {
        None => Ok(Some(1)),
        Some(n) if n.lt(1)? => Err(error::<PyValueError>("n must be one or more")),
        Some(n) => match n.extract() {
            Ok(n) => Ok(Some(n)),
            Err(error) if n.is_instance_of::<PyInt>() => Err(error),
            Err(_) => Ok(None),
        },
    }
}

impl Semaphore {
    fn unbounded() -> Self {
        Self {
            raw: RawSemaphore::new(1, RawSemaphore::MAX_PERMITS)
                .expect("one permit is within the bound"),
            opened: Slot::new(),
        }
    }

    fn start(&self, py: Python<'_>, value: Given<'_, '_>, is_bounded: bool) -> PyResult<()> {
        let was_open = self.opened.get().is_some();
        let native = match value.get() {
            None => Some(1),
            Some(value) if value.lt(0)? => {
                return Err(error::<PyValueError>(
                    "semaphore initial value must be >= 0",
                ));
            }
            Some(value) => permits(&value),
        };
        if let (false, Some(permits)) = (was_open, native) {
            let bound = if is_bounded {
                permits
            } else {
                RawSemaphore::MAX_PERMITS
            };
            if self.raw.reset(permits, bound).is_ok() {
                return Ok(());
            }
        }
        // Begun again, or with what only an open semaphore can have: infinity, say.
        let condition = was_open.then(|| fresh_condition(py)).transpose()?;
        let parts = self.open(py, None)?;
        if let Some(condition) = condition {
            parts.put(Part::Condition, condition.into_bound(py).into_any());
        }
        let value = match value.get() {
            Some(value) => value.to_owned(),
            None => count(py, 1)?,
        };
        parts.put(Part::Initial, value.clone());
        parts.put(Part::Value, value);
        Ok(())
    }

    /// The parts, which there are from now on. If there were none, `condition` is among them, and who waited goes on there.
    fn open<'py>(
        &self,
        py: Python<'py>,
        condition: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<&Opened> {
        self.opened.open(py, condition, |heir| {
            // Made before anything changes.
            let expected = (self.raw.permits(), self.raw.bound());
            let parts = (count(py, expected.0)?, count(py, expected.1)?);
            // SAFETY: the slot keeps the heir for as long as this object lives.
            let retired = unsafe { self.raw.retire(heir.get().raw()) };
            let Some((permits, bound)) = retired else {
                return Ok(None);
            };
            let (value, initial) = if (permits, bound) == expected {
                parts
            } else {
                (count(py, permits)?, count(py, bound)?)
            };
            let value = Some((Part::Value, value));
            Ok(Some([
                value,
                Some((Part::Initial, initial)),
                None,
                None,
                None,
            ]))
        })
    }

    /// The parts, if there are any. For who has been refused: that is how a native semaphore shows that it is one no more.
    #[cold]
    fn parts(&self, py: Python<'_>) -> Option<&Opened> {
        self.raw.is_retired().then(|| self.opened.wait(py))
    }

    #[inline]
    fn take(&self, py: Python<'_>, deadline: Deadline) -> PyResult<bool> {
        match self
            .raw
            .acquire_with(1, &mut Interpreter::new(py), deadline)
        {
            Ok(()) => Ok(true),
            Err(failure) => self.not_taken(py, failure, deadline),
        }
    }

    #[cold]
    fn not_taken(
        &self,
        py: Python<'_>,
        failure: WaitError<PyErr>,
        deadline: Deadline,
    ) -> PyResult<bool> {
        match (failure, self.parts(py)) {
            (WaitError::TimedOut, None) => Ok(false),
            (WaitError::TimedOut, Some(parts)) => open::acquire(py, parts, || Ok(deadline)),
            (WaitError::Interrupted(raised), None) => Err(raised),
            (WaitError::Interrupted(raised), Some(parts)) => {
                let late = self.raw.take_late();
                if late > 0
                    && let Err(worse) =
                        count(py, late).and_then(|late| open::release(py, parts, &late, false))
                {
                    worse.write_unraisable(py, None);
                }
                Err(raised)
            }
        }
    }

    fn give(&self, py: Python<'_>, n: u64, is_bounded: bool) -> PyResult<()> {
        match self.raw.release(n) {
            Ok(()) => Ok(()),
            Err(_) => self.not_given(py, n, is_bounded),
        }
    }

    #[cold]
    fn not_given(&self, py: Python<'_>, n: u64, is_bounded: bool) -> PyResult<()> {
        match self.parts(py) {
            Some(parts) => open::release(py, parts, &count(py, n)?, is_bounded),
            None if is_bounded => Err(released_too_often()),
            // More than a native one can have.
            None => open::release(py, self.open(py, None)?, &count(py, n)?, is_bounded),
        }
    }

    /// `release(n)`.
    fn release_given(&self, py: Python<'_>, n: Given<'_, '_>, is_bounded: bool) -> PyResult<()> {
        match (released(n)?, n.get()) {
            (None, Some(n)) => open::release(py, self.open(py, None)?, &n, is_bounded),
            (number, _) => self.give(py, number.unwrap_or(1), is_bounded),
        }
    }

    fn value<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let permits = self.raw.permits();
        if permits == 0
            && let Some(parts) = self.parts(py)
        {
            return Ok(parts.get(py, Part::Value));
        }
        count(py, permits)
    }

    fn initial<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self.parts(py) {
            Some(parts) => Ok(parts.get(py, Part::Initial)),
            None => count(py, self.raw.bound()),
        }
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
    fn __init__(&self, py: Python<'_>, value: Given<'_, '_>) -> PyResult<()> {
        self.start(py, value, false)
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
            if let Some(parts) = self.parts(py) {
                return open::acquire(py, parts, || remaining_deadline(timeout));
            }
            let deadline = remaining_deadline(timeout)?;
            return self.take(py, deadline);
        }
        if timeout.is_some_and(|timeout| !timeout.is_none()) {
            return Err(error::<PyValueError>(
                "can't specify timeout for non-blocking acquire",
            ));
        }
        self.take(py, Deadline::PASSED)
    }

    /// Give `n` permits back, or new ones, and let as many threads that wait go on.
    #[pyo3(signature = (n=Given::NOTHING), text_signature = "($self, n=1)")]
    fn release(&self, py: Python<'_>, n: Given<'_, '_>) -> PyResult<()> {
        self.release_given(py, n, false)
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
        let py = slf.py();
        if slf.get_type().is(py.get_type::<Semaphore>()) {
            slf.get().give(py, 1, false)
        } else if slf.get_type().is(py.get_type::<BoundedSemaphore>()) {
            slf.get().give(py, 1, true)
        } else {
            calling_back(py, || slf.call_method0(interned!(py, release))).map(drop)
        }
    }

    #[getter]
    fn _value<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.value(py)
    }

    /// Programs that resize a semaphore set it. Whoever waits is let go on, as by release().
    #[setter(_value)]
    fn set_value(&self, py: Python<'_>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        if self.opened.get().is_none()
            && let Some(permits) = permits(value)
            && self.raw.reset(permits, self.raw.bound()).is_ok()
        {
            return Ok(());
        }
        self.open(py, None)?.put(Part::Value, value.clone());
        Ok(())
    }

    /// The condition under which the value changes. There is none before somebody asks for it.
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

    /// For the child of a fork. A native semaphore has nothing to do there: waiters of another process are forgotten by themselves.
    fn _at_fork_reinit(&self, py: Python<'_>) -> PyResult<()> {
        self.parts(py)
            .map_or(Ok(()), |parts| parts.at_fork_reinit(py))
    }

    fn __repr__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyString>> {
        let (py, value) = (slf.py(), slf.get().value(slf.py())?);
        let state = written(py, &[Piece::Plain("value="), Piece::Object(&value)])?;
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
        slf.as_super().get().start(slf.py(), value, true)
    }

    /// Give `n` permits back. Raises ValueError if there would be more than at the start; then none is given.
    #[pyo3(signature = (n=Given::NOTHING), text_signature = "($self, n=1)")]
    fn release(slf: &Bound<'_, Self>, n: Given<'_, '_>) -> PyResult<()> {
        let semaphore = slf.as_super().get();
        semaphore.release_given(slf.py(), n, true)
    }

    #[getter]
    fn _initial_value<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.as_super().get().initial(slf.py())
    }

    /// Programs that resize a semaphore set it.
    #[setter(_initial_value)]
    fn set_initial_value(slf: &Bound<'_, Self>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let parts = slf.as_super().get().open(slf.py(), None)?;
        parts.put(Part::Initial, value.clone());
        Ok(())
    }

    fn __repr__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyString>> {
        let (py, semaphore) = (slf.py(), slf.as_super().get());
        let (value, initial) = (semaphore.value(py)?, semaphore.initial(py)?);
        let pieces = [
            Piece::Plain("value="),
            Piece::Object(&value),
            Piece::Plain("/"),
            Piece::Object(&initial),
        ];
        repr_at(slf.as_any(), &written(py, &pieces)?)
    }
}
