//! The attributes of a future that programs use, and the transition from its compact form to its
//! inflated one.
//!
//! | state | core's part | `Future::is_inflated` | leaves by |
//! |---|---|---|---|
//! | compact | `FutureState::is_inflated` false | false | `Step::Done` in `inflate` → inflating |
//! | inflating | `FutureState::is_inflated` true | false | the release store in `inflate` → inflated |
//! | inflated | `FutureState::is_inflated` true | true | (end) |
//!
//! A compact future has its state, result and exception in the core, under the core's lock, and no
//! condition or list. It inflates when a program asks for one of these, or for its `__dict__`. Then
//! all six are in the `__dict__`, and its methods are the standard ones (`inflated.rs`). From then
//! on, setting `_state` also puts the core's future into that phase. That wakes the waiters and
//! tells the groups that it had while it was compact.
//!
//! The linearisation point of inflation is the mark in the core's part, under its lock. The release
//! store of `Future::is_inflated` pairs with the acquire load of the same name.

use super::completion::{name_of, phase_of};
use super::future::Future;
use crate::attribute::Parts;
use crate::inflation::{self, Inflate, raw_dict};
use crate::names::interned;
use crate::objects;
use crate::threading::Condition;
use crate::threading::guard::holding;
use pyo3::prelude::*;
use pyo3::types::PyString;
use std::sync::atomic::Ordering;

type Moment<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>);

/// The attributes in the `__dict__` of an inflated future.
pub(super) const PARTS: [&str; 6] = [
    "_condition",
    "_state",
    "_result",
    "_exception",
    "_waiters",
    "_done_callbacks",
];

/// The result of an attempt to mark the core's part.
enum Step {
    /// This thread has marked it.
    Done(Option<Py<PyAny>>, Option<Py<PyAny>>, Vec<Py<PyAny>>),
    /// The new list still lacks this callback.
    Callback(Py<PyAny>),
    /// The phase has changed meanwhile.
    Again,
    /// Another thread has marked it before.
    Late,
}

impl Inflate for Future {
    fn inflate(slf: &Bound<'_, Self>) -> PyResult<()> {
        let (py, this) = (slf.py(), slf.get());
        if this.is_inflated() {
            return Ok(());
        }
        let condition = py.get_type::<Condition>().call0()?;
        let waiters = objects::list(py)?;
        let callbacks = objects::list(py)?;
        let dict = raw_dict(slf)?;
        for name in [
            interned!(py, _condition),
            interned!(py, _state),
            interned!(py, _result),
            interned!(py, _exception),
            interned!(py, _waiters),
            interned!(py, _done_callbacks),
        ] {
            if !dict.contains(name)? {
                dict.set_item(name, py.None())?;
            }
        }
        for (name, part) in [
            (interned!(py, _condition), condition),
            (interned!(py, _waiters), waiters.into_any()),
            (interned!(py, _done_callbacks), callbacks.clone().into_any()),
        ] {
            dict.set_item(name, part)?;
        }
        // Everything is created before the future changes: the list has all callbacks when it
        // replaces the core's. With an interpreter lock no other thread sees the future between
        // here and the end. Without one, another thread may find the core's part marked. It then
        // waits for the rest (`wait_until_inflated`).
        let taken = loop {
            let phase = this.raw.phase();
            let state = objects::text(py, name_of(phase))?;
            let step = this.raw.with(|now, state| {
                if state.is_inflated {
                    return Step::Late;
                }
                if let Some(callback) = state.callbacks.get(callbacks.len()) {
                    return Step::Callback(callback.clone_ref(py));
                }
                if now != phase {
                    return Step::Again;
                }
                state.is_inflated = true;
                state.failed = state.exception.is_some();
                let (result, exception) = (state.result.take(), state.exception.take());
                Step::Done(result, exception, std::mem::take(&mut state.callbacks))
            });
            match step {
                Step::Callback(callback) => callbacks.append(callback)?,
                Step::Again => {}
                Step::Late => {
                    this.wait_until_inflated(py);
                    return Ok(());
                }
                Step::Done(result, exception, moved) => break (state, result, exception, moved),
            }
        };
        let (state, result, exception, moved) = taken;
        let or_none = |object: Option<Py<PyAny>>| object.unwrap_or_else(|| py.None());
        // Their entries exist: none of these calls needs memory.
        let mut filled = dict.set_item(interned!(py, _state), state);
        filled = filled.and(dict.set_item(interned!(py, _result), or_none(result)));
        filled = filled.and(dict.set_item(interned!(py, _exception), or_none(exception)));
        this.is_inflated.store(true, Ordering::Release);
        drop(moved);
        filled
    }
}

impl Future {
    #[inline]
    pub(super) fn is_inflated(&self) -> bool {
        // Pairs with the store in `inflate`: a load that sees it sees the parts.
        self.is_inflated.load(Ordering::Acquire)
    }

    /// State, result and exception, all at one moment.
    pub(super) fn snapshot<'py>(slf: &Bound<'py, Self>) -> PyResult<Moment<'py>> {
        let (py, this) = (slf.py(), slf.get());
        let copy = |kept: &Option<Py<PyAny>>| match kept {
            Some(kept) => kept.bind(py).clone(),
            None => py.None().into_bound(py),
        };
        let seen = this.raw.with(|phase, state| {
            (!state.is_inflated).then(|| (phase, copy(&state.result), copy(&state.exception)))
        });
        if let Some((phase, result, exception)) = seen {
            return Ok((
                objects::text(py, name_of(phase))?.into_any(),
                result,
                exception,
            ));
        }
        this.wait_until_inflated(py);
        holding(slf, interned!(slf.py(), _condition), |_| {
            let state = slf.getattr(interned!(py, _state))?;
            if !state.eq(interned!(py, FINISHED))? {
                let none = || py.None().into_bound(py);
                return Ok((state, none(), none()));
            }
            let exception = slf.getattr(interned!(py, _exception))?;
            let result = match exception.is_truthy()? {
                true => py.None().into_bound(py),
                false => slf.getattr(interned!(py, _result))?,
            };
            Ok((state, result, exception))
        })
    }

    /// Waits for the parts, in a thread that has found the core's part marked.
    pub(super) fn wait_until_inflated(&self, py: Python<'_>) {
        while !self.is_inflated() {
            py.detach(std::thread::yield_now);
        }
    }

    /// `Future.__init__` as the standard library writes it, attribute by attribute.
    pub(super) fn init_inflated(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        Self::inflate(slf)?;
        slf.setattr(
            interned!(py, _condition),
            py.get_type::<Condition>().call0()?,
        )?;
        slf.setattr(interned!(py, _state), objects::text(py, "PENDING")?)?;
        slf.setattr(interned!(py, _result), py.None())?;
        slf.setattr(interned!(py, _exception), py.None())?;
        slf.setattr(interned!(py, _waiters), objects::list(py)?)?;
        slf.setattr(interned!(py, _done_callbacks), objects::list(py)?)
    }
}

impl Parts for Future {
    fn part<'py>(
        slf: &Bound<'py, Self>,
        name: &Bound<'py, PyString>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        if !this.is_inflated() {
            let copy = |kept: &Option<Py<PyAny>>| match kept {
                Some(kept) => kept.bind(py).clone(),
                None => py.None().into_bound(py),
            };
            let found = this.raw.with(|phase, state| match name.to_str() {
                _ if state.is_inflated => None,
                Ok("_state") => Some(Ok(phase)),
                Ok("_result") => Some(Err(copy(&state.result))),
                Ok("_exception") => Some(Err(copy(&state.exception))),
                _ => None,
            });
            match found {
                Some(Ok(phase)) => return Ok(objects::text(py, name_of(phase))?.into_any()),
                Some(Err(object)) => return Ok(object),
                None => Self::inflate(slf)?,
            }
        }
        inflation::part(slf, name)
    }

    fn set_part<'py>(
        slf: &Bound<'py, Self>,
        name: &Bound<'py, PyString>,
        value: &Bound<'py, PyAny>,
    ) -> PyResult<()> {
        let this = slf.get();
        let phase = match name.to_str()? {
            "_state" => phase_of(value),
            _ => None,
        };
        if !this.is_inflated() {
            let mut new = Some((!value.is_none()).then(|| value.clone().unbind()));
            let set = this.raw.with(|_, state| {
                let place = match name.to_str() {
                    _ if state.is_inflated => return None,
                    Ok("_result") => &mut state.result,
                    Ok("_exception") => &mut state.exception,
                    _ => return None,
                };
                new.take().map(|new| std::mem::replace(place, new))
            });
            // The previous value is dropped here, without the lock.
            if let Some(before) = set {
                drop(before);
                return Ok(());
            }
            if phase.is_none() {
                Self::inflate(slf)?;
            }
        }
        if this.is_inflated() {
            inflation::set_part(slf, name, value)?;
            if name.to_str()? == "_exception" {
                let failed = !value.is_none();
                this.raw.with(|_, state| state.failed = failed);
            }
        }
        if let Some(phase) = phase {
            this.raw.force(phase);
        }
        Ok(())
    }
}
