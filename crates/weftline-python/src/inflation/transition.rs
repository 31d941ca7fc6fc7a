//! [`inflate`]: how a compact object becomes an inflated one, the same for each class.
//!
//! | step | may fail or run Python code | then |
//! |---|---|---|
//! | `Inflate::draft` creates the parts of the inflated form, for what the object is now | yes | the object is compact |
//! | `Cell::claim` | it may wait for another thread's inflation | as above |
//! | `Added::put` enters the parts into the `__dict__` | it may lack memory | the entries are removed, and the object is compact |
//! | `Inflate::forward` forwards the core's object, if it still is what the draft says | no | the object has changed: from the first step again |
//! | `Claim::publish` | no | the object is inflated |
//! | `Inflate::Left` is dropped, and the waiters that it names are woken | yes | |
//!
//! `cell.rs` has the states, and what orders the steps for other threads.
//!
//! # Waiters
//!
//! | object | its waiters at inflation |
//! |---|---|
//! | event, semaphore | `forward` moves them into the new condition, in their order and with their time limits; a notification by hand, a `set()` or a `release()` finds them there, before their threads have run again |
//! | barrier, queue | `forward` wakes them, and each continues in the inflated form with the time it has left |
//! | condition, future | they stay in the core's object, which the inflated form goes on using |
//!
//! # Entries of the program
//!
//! An entry that the `__dict__` has already by the name of a part was stored without the object's
//! knowledge, by a subclass that hides the attribute. The program has read it so far, so it stays.

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
    /// What an inflated object keeps beside its parts.
    type Kept;
    /// What a draft notes of the compact object, for `forward` to compare.
    type Content<'py>;
    /// What the core's object has left. Dropped when the object is inflated.
    type Left;

    /// Methods that others of the class call without reading the `__dict__`. A compact object that
    /// gets one of its own inflates first.
    const METHODS: &'static [&'static str] = &[];

    /// The object's state.
    fn cell(&self) -> &Cell<Self::Kept>;

    /// Whether the core's object is forwarded.
    fn is_forwarded(&self) -> bool;

    /// Creates what the inflated form needs. It may run any code and wait.
    fn draft<'py>(slf: &Bound<'py, Self>) -> PyResult<Draft<'py, Self>>;

    /// Forwards the core's object, if it still is what the draft says. It runs no Python code,
    /// drops no reference, and keeps the thread attached.
    fn forward<'py>(slf: &Bound<'py, Self>, draft: &Draft<'py, Self>)
    -> ForwardOutcome<Self::Left>;

    /// Inflates the object, unless it is inflated already.
    fn inflate(slf: &Bound<'_, Self>) -> PyResult<()> {
        if slf.get().cell().is_inflated() {
            return Ok(());
        }
        inflate(slf, Self::draft).map(drop)
    }

    /// For a thread that the core's object has refused: whether it did because the object is
    /// inflated. Then the parts are there.
    #[inline]
    fn is_inflated_now(&self, py: Python<'_>) -> bool {
        let is_forwarded = self.is_forwarded();
        if is_forwarded {
            self.cell().wait(py);
        }
        is_forwarded
    }

    /// Whether an assignment to the attribute, or its deletion, is done: nothing is left to store.
    /// Inflates the object if its compact form would not notice.
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

/// The largest number of parts.
const MOST: usize = 8;

/// The parts of an inflated object, by name.
pub(crate) struct Parts<'py>([Option<(Name<'py>, Bound<'py, PyAny>)>; MOST]);

impl<'py> Parts<'py> {
    pub(crate) const NONE: Self = Self([const { None }; MOST]);

    /// At most as many as the largest class has.
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

/// What a compact object becomes.
pub(crate) struct Draft<'py, T: Inflate> {
    pub(crate) parts: Parts<'py>,
    pub(crate) kept: Option<Py<T::Kept>>,
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
            // By a thread that did not survive a fork. Its parts are there, so this has added none.
            ForwardOutcome::Before => claim.publish(None),
            ForwardOutcome::Refused => {}
        }
    }
    Ok(false)
}
