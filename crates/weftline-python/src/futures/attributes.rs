//! The attributes of a future that programs use, and its transition from compact to inflated.
//!
//! A compact future has its state, result and exception in the core, under the core's lock, and no
//! condition or list. It inflates when a program asks for one of these, or for its `__dict__`. Then
//! all six are in the `__dict__`, and its methods are the standard ones (`inflated.rs`). From then
//! on, setting `_state` also puts the core's future into that phase. That wakes the waiters and
//! tells the groups that it had while it was compact.
//!
//! The core's future is *forwarded* by a mark in its data, under its lock. Its phase and its
//! waiters stay in use.

use super::future_state::FutureState;
use super::object::Future;
use super::outcome::{name_of, phase_of};
use crate::attribute;
use crate::inflation::{self, Cell, Draft, Inflate, Parts};
use crate::names::interned;
use crate::objects;
use crate::threading::Condition;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};
use std::mem;
use weftline::executor::raw::Phase;
use weftline::sync::raw::ForwardOutcome;

/// Phase, result and exception.
pub(super) type Moment<'py> = (Phase, Bound<'py, PyAny>, Bound<'py, PyAny>);

/// The attributes in the `__dict__` of an inflated future.
pub(super) const PARTS: [&str; 6] = [
    "_condition",
    "_state",
    "_result",
    "_exception",
    "_waiters",
    "_done_callbacks",
];

/// What a draft notes of a compact future.
pub(crate) struct Noted<'py> {
    phase: Phase,
    result: Option<Py<PyAny>>,
    exception: Option<Py<PyAny>>,
    callbacks: Bound<'py, PyList>,
}

impl Noted<'_> {
    /// Whether the future still is what was noted. It drops no reference: it is called under the
    /// lock of the core's future.
    fn agrees(&self, phase: Phase, state: &FutureState) -> bool {
        fn same(a: Option<&Py<PyAny>>, b: Option<&Py<PyAny>>) -> bool {
            a.map(Py::as_ptr) == b.map(Py::as_ptr)
        }
        self.phase == phase
            && same(self.result.as_ref(), state.result.as_ref())
            && same(self.exception.as_ref(), state.exception.as_ref())
            && self.callbacks.len() == state.callbacks.len()
            && (self.callbacks.iter().zip(&state.callbacks)).all(|(a, b)| a.is(b))
    }
}

/// What the core's future has left: references to what the parts have now.
pub(crate) struct Left {
    _result: Option<Py<PyAny>>,
    _exception: Option<Py<PyAny>>,
    _callbacks: Vec<Py<PyAny>>,
}

impl Inflate for Future {
    /// The threads and groups that wait stay in the core's future.
    type Kept = PyAny;
    type Content<'py> = Noted<'py>;
    type Left = Left;

    const METHODS: &'static [&'static str] = &["_invoke_callbacks", "_Future__get_result"];

    fn cell(&self) -> &Cell {
        &self.cell
    }

    fn is_forwarded(&self) -> bool {
        self.raw.with(|_, state| state.is_inflated)
    }

    fn draft<'py>(slf: &Bound<'py, Self>) -> PyResult<Draft<'py, Self>> {
        let (py, raw) = (slf.py(), &slf.get().raw);
        let condition = py.get_type::<Condition>().call0()?;
        let waiters = objects::list(py)?.into_any();
        let callbacks = objects::list(py)?;
        // A callback may come before the next one is in the list.
        let noted = loop {
            let noted = raw.with(|phase, state| {
                let copy = |kept: &Option<Py<PyAny>>| kept.as_ref().map(|kept| kept.clone_ref(py));
                match state.callbacks.get(callbacks.len()) {
                    Some(callback) => Err(callback.clone_ref(py)),
                    None => Ok((phase, copy(&state.result), copy(&state.exception))),
                }
            });
            match noted {
                Err(callback) => callbacks.append(callback)?,
                Ok(noted) => break noted,
            }
        };
        let (phase, result, exception) = noted;
        let or_none = |object: &Option<Py<PyAny>>| match object {
            Some(object) => object.bind(py).clone(),
            None => py.None().into_bound(py),
        };
        let parts = Parts::of([
            (interned!(py, _condition), condition),
            (
                interned!(py, _state),
                objects::text(py, name_of(phase))?.into_any(),
            ),
            (interned!(py, _result), or_none(&result)),
            (interned!(py, _exception), or_none(&exception)),
            (interned!(py, _waiters), waiters),
            (interned!(py, _done_callbacks), callbacks.clone().into_any()),
        ]);
        Ok(Draft {
            parts,
            kept: None,
            content: Noted {
                phase,
                result,
                exception,
                callbacks,
            },
        })
    }

    fn forward(slf: &Bound<'_, Self>, draft: &Draft<'_, Self>) -> ForwardOutcome<Self::Left> {
        slf.get().raw.with(|phase, state| {
            if state.is_inflated {
                return ForwardOutcome::Before;
            }
            if !draft.content.agrees(phase, state) {
                return ForwardOutcome::Refused;
            }
            state.is_inflated = true;
            state.failed = state.exception.is_some();
            ForwardOutcome::Done(Left {
                _result: state.result.take(),
                _exception: state.exception.take(),
                _callbacks: mem::take(&mut state.callbacks),
            })
        })
    }
}

impl Future {
    /// Phase, result and exception of a compact future, at one moment; `None` if it is inflated.
    pub(super) fn compact_moment<'py>(slf: &Bound<'py, Self>) -> Option<Moment<'py>> {
        let (py, this) = (slf.py(), slf.get());
        let copy = |kept: &Option<Py<PyAny>>| match kept {
            Some(kept) => kept.bind(py).clone(),
            None => py.None().into_bound(py),
        };
        let seen = this.raw.with(|phase, state| {
            (!state.is_inflated).then(|| (phase, copy(&state.result), copy(&state.exception)))
        });
        if seen.is_none() {
            this.wait_until_inflated(py);
        }
        seen
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

impl attribute::Parts for Future {
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
        if this.is_inflated_now(slf.py()) {
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
