//! Inflated futures: the standard library's algorithm, statement by statement, over the attributes
//! that the future has at that moment.
//!
//! A compact future has neither the condition nor the lists of the standard class, and changes its
//! state in the core. When a program asks for one of these, it is inflated, for good
//! (`attributes.rs`). The standard `wait` and `as_completed` do so, and so do executors of other
//! libraries. From then on each change of state happens with the condition held, tells each of the
//! waiters, and notifies.

use super::attributes::Moment;
use super::callbacks::call_one_back;
use super::object::Future;
use super::outcome::{Outcome, description_of, phase_named, raised};
use super::standard::{cancelled, is_raised, standard};
use crate::callback::calling_back;
use crate::inflation::{Inflate, has_own};
use crate::names::interned;
use crate::objects::{self, Piece, bare_error, error_of, written};
use crate::pending::handle_pending;
use crate::seconds::wait_deadline;
use crate::threading::guard::{self, holding};
use pyo3::exceptions::{PyKeyError, PyRuntimeError, PyTimeoutError};
use pyo3::prelude::*;
use pyo3::types::{PySet, PyString};
use weftline::executor::raw::Phase;

type This<'a, 'py> = &'a Bound<'py, Future>;

const CANCELLED: [&str; 2] = ["CANCELLED", "CANCELLED_AND_NOTIFIED"];
const DONE: [&str; 3] = ["CANCELLED", "CANCELLED_AND_NOTIFIED", "FINISHED"];

/// Inflates the future if its class overrides `_invoke_callbacks`, which then reads
/// `_done_callbacks`.
#[inline]
pub(super) fn inflate_if_callbacks_overridden(slf: This<'_, '_>) -> PyResult<()> {
    if !slf.is_exact_instance_of::<Future>() && overrides_callbacks(slf)? {
        Future::inflate(slf)?;
    }
    Ok(())
}

#[cold]
fn overrides_callbacks(slf: This<'_, '_>) -> PyResult<bool> {
    let name = interned!(slf.py(), _invoke_callbacks);
    let mine = slf.get_type().getattr(name)?;
    Ok(!mine.is(slf.py().get_type::<Future>().getattr(name)?))
}

fn state<'py>(slf: This<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    slf.getattr(interned!(slf.py(), _state))
}

fn is_one_of(state: &Bound<'_, PyAny>, names: &[&str]) -> PyResult<bool> {
    for name in names {
        if state.eq(objects::text(state.py(), name)?)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// As [`is_one_of`] where the standard library tests a set, which computes the hash first.
fn is_in_set(state: &Bound<'_, PyAny>, names: &[&str]) -> PyResult<bool> {
    if state.is_exact_instance_of::<PyString>() {
        return is_one_of(state, names);
    }
    let set = PySet::empty(state.py())?;
    for name in names {
        set.add(objects::text(state.py(), name)?)?;
    }
    set.as_any().contains(state)
}

/// What `repr` tells: the state, and how the call ended, with which object.
type Description<'py> = (&'static str, Option<(&'static str, Bound<'py, PyAny>)>);

/// The word of `repr` for a value of `_state`.
fn described(state: &Bound<'_, PyAny>) -> PyResult<&'static str> {
    let py = state.py();
    let text = state.cast::<PyString>().ok();
    let text = text.map(|text| text.to_str()).transpose()?;
    if let Some(phase) = text.and_then(phase_named) {
        return Ok(description_of(phase));
    }
    // In the words of the running version, also for a key without a hash.
    let found = objects::dict(py)?.get_item(state)?;
    debug_assert!(found.is_none(), "an empty dictionary");
    let class = py.get_type::<PyKeyError>();
    Err(error_of(&class, &class.call1((state,))?))
}

fn is_finished(slf: This<'_, '_>) -> PyResult<bool> {
    state(slf)?.eq(interned!(slf.py(), FINISHED))
}

/// Phase, result and exception, as `_get_snapshot` reads them.
pub(super) fn moment<'py>(slf: This<'_, 'py>) -> PyResult<Moment<'py>> {
    let py = slf.py();
    let without = |phase| (phase, py.None().into_bound(py), py.None().into_bound(py));
    let finished = || {
        let result = slf.getattr(interned!(py, _result))?;
        Ok((
            Phase::Finished,
            result,
            slf.getattr(interned!(py, _exception))?,
        ))
    };
    if is_finished(slf)? {
        return finished();
    }
    holding(slf, interned!(py, _condition), |_| {
        if is_finished(slf)? {
            return finished();
        }
        Ok(match is_in_set(&state(slf)?, &CANCELLED)? {
            true => without(Phase::Cancelled),
            false => without(Phase::Pending),
        })
    })
}

/// As `repr` reads the attributes, one after the other.
pub(super) fn description<'py>(slf: This<'_, 'py>) -> PyResult<Description<'py>> {
    let py = slf.py();
    holding(slf, interned!(py, _condition), |_| {
        if !is_finished(slf)? {
            return Ok((described(&state(slf)?)?, None));
        }
        let exception = slf.getattr(interned!(py, _exception))?;
        let (verb, name) = match exception.is_truthy()? {
            true => (" raised ", interned!(py, _exception)),
            false => (" returned ", interned!(py, _result)),
        };
        let described = described(&state(slf)?)?;
        Ok((described, Some((verb, slf.getattr(name)?))))
    })
}

fn enter(slf: This<'_, '_>, state: &str) -> PyResult<()> {
    slf.setattr(interned!(slf.py(), _state), objects::text(slf.py(), state)?)
}

fn tell(slf: This<'_, '_>, what: &Bound<'_, PyString>) -> PyResult<()> {
    let waiters = slf.getattr(interned!(slf.py(), _waiters))?;
    for waiter in waiters.try_iter()? {
        let waiter = waiter?;
        calling_back(slf.py(), || waiter.call_method1(what, (slf,)))?;
        handle_pending(slf.py())?;
    }
    Ok(())
}

/// Whether the state is among `names`, read with the condition held.
#[cold]
pub(super) fn is_in(slf: This<'_, '_>, names: &[&str]) -> PyResult<bool> {
    holding(slf, interned!(slf.py(), _condition), |_| {
        is_one_of(&state(slf)?, names)
    })
}

#[cold]
pub(super) fn is_cancelled(slf: This<'_, '_>) -> PyResult<bool> {
    is_in(slf, &CANCELLED)
}

#[cold]
pub(super) fn is_done(slf: This<'_, '_>) -> PyResult<bool> {
    is_in(slf, &DONE)
}

/// `Future.set_result` or `Future.set_exception`
#[cold]
pub(super) fn settle(slf: This<'_, '_>, outcome: Outcome) -> PyResult<()> {
    let py = slf.py();
    holding(slf, interned!(slf.py(), _condition), |condition| {
        let state = state(slf)?;
        if is_in_set(&state, &DONE)? {
            let repr = slf.repr()?.into_any();
            let pieces = [
                Piece::Object(&state),
                Piece::Plain(": "),
                Piece::Object(&repr),
            ];
            let words = written(py, &pieces)?;
            let class = standard(py)?.invalid_state.bind(py);
            return Err(error_of(class, words.as_any()));
        }
        let what = match outcome {
            Outcome::Result(result) => {
                slf.setattr(interned!(py, _result), result)?;
                interned!(py, add_result)
            }
            Outcome::Exception(exception) => {
                slf.setattr(interned!(py, _exception), exception)?;
                interned!(py, add_exception)
            }
            Outcome::NoException => {
                slf.setattr(interned!(py, _exception), py.None())?;
                interned!(py, add_exception)
            }
        };
        enter(slf, "FINISHED")?;
        tell(slf, what)?;
        guard::notify_all(condition)
    })?;
    invoke_callbacks(slf)
}

/// `Future.cancel`
#[cold]
pub(super) fn cancel(slf: This<'_, '_>) -> PyResult<bool> {
    let before = holding(slf, interned!(slf.py(), _condition), |condition| {
        let state = state(slf)?;
        if is_one_of(&state, &["RUNNING", "FINISHED"])? {
            return Ok(Some(false));
        }
        if is_one_of(&state, &CANCELLED)? {
            return Ok(Some(true));
        }
        enter(slf, "CANCELLED")?;
        guard::notify_all(condition)?;
        Ok(None)
    })?;
    if let Some(before) = before {
        return Ok(before);
    }
    let task = slf.get().raw.with(|_, state| state.task.take());
    drop(task);
    invoke_callbacks(slf)?;
    Ok(true)
}

/// `Future.set_running_or_notify_cancel`. `None`: no call begins in the future's state.
#[cold]
pub(super) fn begin(slf: This<'_, '_>) -> PyResult<Option<bool>> {
    holding(slf, interned!(slf.py(), _condition), |_| {
        let state = state(slf)?;
        if is_one_of(&state, &["CANCELLED"])? {
            enter(slf, "CANCELLED_AND_NOTIFIED")?;
            tell(slf, interned!(slf.py(), add_cancelled))?;
            return Ok(Some(false));
        }
        if is_one_of(&state, &["PENDING"])? {
            enter(slf, "RUNNING")?;
            return Ok(Some(true));
        }
        // Logged with the condition held.
        Err(unexpected_state(slf))
    })
}

/// `Future.add_done_callback`
#[cold]
pub(super) fn add_done_callback(slf: This<'_, '_>, callback: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = slf.py();
    let is_late = holding(slf, interned!(slf.py(), _condition), |_| {
        if is_one_of(&state(slf)?, &DONE)? {
            return Ok(true);
        }
        slf.getattr(interned!(py, _done_callbacks))?
            .call_method1(interned!(py, append), (callback,))
            .map(|_| false)
    })?;
    if is_late {
        call_one_back(slf, callback)?;
    }
    Ok(())
}

/// `self.__get_result()`
pub(super) fn get_result(slf: This<'_, '_>) -> PyResult<Py<PyAny>> {
    let name = interned!(slf.py(), _Future__get_result);
    if slf.is_exact_instance_of::<Future>() && !has_own(slf, name)? {
        return outcome(slf);
    }
    calling_back(slf.py(), || slf.call_method0(name)).map(Bound::unbind)
}

/// `Future.__get_result`
#[cold]
pub(super) fn outcome(slf: This<'_, '_>) -> PyResult<Py<PyAny>> {
    let py = slf.py();
    let exception = slf.getattr(interned!(py, _exception))?;
    if is_raised(&exception)? {
        return Err(raised(exception));
    }
    Ok(slf.getattr(interned!(py, _result))?.unbind())
}

/// `Future.result` or `Future.exception`; `take` reads the value when it is there.
#[cold]
pub(super) fn wait<R>(
    slf: This<'_, '_>,
    timeout: Option<&Bound<'_, PyAny>>,
    take: impl Fn() -> PyResult<R>,
) -> PyResult<R> {
    let py = slf.py();
    let check = || {
        let state = state(slf)?;
        if is_one_of(&state, &CANCELLED)? {
            return Err(cancelled(py));
        }
        if is_one_of(&state, &["FINISHED"])? {
            return take().map(Some);
        }
        Ok(None)
    };
    holding(slf, interned!(slf.py(), _condition), |condition| {
        if let Some(there) = check()? {
            return Ok(there);
        }
        guard::wait(condition, wait_deadline(timeout)?)?;
        check()?.ok_or_else(|| bare_error(&py.get_type::<PyTimeoutError>()))
    })
}

/// `self._invoke_callbacks()`
fn invoke_callbacks(slf: This<'_, '_>) -> PyResult<()> {
    let name = interned!(slf.py(), _invoke_callbacks);
    if slf.is_exact_instance_of::<Future>() && !has_own(slf, name)? {
        return call_back(slf);
    }
    calling_back(slf.py(), || slf.call_method0(name)).map(drop)
}

/// `Future._invoke_callbacks`
pub(super) fn call_back(slf: This<'_, '_>) -> PyResult<()> {
    let callbacks = slf.getattr(interned!(slf.py(), _done_callbacks))?;
    for callback in callbacks.try_iter()? {
        call_one_back(slf, &callback?)?;
        handle_pending(slf.py())?;
    }
    Ok(())
}

/// The error that `Future.set_running_or_notify_cancel` raises and logs.
#[cold]
pub(super) fn unexpected_state(slf: This<'_, '_>) -> PyErr {
    let attempt = || -> PyResult<()> {
        let py = slf.py();
        let text = objects::text(py, "Future %s in unexpected state: %s")?;
        let id = objects::len(py, slf.as_ptr() as usize)?;
        let arguments = (text, id, state(slf)?);
        let logger = standard(py)?.logger.bind(py);
        logger
            .call_method1(interned!(py, critical), arguments)
            .map(drop)
    };
    match attempt() {
        Ok(()) => objects::error::<PyRuntimeError>("Future in unexpected state"),
        Err(raised) => raised,
    }
}
