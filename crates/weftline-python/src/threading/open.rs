//! The standard library's algorithm, for open events and semaphores (`opened.rs`): its statements in its order, over the condition and the
//! value that the object has at that moment.
//!
//! It goes beyond the standard library in two ways: a call from inside of another one, in the same thread, does not wait for itself
//! (`guard.rs`); and a thread that was blocked when the object was native goes on with the time it has left.

use super::Condition;
use super::guard::{self, Guard};
use super::opened::{Opened, Part};
use crate::callback::calling_back;
use crate::names::interned;
use crate::objects::error;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyRange};
use weftline::park::Deadline;

fn holding<'py, T>(
    py: Python<'py>,
    opened: &Opened,
    body: impl FnOnce(&Bound<'py, PyAny>) -> PyResult<T>,
) -> PyResult<T> {
    let condition = opened.get(py, Part::Condition);
    let guard = Guard::enter(condition.clone())?;
    guard.exit(body(&condition))
}

fn flag(py: Python<'_>, is_up: bool) -> Bound<'_, PyAny> {
    PyBool::new(py, is_up).to_owned().into_any()
}

/// `Event.set`.
#[cold]
pub(super) fn set(py: Python<'_>, event: &Opened) -> PyResult<()> {
    holding(py, event, |condition| {
        event.put(Part::Value, flag(py, true));
        guard::notify_all(condition)
    })
}

/// `Event.clear`.
#[cold]
pub(super) fn clear(py: Python<'_>, event: &Opened) -> PyResult<()> {
    holding(py, event, |_| {
        event.put(Part::Value, flag(py, false));
        Ok(())
    })
}

/// `Event.wait`.
#[cold]
pub(super) fn wait<'py>(
    py: Python<'py>,
    event: &Opened,
    deadline: impl FnOnce() -> PyResult<Deadline>,
) -> PyResult<Bound<'py, PyAny>> {
    holding(py, event, |condition| {
        let signaled = event.get(py, Part::Value);
        if signaled.is_truthy()? {
            return Ok(signaled);
        }
        guard::wait(condition, deadline()?)
    })
}

/// What is left of `Event.wait` for a thread that was notified through the condition: it takes the lock again before it returns.
#[cold]
pub(super) fn pass_through(py: Python<'_>, event: &Opened) -> PyResult<()> {
    holding(py, event, |_| Ok(()))
}

/// `Semaphore.acquire`.
#[cold]
pub(super) fn acquire(
    py: Python<'_>,
    semaphore: &Opened,
    deadline: impl FnOnce() -> PyResult<Deadline>,
) -> PyResult<bool> {
    holding(py, semaphore, |condition| {
        let mut asked = Some(deadline);
        let mut deadline = Deadline::PASSED;
        loop {
            let value = semaphore.get(py, Part::Value);
            if !value.eq(0)? {
                semaphore.put(Part::Value, value.sub(1)?);
                return Ok(true);
            }
            if let Some(asked) = asked.take() {
                deadline = asked()?;
            }
            if deadline.has_passed() {
                return Ok(false);
            }
            guard::wait(condition, deadline)?;
        }
    })
}

/// `Semaphore.release`, or, if it `is_bounded`, `BoundedSemaphore.release`.
#[cold]
pub(super) fn release(
    py: Python<'_>,
    semaphore: &Opened,
    n: &Bound<'_, PyAny>,
    is_bounded: bool,
) -> PyResult<()> {
    holding(py, semaphore, |condition| {
        let value = semaphore.get(py, Part::Value).add(n)?;
        if is_bounded && value.gt(semaphore.get(py, Part::Initial))? {
            return Err(released_too_often());
        }
        semaphore.put(Part::Value, value);
        notify(condition, n)
    })
}

#[cold]
pub(super) fn released_too_often() -> PyErr {
    error::<PyValueError>("Semaphore released too many times")
}

fn notify(condition: &Bound<'_, PyAny>, n: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = condition.py();
    if let (Ok(ours), Ok(n)) = (condition.cast_exact::<Condition>(), n.extract::<u64>()) {
        return ours
            .get()
            .notify_some(py, usize::try_from(n).unwrap_or(usize::MAX));
    }
    // As the running version asks an object that may not be a condition at all.
    if cfg!(Py_3_12) {
        return calling_back(py, || condition.call_method1(interned!(py, notify), (n,))).map(drop);
    }
    let times = py.get_type::<PyRange>().call1((n,))?;
    times.try_iter()?.try_for_each(|_| guard::notify(condition))
}
