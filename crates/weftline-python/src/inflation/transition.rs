//! [`inflate`]: how a compact object becomes an inflated one, the same for each class.
//!
//! | step | may fail or run Python code | then |
//! |---|---|---|
//! | `Inflate::draft` creates the parts for the object's present content | yes | the object is compact |
//! | `Cell::claim` | it may wait for another thread's inflation | as above |
//! | `Added::put` enters the parts into the `__dict__` | it may lack memory | the entries are removed, and the object is compact |
//! | `Inflate::forward` forwards the core's object, if its content is still that of the draft | no | the content has changed: from the first step again |
//! | `Claim::publish` | no | the object is inflated |
//! | `Inflate::Left` is dropped: the references that the core's object had | yes | |
//!
//! All parts are in the `__dict__` before the object is forwarded, so no later step needs memory.
//! `mod.rs` has the words; `cell.rs` has the states, and what orders the steps for other threads.
//!
//! # Waiters
//!
//! | object | its waiters at inflation |
//! |---|---|
//! | event, semaphore | `forward` moves them into the new condition, still parked, in their order (`sync/raw/forwarding.rs` of the core): they cannot miss a `set()` with a `clear()` right after it, and a notification by hand reaches them |
//! | barrier | `forward` wakes them, and each continues in the middle of the standard `wait`, whose cycle cannot end without it |
//! | queue | `forward` wakes them, and each continues in the standard `get`, `put` or `join` with the time it has left |
//! | condition | they stay in the core's object, still parked; `_waiters` is a window on them that copies share |
//! | future | threads and groups stay in the core's object; setting `_state` puts that into the same phase |
//!
//! # Entries of the program
//!
//! An entry that the `__dict__` has already by the name of a part was stored directly, past the
//! class's setters, by a subclass that hides the attribute. The program has read it so far, so it
//! stays.

use super::cell::Cell;
use super::dict::raw_dict;
use pyo3::PyClass;
use pyo3::prelude::*;
use pyo3::pyclass::boolean_struct::True;
use pyo3::types::{PyDict, PyString};
use std::array::IntoIter;
use std::iter::Flatten;
use weftline::sync::raw::ForwardOutcome;

/// A class whose objects inflate.
pub(crate) trait Inflate: PyClass<Frozen = True> + Sync {
    /// The class of the object that an inflated one keeps beside its parts.
    type Kept;
    /// The state for which a draft was made. `forward` compares it with the present one.
    type Content<'py>;
    /// What the core's object gives up. Dropped when the object is inflated.
    type Left;

    /// Methods that others of the class call without reading the `__dict__`. A compact object to
    /// which a program assigns such a method inflates first.
    const METHODS: &'static [&'static str] = &[];

    /// The object's state.
    fn cell(&self) -> &Cell<Self::Kept>;

    /// Whether the core's object is forwarded.
    fn is_forwarded(&self) -> bool;

    /// Creates what the inflated form needs, for the present content. It may run any code and wait.
    fn draft<'py>(slf: &Bound<'py, Self>) -> PyResult<Draft<'py, Self>>;

    /// Forwards the core's object, if its content is still that of the draft. It runs no Python
    /// code, drops no reference, and keeps the thread attached.
    fn forward<'py>(slf: &Bound<'py, Self>, draft: &Draft<'py, Self>)
    -> ForwardOutcome<Self::Left>;

    /// Inflates the object, unless it is inflated already.
    fn inflate(slf: &Bound<'_, Self>) -> PyResult<()> {
        if slf.get().cell().is_inflated() {
            return Ok(());
        }
        inflate(slf, Self::draft).map(drop)
    }

    /// Whether the core's object is forwarded; if so, waits for the parts. Call it after the core's
    /// object has refused.
    #[inline]
    fn is_inflated_now(&self, py: Python<'_>) -> bool {
        let is_forwarded = self.is_forwarded();
        if is_forwarded {
            self.cell().wait(py);
        }
        is_forwarded
    }

    /// Handles an assignment to an attribute, or without a value its deletion. `true`: nothing
    /// remains to store. Inflates the object if its compact form would not notice.
    fn assign(
        slf: &Bound<'_, Self>,
        name: &Bound<'_, PyAny>,
        _value: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<bool> {
        if let Ok(text) = name.cast::<PyString>()
            && Self::METHODS.contains(&text.to_str()?)
        {
            Self::inflate(slf)?;
        }
        Ok(false)
    }
}

/// The name of a part.
pub(crate) type Name<'py> = &'py Bound<'py, PyString>;

/// The largest number of parts of a class: that of a queue.
const MOST: usize = 8;

/// The parts of an inflated object, by name.
pub(crate) struct Parts<'py>([Option<(Name<'py>, Bound<'py, PyAny>)>; MOST]);

impl<'py> Parts<'py> {
    pub(crate) const NONE: Self = Self([const { None }; MOST]);

    /// The given parts. More of them than [`MOST`] do not compile.
    pub(crate) fn of<const N: usize>(parts: [(Name<'py>, Bound<'py, PyAny>); N]) -> Self {
        const { assert!(N <= MOST) };
        let mut all = Self::NONE;
        for (place, part) in all.0.iter_mut().zip(parts) {
            *place = Some(part);
        }
        all
    }

    /// Adds a part, or replaces the one of that name.
    pub(crate) fn set(&mut self, name: Name<'py>, value: Bound<'py, PyAny>) {
        let is_place = |place: &&mut Option<(Name<'py>, _)>| {
            place.as_ref().is_none_or(|(other, _)| other.is(name))
        };
        *self.0.iter_mut().find(is_place).expect("few parts") = Some((name, value));
    }
}

impl<'py> IntoIterator for Parts<'py> {
    type Item = (Name<'py>, Bound<'py, PyAny>);
    type IntoIter = Flatten<IntoIter<Option<Self::Item>, MOST>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().flatten()
    }
}

/// The parts that were entered into a `__dict__`. They are removed again unless they are kept.
struct Added<'a, 'py> {
    dict: &'a Bound<'py, PyDict>,
    names: [Option<Name<'py>>; MOST],
}

impl<'a, 'py> Added<'a, 'py> {
    fn put(dict: &'a Bound<'py, PyDict>, parts: &Parts<'py>) -> PyResult<Self> {
        let names = [None; MOST];
        let mut added = Self { dict, names };
        for (place, part) in added.names.iter_mut().zip(&parts.0) {
            let Some((name, value)) = part else { break };
            if !dict.contains(name)? {
                dict.set_item(name, value)?;
                *place = Some(name);
            }
        }
        Ok(added)
    }

    fn keep(mut self) {
        self.names = [None; MOST];
    }
}

impl Drop for Added<'_, '_> {
    fn drop(&mut self) {
        for name in self.names.into_iter().flatten() {
            if let Err(raised) = self.dict.del_item(name) {
                raised.write_unraisable(self.dict.py(), None);
            }
        }
    }
}

/// What the inflating thread creates beforehand.
pub(crate) struct Draft<'py, T: Inflate> {
    pub(crate) parts: Parts<'py>,
    /// What the cell refers to once the object is inflated.
    pub(crate) kept: Option<Py<T::Kept>>,
    /// The state of the compact object for which the parts were made.
    pub(crate) content: T::Content<'py>,
}

/// Inflates the object into what `draft` makes. `false`: it was inflated before.
#[cold]
pub(crate) fn inflate<'py, T: Inflate>(
    object: &Bound<'py, T>,
    mut draft: impl FnMut(&Bound<'py, T>) -> PyResult<Draft<'py, T>>,
) -> PyResult<bool> {
    let (py, cell) = (object.py(), object.get().cell());
    while !cell.is_inflated() {
        let mut draft = draft(object)?;
        let dict = raw_dict(object)?;
        let Some(claim) = cell.claim(py)? else {
            break;
        };
        let added = Added::put(&dict, &draft.parts)?;
        match T::forward(object, &draft) {
            ForwardOutcome::Done(left) => {
                added.keep();
                claim.publish(draft.kept.take());
                drop(left);
                return Ok(true);
            }
            // By a thread that did not survive a fork. Its parts are there, so `Added::put` has
            // added none. What it kept leaks.
            ForwardOutcome::Before => claim.publish(None),
            ForwardOutcome::Refused => {}
        }
    }
    Ok(false)
}
