//! `threading.Semaphore`.

use super::inflated::released_too_often;
use super::target::{at_fork_reinit, fresh_condition};
use super::{Condition, inflated};
use crate::blocker::Interpreter;
use crate::callback::calling_back;
use crate::class_face::repr_at;
use crate::inflation::{self, Cell, Inflate, attribute_methods, dict_methods, has_own};
use crate::names::interned;
use crate::objects::{Piece, count, error, written};
use crate::optional_arg::OptionalArg;
use crate::recursion;
use crate::seconds::remaining_deadline;
use pyo3::PyTraverseError;
use pyo3::exceptions::PyValueError;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt, PyString, PyTuple, PyType};
use weftline::park::{Deadline, WaitError};
use weftline::sync::raw::RawSemaphore;

/// A number of permits.
///
/// release() may be called at any moment, also from a destructor, a weak reference's callback or a
/// signal handler that interrupts this very object. Goes beyond the standard class in that a thread
/// which has waited for more than 1 ms gets its permit by handoff.
#[pyclass(frozen, weakref, dict, subclass)]
pub(crate) struct Semaphore {
    pub(super) raw: RawSemaphore,
    pub(super) cell: Cell<Condition>,
}

/// The names in the `__dict__` of an inflated semaphore.
const PARTS: [&str; 3] = ["_cond", "_value", "_initial_value"];

/// A number of permits that a compact semaphore can store and return unchanged: an exact `int`
/// within the bound.
pub(super) fn permits(value: &Bound<'_, PyAny>) -> Option<u64> {
    let permits = value.cast_exact::<PyInt>().ok()?.extract().ok()?;
    (permits <= RawSemaphore::MAX_PERMITS).then_some(permits)
}

/// How many permits to release. `None` for a number above zero that is not whole, which only an
/// inflated semaphore can add.
fn released(n: OptionalArg<'_, '_>) -> PyResult<Option<u64>> {
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
    pub(super) fn unbounded() -> Self {
        Self {
            raw: RawSemaphore::new(1, RawSemaphore::MAX_PERMITS)
                .expect("one permit is within the bound"),
            cell: Cell::new(),
        }
    }

    /// `Semaphore.__init__`, or, if it `is_bounded`, `BoundedSemaphore.__init__`.
    pub(super) fn start(
        slf: &Bound<'_, Self>,
        value: OptionalArg<'_, '_>,
        is_bounded: bool,
    ) -> PyResult<()> {
        let (py, this) = (slf.py(), slf.get());
        let compact = match value.get() {
            None => Some(1),
            Some(value) if value.lt(0)? => {
                return Err(error::<PyValueError>(
                    "semaphore initial value must be >= 0",
                ));
            }
            Some(value) => permits(&value),
        };
        if let Some(permits) = compact
            && !this.cell.is_inflated()
            && (!Self::is_subclassed(slf)
                || !inflation::is_overridden::<Self>(&slf.get_type(), &PARTS)?)
        {
            let bound = if is_bounded {
                permits
            } else {
                RawSemaphore::MAX_PERMITS
            };
            if this.raw.reset(permits, bound).is_ok() {
                return Ok(());
            }
        }
        // Initialised again, or with a value that only an inflated semaphore can hold, such as
        // infinity.
        let was_inflated = this.cell.is_inflated();
        Self::inflate(slf)?;
        if was_inflated {
            slf.setattr(interned!(py, _cond), fresh_condition(py)?)?;
        }
        let value = match value.get() {
            Some(value) => value.to_owned(),
            None => count(py, 1)?,
        };
        slf.setattr(interned!(py, _value), &value)?;
        if is_bounded {
            slf.setattr(interned!(py, _initial_value), value)?;
        }
        Ok(())
    }

    /// As `is_inflated_now`, out of the way of the calls that succeed.
    #[cold]
    #[inline(never)]
    fn is_inflated(&self, py: Python<'_>) -> bool {
        self.is_inflated_now(py)
    }

    #[inline]
    fn take(slf: &Bound<'_, Self>, deadline: Deadline) -> PyResult<bool> {
        let mut blocker = Interpreter::new(slf.py());
        match slf.get().raw.acquire_with(1, &mut blocker, deadline) {
            Ok(()) => Ok(true),
            Err(failure) => Self::acquire_refused(slf, failure, deadline),
        }
    }

    #[cold]
    fn acquire_refused(
        slf: &Bound<'_, Self>,
        failure: WaitError<PyErr>,
        deadline: Deadline,
    ) -> PyResult<bool> {
        let (py, this) = (slf.py(), slf.get());
        match (failure, this.is_inflated(py)) {
            (WaitError::TimedOut, false) => Ok(false),
            (WaitError::TimedOut, true) => inflated::acquire(slf, || Ok(deadline)),
            (WaitError::Interrupted(raised), false) => Err(raised),
            (WaitError::Interrupted(raised), true) => {
                let late = this.raw.take_late();
                if late > 0
                    && let Err(worse) =
                        count(py, late).and_then(|late| inflated::release(slf, &late, false))
                {
                    worse.write_unraisable(py, None);
                }
                Err(raised)
            }
        }
    }

    fn give(slf: &Bound<'_, Self>, n: u64, is_bounded: bool) -> PyResult<()> {
        match slf.get().raw.release(n) {
            Ok(()) => Ok(()),
            Err(_) => Self::release_refused(slf, n, is_bounded),
        }
    }

    #[cold]
    fn release_refused(slf: &Bound<'_, Self>, n: u64, is_bounded: bool) -> PyResult<()> {
        let py = slf.py();
        if !slf.get().is_inflated(py) {
            if is_bounded {
                return Err(released_too_often());
            }
            // More than a compact semaphore can hold.
            Self::inflate(slf)?;
        }
        inflated::release(slf, &count(py, n)?, is_bounded)
    }

    /// `release(n)`.
    pub(super) fn release_arg(
        slf: &Bound<'_, Self>,
        n: OptionalArg<'_, '_>,
        is_bounded: bool,
    ) -> PyResult<()> {
        match (released(n)?, n.get()) {
            (None, Some(n)) => {
                Self::inflate(slf)?;
                inflated::release(slf, &n, is_bounded)
            }
            (number, _) => Self::give(slf, number.unwrap_or(1), is_bounded),
        }
    }

    pub(super) fn value<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        let permits = this.raw.permits();
        if permits == 0 && this.is_inflated(py) {
            return slf.getattr(interned!(py, _value));
        }
        count(py, permits)
    }
}

/// `acquire(blocking, timeout)`, with at least one argument passed.
fn acquire_within(
    slf: &Bound<'_, Semaphore>,
    blocking: OptionalArg<'_, '_>,
    timeout: Option<&Bound<'_, PyAny>>,
) -> PyResult<bool> {
    let (py, this) = (slf.py(), slf.get());
    if blocking
        .get()
        .map_or(Ok(true), |blocking| blocking.is_truthy())?
    {
        // Only a call that waits reads the timeout.
        if this.raw.try_acquire(1) {
            return Ok(true);
        }
        if this.is_inflated(py) {
            return inflated::acquire(slf, || remaining_deadline(timeout));
        }
        let deadline = remaining_deadline(timeout)?;
        return Semaphore::take(slf, deadline);
    }
    if timeout.is_some_and(|timeout| !timeout.is_none()) {
        return Err(error::<PyValueError>(
            "can't specify timeout for non-blocking acquire",
        ));
    }
    Semaphore::take(slf, Deadline::PASSED)
}

/// Adds the second name that the standard class has for `acquire`.
pub(super) fn register(py: Python<'_>) -> PyResult<()> {
    let class = py.get_type::<Semaphore>();
    class.setattr(interned!(py, __enter__), class.getattr("acquire")?)
}

attribute_methods!(Semaphore);
dict_methods!(Semaphore);

#[pymethods]
impl Semaphore {
    #[new]
    #[classmethod]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = "(value=1)")]
    fn new(
        class: &Bound<'_, PyType>,
        _args: &Bound<'_, PyTuple>,
        _kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        inflation::ensure_dict_getter::<Self>(class)?;
        Ok(Self::unbounded())
    }

    #[pyo3(signature = (value=OptionalArg::MISSING))]
    fn __init__(slf: &Bound<'_, Self>, value: OptionalArg<'_, '_>) -> PyResult<()> {
        Self::start(slf, value, false)
    }

    /// Take a permit, waiting for at most `timeout` seconds unless `blocking` is false. Returns
    /// whether one was taken.
    #[pyo3(signature = (blocking=OptionalArg::MISSING, timeout=None), text_signature = "($self, blocking=True, timeout=None)")]
    fn acquire(
        slf: &Bound<'_, Self>,
        blocking: OptionalArg<'_, '_>,
        timeout: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<bool> {
        if blocking.get().is_none() && timeout.is_none() {
            return Self::take(slf, Deadline::NEVER);
        }
        acquire_within(slf, blocking, timeout)
    }

    /// Add `n` permits, and let as many waiting threads proceed.
    #[pyo3(signature = (n=OptionalArg::MISSING), text_signature = "($self, n=1)")]
    fn release(slf: &Bound<'_, Self>, n: OptionalArg<'_, '_>) -> PyResult<()> {
        Self::release_arg(slf, n, false)
    }

    /// Call release(), which a program may replace.
    #[pyo3(signature = (t, v, tb))]
    fn __exit__(
        slf: &Bound<'_, Self>,
        t: &Bound<'_, PyAny>,
        v: &Bound<'_, PyAny>,
        tb: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let (py, _) = (slf.py(), (t, v, tb));
        if !Self::is_subclassed(slf) {
            if slf.get().raw.release(1).is_ok() {
                return Ok(());
            }
            if !has_own(slf, interned!(py, release))? {
                return Self::release_refused(slf, 1, Self::is_bounded(slf));
            }
        }
        calling_back(py, || slf.call_method0(interned!(py, release))).map(drop)
    }

    /// For the child of a fork. A compact semaphore needs nothing there: it forgets waiters of
    /// another process by itself.
    fn _at_fork_reinit(slf: &Bound<'_, Self>) -> PyResult<()> {
        if slf.get().is_inflated_now(slf.py()) {
            at_fork_reinit(slf)?;
        }
        Ok(())
    }

    fn __repr__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyString>> {
        recursion::check(slf.py())?;
        let (py, value) = (slf.py(), Self::value(slf)?);
        let state = written(py, &[Piece::Plain("value="), Piece::Object(&value)])?;
        repr_at(slf.as_any(), &state)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.cell.traverse(&visit)
    }
}
