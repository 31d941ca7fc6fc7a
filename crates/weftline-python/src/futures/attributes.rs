//! The attributes that programs reach for in a future, and the way from its compact form to its
//! inflated one.
//!
//! A compact future has its state, result and exception in the core, under the lock of that, and no
//! condition or list. It inflates when a program asks for one of these, or for its `__dict__`: then
//! all six lie there, and its methods are the standard ones (`inflated.rs`). Setting `_state` then
//! also puts the core's future into that phase, which wakes the waiters and tells the groups that
//! it had when it was compact.

use super::completion::{name_of, phase_of};
use super::future::Future;
use super::inflated;
use crate::attribute::Parts;
use crate::inflation::{self, Inflate, raw_dict};
use crate::names::interned;
use crate::objects;
use crate::threading::Condition;
use pyo3::prelude::*;
use pyo3::types::PyString;
use std::sync::atomic::Ordering;

type Moment<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>);

/// What is in the `__dict__` of an inflated future.
pub(super) const PARTS: [&str; 6] = [
    "_condition",
    "_state",
    "_result",
    "_exception",
    "_waiters",
    "_done_callbacks",
];

/// What came of a look at the core's part.
enum Step {
    /// It is marked now.
    Done(Option<Py<PyAny>>, Option<Py<PyAny>>, Vec<Py<PyAny>>),
    /// The list lacks this one.
    Callback(Py<PyAny>),
    /// It is in another phase than it was.
    Again,
    /// Another thread has marked it.
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
        // Everything is made before the future changes: the list has all callbacks when it takes
        // their place. With an interpreter lock no other thread sees the future between here and
        // the end. Without one it may find the core's part of it marked, and waits until the rest
        // is (`wait_until_inflated`).
        let taken = loop {
            let phase = this.raw.phase();
            let state = objects::text(py, name_of(phase))?;
            let step = this.raw.with(|now, held| {
                if held.is_inflated {
                    return Step::Late;
                }
                if let Some(callback) = held.callbacks.get(callbacks.len()) {
                    return Step::Callback(callback.clone_ref(py));
                }
                if now != phase {
                    return Step::Again;
                }
                held.is_inflated = true;
                held.failed = held.exception.is_some();
                let (result, exception) = (held.result.take(), held.exception.take());
                Step::Done(result, exception, std::mem::take(&mut held.callbacks))
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
        // Their places are there: none of these needs memory.
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

    /// State, result and exception, all of one moment.
    pub(super) fn snapshot<'py>(slf: &Bound<'py, Self>) -> PyResult<Moment<'py>> {
        let (py, this) = (slf.py(), slf.get());
        let copy = |kept: &Option<Py<PyAny>>| match kept {
            Some(kept) => kept.bind(py).clone(),
            None => py.None().into_bound(py),
        };
        let seen = this.raw.with(|phase, held| {
            (!held.is_inflated).then(|| (phase, copy(&held.result), copy(&held.exception)))
        });
        if let Some((phase, result, exception)) = seen {
            return Ok((
                objects::text(py, name_of(phase))?.into_any(),
                result,
                exception,
            ));
        }
        this.wait_until_inflated(py);
        inflated::holding(slf, |_| {
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

    /// For a thread that has found the core's part marked.
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
            let found = this.raw.with(|phase, held| match name.to_str() {
                _ if held.is_inflated => None,
                Ok("_state") => Some(Ok(phase)),
                Ok("_result") => Some(Err(copy(&held.result))),
                Ok("_exception") => Some(Err(copy(&held.exception))),
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
            let mut given = Some((!value.is_none()).then(|| value.clone().unbind()));
            let set = this.raw.with(|_, held| {
                let place = match name.to_str() {
                    _ if held.is_inflated => return None,
                    Ok("_result") => &mut held.result,
                    Ok("_exception") => &mut held.exception,
                    _ => return None,
                };
                given.take().map(|given| std::mem::replace(place, given))
            });
            // What was there is dropped here, without the lock.
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
                this.raw.with(|_, held| held.failed = failed);
            }
        }
        if let Some(phase) = phase {
            this.raw.force(phase);
        }
        Ok(())
    }
}
