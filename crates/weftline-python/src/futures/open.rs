//! Open futures: the standard library's algorithm, statement by statement.
//!
//! A future begins without the condition and the lists that the standard class has, and changes its state by itself. As soon as a program
//! asks for `_condition`, `_waiters` or `_done_callbacks` (the standard `wait` and `as_completed` do, and executors that others have
//! written), it becomes *open*, for good: they exist from then on, and each change of state happens while the condition is held, tells each of
//! the waiters, and notifies.

use super::future::Future;
use super::held::{Held, Open};
use super::settling::{Outcome, call_one_back, done_already};
use crate::callback::calling_back;
use crate::names::interned;
use crate::objects::{self, no_memory};
use crate::threading::Condition;
use pyo3::prelude::*;
use pyo3::types::PyString;
use weftline::executor::raw::{Phase, Unchanged};
use weftline::memory::try_box;

/// Opens the future if it is not open yet; its parts.
pub(super) fn open(slf: &Bound<'_, Future>) -> PyResult<Open> {
    let py = slf.py();
    let parts = |held: &Held| held.open.as_ref().map(|open| open.clone_ref(py));
    if let Some(open) = slf.get().raw.with(|_, held| parts(held)) {
        return Ok(open);
    }
    let callbacks = objects::list(py)?;
    let fresh = Open {
        condition: py.get_type::<Condition>().call0()?.unbind(),
        waiters: objects::list(py)?.into_any().unbind(),
        callbacks: callbacks.clone().into_any().unbind(),
    };
    let mut fresh = Some(try_box(fresh).map_err(|_| no_memory(py))?);
    // Everything is made before the future changes: the list has all callbacks when it takes their place.
    loop {
        let (next, opened) = slf.get().raw.with(|_, held| {
            if let Some(callback) = held.callbacks.get(callbacks.len()) {
                return (Some(callback.clone_ref(py)), None);
            }
            if held.open.is_none() {
                held.open = fresh.take();
            }
            let moved = std::mem::take(&mut held.callbacks);
            (None, Some((parts(held), moved)))
        });
        match (next, opened) {
            (Some(callback), _) => callbacks.append(callback)?,
            (None, Some((open, moved))) => {
                drop(moved);
                return Ok(open.expect("opened above, by this thread or another"));
            }
            (None, None) => unreachable!("one or the other"),
        }
    }
}

/// Opens the future if its class has another `_invoke_callbacks`, which looks for `_done_callbacks`.
#[inline]
pub(super) fn if_it_calls_back_its_own_way(slf: &Bound<'_, Future>) -> PyResult<()> {
    if !slf.is_exact_instance_of::<Future>() && calls_back_its_own_way(slf)? {
        drop(open(slf)?);
    }
    Ok(())
}

#[cold]
fn calls_back_its_own_way(slf: &Bound<'_, Future>) -> PyResult<bool> {
    let name = interned!(slf.py(), _invoke_callbacks);
    let mine = slf.get_type().getattr(name)?;
    Ok(!mine.is(slf.py().get_type::<Future>().getattr(name)?))
}

/// Replaces one of the parts.
pub(super) fn replace(
    slf: &Bound<'_, Future>,
    f: impl FnOnce(&mut Open) -> Py<PyAny>,
) -> PyResult<()> {
    drop(open(slf)?);
    drop(
        slf.get()
            .raw
            .with(|_, held| held.open.as_mut().map(|open| f(open))),
    );
    Ok(())
}

/// Runs `f` while the condition is held, as `with self._condition` does.
fn holding<R>(slf: &Bound<'_, Future>, f: impl FnOnce(&Open) -> PyResult<R>) -> PyResult<R> {
    let py = slf.py();
    let open = open(slf)?;
    let condition = open.condition.bind(py).clone();
    calling_back(py, || condition.call_method0(interned!(slf.py(), acquire)))?;
    let done = f(&open);
    calling_back(py, || condition.call_method0(interned!(slf.py(), release)))?;
    done
}

fn tell(slf: &Bound<'_, Future>, open: &Open, what: &Bound<'_, PyString>) -> PyResult<()> {
    for waiter in open.waiters.bind(slf.py()).try_iter()? {
        calling_back(slf.py(), || waiter?.call_method1(what, (slf,)))?;
    }
    Ok(())
}

fn notify_all(slf: &Bound<'_, Future>, open: &Open) -> PyResult<()> {
    let condition = open.condition.bind(slf.py());
    calling_back(slf.py(), || {
        condition.call_method0(interned!(slf.py(), notify_all))
    })
    .map(drop)
}

/// As `Future::settle`.
pub(super) fn settle(slf: &Bound<'_, Future>, outcome: Outcome) -> PyResult<()> {
    holding(slf, |open| {
        let what = match outcome {
            Outcome::Result(_) => interned!(slf.py(), add_result),
            Outcome::Exception(_) => interned!(slf.py(), add_exception),
        };
        let finished = slf.get().raw.finish(|held| {
            outcome.put(held);
            Some(())
        });
        if let Err(Unchanged::In(phase)) = finished {
            return Err(done_already(slf, phase));
        }
        tell(slf, open, what)?;
        notify_all(slf, open)
    })?;
    invoke_callbacks(slf)
}

/// As `Future.cancel`.
pub(super) fn cancel(slf: &Bound<'_, Future>) -> PyResult<bool> {
    let cancelled = holding(slf, |open| {
        match slf.get().raw.cancel(false, |held| Some(held.task.take())) {
            Ok(task) => {
                drop(task);
                notify_all(slf, open)?;
                Ok(None)
            }
            Err(Unchanged::In(phase)) => Ok(Some(phase.is_done() && phase != Phase::Finished)),
            Err(Unchanged::Declined) => Ok(Some(false)),
        }
    })?;
    if let Some(before) = cancelled {
        return Ok(before);
    }
    invoke_callbacks(slf)?;
    Ok(true)
}

/// As `Future::begin`.
pub(super) fn begin(slf: &Bound<'_, Future>) -> PyResult<Option<bool>> {
    holding(slf, |open| match slf.get().raw.start(|_| true) {
        Ok(true) => Ok(Some(true)),
        Ok(false) => tell(slf, open, interned!(slf.py(), add_cancelled)).map(|()| Some(false)),
        Err(_) => Ok(None),
    })
}

/// As `Future.add_done_callback`.
pub(super) fn add_done_callback(
    slf: &Bound<'_, Future>,
    callback: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let is_late = holding(slf, |open| {
        if slf.get().raw.phase().is_done() {
            return Ok(true);
        }
        let callbacks = open.callbacks.bind(slf.py());
        callbacks
            .call_method1(interned!(slf.py(), append), (callback,))
            .map(|_| false)
    })?;
    if is_late {
        call_one_back(slf, callback)?;
    }
    Ok(())
}

/// `self._invoke_callbacks()`
fn invoke_callbacks(slf: &Bound<'_, Future>) -> PyResult<()> {
    if slf.is_exact_instance_of::<Future>() {
        return call_back(slf);
    }
    calling_back(slf.py(), || {
        slf.call_method0(interned!(slf.py(), _invoke_callbacks))
    })
    .map(drop)
}

/// As `Future._invoke_callbacks`.
pub(super) fn call_back(slf: &Bound<'_, Future>) -> PyResult<()> {
    let callbacks = open(slf)?.callbacks;
    for callback in callbacks.bind(slf.py()).try_iter()? {
        call_one_back(slf, &callback?)?;
    }
    Ok(())
}
