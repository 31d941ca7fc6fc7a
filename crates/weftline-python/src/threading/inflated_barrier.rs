//! The standard library's algorithm, for inflated barriers (`target.rs`): its statements in its
//! order, over the attributes and methods that the barrier has at that moment. A subclass may
//! override all of them: `multiprocessing.Barrier` has a state and a count in shared memory.

use super::Condition;
use super::guard::{self, holding};
use crate::callback::{calling_back, calling_back_to_leave};
use crate::handled::{finally, handling};
use crate::names::interned;
use crate::objects::{self, bare_error};
use crate::pending::handle_pending;
use crate::seconds::remaining_deadline;
use pyo3::exceptions::PyAssertionError;
use pyo3::prelude::*;
use pyo3::types::PyString;
use weftline::park::Deadline;

/// `threading.BrokenBarrierError`.
#[cold]
pub(super) fn broken(py: Python<'_>) -> PyErr {
    bare_error(crate::standard::broken_barrier_error(py))
}

/// `_state`: threads arrive.
pub(super) const FILLING: i32 = 0;
/// All threads have arrived, and leave.
const DRAINING: i32 = 1;
/// The threads leave with an error.
const RESETTING: i32 = -1;
/// Every wait fails.
pub(super) const BROKEN: i32 = -2;

type This<'a, 'py> = &'a Bound<'py, PyAny>;

fn condition<'py>(this: This<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    this.getattr(interned!(this.py(), _cond))
}

fn state<'py>(this: This<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    this.getattr(interned!(this.py(), _state))
}

fn count<'py>(this: This<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    this.getattr(interned!(this.py(), _count))
}

fn is_in(this: This<'_, '_>, states: &[i32]) -> PyResult<bool> {
    let state = state(this)?;
    for value in states {
        if state.eq(value)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Changes the state and notifies all waiters.
fn enter_state(this: This<'_, '_>, state: i32) -> PyResult<()> {
    this.setattr(interned!(this.py(), _state), state)?;
    guard::notify_all(&condition(this)?)
}

/// `self.name()`, which a subclass may override.
fn call(this: This<'_, '_>, name: &Bound<'_, PyString>) -> PyResult<()> {
    calling_back(this.py(), || this.call_method0(name)).map(drop)
}

/// As [`call`], for a step that must not fail when little stack is left.
fn call_to_leave(this: This<'_, '_>, name: &Bound<'_, PyString>) -> PyResult<()> {
    calling_back_to_leave(this.py(), || this.call_method0(name)).map(drop)
}

/// `Barrier.wait`.
#[cold]
pub(super) fn wait<'py>(
    this: This<'_, 'py>,
    timeout: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = this.py();
    let timeout = match timeout {
        Some(timeout) => timeout.clone(),
        None => this.getattr(interned!(py, _timeout))?,
    };
    holding(this, interned!(this.py(), _cond), |_| {
        call(this, interned!(py, _enter))?;
        let index = count(this)?;
        let arrived = objects::increased(&count(this)?, &objects::int(py, 1)?)?;
        this.setattr(interned!(py, _count), arrived)?;
        let arrived = || {
            if index.add(1)?.eq(this.getattr(interned!(py, _parties))?)? {
                return call(this, interned!(py, _release));
            }
            let wait = || this.call_method1(interned!(py, _wait), (&timeout,));
            calling_back(py, wait).map(drop)
        };
        leave(this, arrived()).map(|()| index)
    })
}

/// The end of `Barrier.wait`, for a thread that is counted and whose wait had the result `ended`.
fn leave(this: This<'_, '_>, ended: PyResult<()>) -> PyResult<()> {
    let py = this.py();
    finally(py, ended, || {
        let left = objects::decreased(&count(this)?)?;
        this.setattr(interned!(py, _count), left)?;
        call_to_leave(this, interned!(py, _exit))
    })
}

/// The rest of `Barrier.wait` for a thread that had arrived while the barrier was compact, and was
/// interrupted or not.
#[cold]
pub(super) fn resume(
    this: This<'_, '_>,
    deadline: Deadline,
    interrupt: Option<PyErr>,
) -> PyResult<()> {
    holding(this, interned!(this.py(), _cond), |_| {
        let ended = match interrupt {
            None => wait_by(this, || Ok(deadline)),
            Some(raised) => Err(raised),
        };
        leave(this, ended)
    })
}

/// The rest of `Barrier.wait`, after the action, for the thread that inflated the barrier inside
/// it. The condition is held.
#[cold]
pub(super) fn resume_acting(this: This<'_, '_>, failed: Option<PyErr>) -> PyResult<()> {
    leave(this, end_action(this, failed.map_or(Ok(()), Err)))
}

/// `Barrier._enter`
pub(super) fn enter(this: This<'_, '_>) -> PyResult<()> {
    while is_in(this, &[RESETTING, DRAINING])? {
        guard::wait(&condition(this)?, Deadline::NEVER)?;
        handle_pending(this.py())?;
    }
    if state(this)?.lt(FILLING)? {
        return Err(broken(this.py()));
    }
    assert_in(this, FILLING)
}

/// `Barrier._release`
pub(super) fn release(this: This<'_, '_>) -> PyResult<()> {
    let py = this.py();
    // A failure to read the action breaks the barrier, too.
    let acted = this.getattr(interned!(py, _action)).and_then(|action| {
        if action.is_truthy()? {
            calling_back(py, || action.call0())?;
        }
        Ok(())
    });
    end_action(this, acted)
}

fn end_action(this: This<'_, '_>, acted: PyResult<()>) -> PyResult<()> {
    acted
        .and_then(|()| enter_state(this, DRAINING))
        .or_else(|raised| {
            let py = this.py();
            handling(py, &raised, || call_to_leave(this, interned!(py, _break)))?;
            Err(raised)
        })
}

/// `Barrier._wait`
pub(super) fn wait_within(this: This<'_, '_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
    let py = this.py();
    let condition = condition(this)?;
    if let Ok(ours) = condition.cast_exact::<Condition>()
        && !ours.get().is_inflated()
    {
        return wait_by(this, || remaining_deadline(timeout));
    }
    // A condition of the program has a `wait_for` of its own.
    let barrier = this.clone().unbind();
    let is_over = Bound::new(py, IsOver { barrier })?;
    let wait_for = || condition.call_method1(interned!(py, wait_for), (is_over, timeout));
    if !calling_back(py, wait_for)?.is_truthy()? {
        call_to_leave(this, interned!(py, _break))?;
        return Err(broken(py));
    }
    see_how_it_ended(this)
}

/// The predicate of [`wait_within`].
#[pyclass(frozen)]
struct IsOver {
    barrier: Py<PyAny>,
}

#[pymethods]
impl IsOver {
    fn __call__(&self, py: Python<'_>) -> PyResult<bool> {
        state(self.barrier.bind(py))?.ne(FILLING)
    }
}

fn wait_by(this: This<'_, '_>, deadline: impl FnOnce() -> PyResult<Deadline>) -> PyResult<()> {
    let mut asked = Some(deadline);
    let mut deadline = Deadline::PASSED;
    while state(this)?.eq(FILLING)? {
        // A wait precedes the first check of the time, as in `Condition.wait_for`.
        if let Some(asked) = asked.take() {
            deadline = asked()?;
        } else if deadline.has_passed() {
            call_to_leave(this, interned!(this.py(), _break))?;
            return Err(broken(this.py()));
        }
        guard::wait(&condition(this)?, deadline)?;
        handle_pending(this.py())?;
    }
    see_how_it_ended(this)
}

/// The rest of `Barrier._wait`, after the state has changed.
fn see_how_it_ended(this: This<'_, '_>) -> PyResult<()> {
    if state(this)?.lt(FILLING)? {
        return Err(broken(this.py()));
    }
    assert_in(this, DRAINING)
}

/// `assert self._state == state`
fn assert_in(this: This<'_, '_>, expected: i32) -> PyResult<()> {
    if state(this)?.eq(expected)? {
        return Ok(());
    }
    Err(bare_error(&this.py().get_type::<PyAssertionError>()))
}

/// `Barrier._exit`
pub(super) fn exit(this: This<'_, '_>) -> PyResult<()> {
    if count(this)?.eq(0)? && is_in(this, &[RESETTING, DRAINING])? {
        enter_state(this, FILLING)?;
    }
    Ok(())
}

/// `Barrier._break`
pub(super) fn r#break(this: This<'_, '_>) -> PyResult<()> {
    enter_state(this, BROKEN)
}

/// `Barrier.reset`
#[cold]
pub(super) fn reset(this: This<'_, '_>) -> PyResult<()> {
    holding(this, interned!(this.py(), _cond), |_| {
        if !count(this)?.gt(0)? {
            return enter_state(this, FILLING);
        }
        if is_in(this, &[FILLING, BROKEN])? {
            return enter_state(this, RESETTING);
        }
        guard::notify_all(&condition(this)?)
    })
}

/// `Barrier.abort`
#[cold]
pub(super) fn abort(this: This<'_, '_>) -> PyResult<()> {
    holding(this, interned!(this.py(), _cond), |_| {
        call(this, interned!(this.py(), _break))
    })
}

/// `Barrier.n_waiting`
#[cold]
pub(super) fn n_waiting<'py>(this: This<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    if state(this)?.eq(FILLING)? {
        return count(this);
    }
    objects::int(this.py(), 0)
}
