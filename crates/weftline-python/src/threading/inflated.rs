//! The standard library's algorithm, for inflated events and semaphores (`target.rs`): its
//! statements in its order, over the condition and the value that the object has at that moment.
//!
//! It goes beyond the standard library in two ways. A call nested in another one, in the same
//! thread, does not deadlock (`guard.rs`). A thread that was blocked while the object was compact
//! continues with the time it has left.

use super::Condition;
use super::guard::{self, holding};
use crate::callback::calling_back;
use crate::names::interned;
use crate::objects::{self, error};
use crate::pending::handle_pending;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyRange;
use weftline::park::Deadline;

/// `Event.set`.
#[cold]
pub(super) fn set<T>(event: &Bound<'_, T>) -> PyResult<()> {
    holding(event, interned!(event.py(), _cond), |condition| {
        event.as_any().setattr(interned!(event.py(), _flag), true)?;
        guard::notify_all(condition)
    })
}

/// `Event.clear`.
#[cold]
pub(super) fn clear<T>(event: &Bound<'_, T>) -> PyResult<()> {
    holding(event, interned!(event.py(), _cond), |_| {
        event.as_any().setattr(interned!(event.py(), _flag), false)
    })
}

/// `Event.wait`.
#[cold]
pub(super) fn wait<'py, T>(
    event: &Bound<'py, T>,
    deadline: impl FnOnce() -> PyResult<Deadline>,
) -> PyResult<Bound<'py, PyAny>> {
    holding(event, interned!(event.py(), _cond), |condition| {
        let signaled = event.as_any().getattr(interned!(event.py(), _flag))?;
        if signaled.is_truthy()? {
            return Ok(signaled);
        }
        guard::wait(condition, deadline()?)
    })
}

/// The rest of `Event.wait` for a thread that was notified through the condition: it takes the lock
/// again before it returns.
#[cold]
pub(super) fn pass_through<T>(event: &Bound<'_, T>) -> PyResult<()> {
    holding(event, interned!(event.py(), _cond), |_| Ok(()))
}

/// `Semaphore.acquire`.
#[cold]
pub(super) fn acquire<T>(
    semaphore: &Bound<'_, T>,
    deadline: impl FnOnce() -> PyResult<Deadline>,
) -> PyResult<bool> {
    let semaphore = semaphore.as_any();
    let name = interned!(semaphore.py(), _value);
    holding(semaphore, interned!(semaphore.py(), _cond), |condition| {
        let mut asked = Some(deadline);
        let mut deadline = Deadline::PASSED;
        loop {
            let value = semaphore.getattr(name)?;
            if !value.eq(0)? {
                // Read again, as `-=` reads it.
                semaphore.setattr(name, objects::decreased(&semaphore.getattr(name)?)?)?;
                return Ok(true);
            }
            if let Some(asked) = asked.take() {
                deadline = asked()?;
            }
            if deadline.has_passed() {
                return Ok(false);
            }
            guard::wait(condition, deadline)?;
            handle_pending(semaphore.py())?;
        }
    })
}

/// `Semaphore.release`, or, if it `is_bounded`, `BoundedSemaphore.release`.
#[cold]
pub(super) fn release<T>(
    semaphore: &Bound<'_, T>,
    n: &Bound<'_, PyAny>,
    is_bounded: bool,
) -> PyResult<()> {
    let (py, semaphore) = (semaphore.py(), semaphore.as_any());
    holding(semaphore, interned!(semaphore.py(), _cond), |condition| {
        let name = interned!(py, _value);
        if is_bounded {
            let value = semaphore.getattr(name)?.add(n)?;
            if value.gt(semaphore.getattr(interned!(py, _initial_value))?)? {
                return Err(released_too_often());
            }
        }
        let value = objects::increased(&semaphore.getattr(name)?, n)?;
        semaphore.setattr(name, value)?;
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
        let n = usize::try_from(n).unwrap_or(usize::MAX);
        if ours.get().notify_some(py, n)? {
            return Ok(());
        }
    }
    // Called as the running version calls it: the object may be no condition at all.
    if cfg!(Py_3_12) {
        return calling_back(py, || condition.call_method1(interned!(py, notify), (n,))).map(drop);
    }
    let times = py.get_type::<PyRange>().call1((n,))?;
    times.try_iter()?.try_for_each(|_| {
        guard::notify(condition)?;
        handle_pending(py)
    })
}
