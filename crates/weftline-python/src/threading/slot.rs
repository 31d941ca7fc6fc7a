//! [`Slot`]: whether an event, a semaphore or a barrier is *inflated*, and the condition that it
//! was inflated with.
//!
//! # Compact and inflated
//!
//! Each begins *compact*: a word, or a few fields, and a list in the core. It inflates, for good,
//! when a program asks for `_cond` or `__dict__`, assigns `_cond`, or assigns a value that the core
//! cannot hold. Then there are a condition and a value in its `__dict__`, as in the standard
//! library, and its methods are the standard ones (`inflated.rs`, `inflated_barrier.rs`), over
//! whatever these attributes are at that moment.
//!
//! There is no flag to test in a fast path: the core's object, once *forwarded*, has nothing to
//! give and refuses everything, and that refusal is what sends a call on.
//!
//! Waiters of an event or a semaphore are moved, in the same step in which it is forwarded, into
//! the new condition, in their order and with their time limits (`sync/raw/forwarding.rs`): a
//! notification by hand, a `set()` or a `release()` finds them there, also one that comes before
//! their threads have run again. So no wake-up is lost and none is needed. When the program brings
//! a condition of its own instead of asking for ours, those threads are sent there: they go round
//! again, the inflated way. Permits that were granted and come back, because a signal's exception
//! arrived with them, are released the inflated way, too.
//!
//! Waiters of a barrier are woken and go on in the middle of the standard `wait`. They wait there
//! for a state that lasts until they have seen it, and are counted in `_count` from the beginning,
//! so that no cycle can begin without them.
//!
//! # Implementation
//!
//! The inflating thread makes everything first, and a place in the `__dict__` for each part; then
//! it forwards the core's object, which succeeds for exactly one thread, and that one fills the
//! places and publishes the condition. In between no Python code runs, nothing is allocated and the
//! interpreter lock is kept. Without such a lock another thread may find the object forwarded and
//! nothing published yet, and waits here for the moment that it takes.

use super::{Condition, Lock};
use crate::inflation::{Inflate, raw_dict};
use crate::names::interned;
use crate::objects::no_memory;
use pyo3::PyTraverseError;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::PyString;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use weftline::memory::try_box;

/// The condition that was made on inflating. It has the waiters of the compact object, so it stays,
/// whatever `_cond` is.
type Heir = Py<Condition>;

/// Parts to begin with, and what programs call them.
pub(super) type Parts<'a, 'py> = [Option<(&'a Bound<'py, PyString>, Bound<'py, PyAny>)>; 5];

/// A condition over a lock of its own, as the standard classes make it.
pub(super) fn fresh_condition(py: Python<'_>) -> PyResult<Py<Condition>> {
    let lock = Py::new(py, Lock::free())?;
    let condition = py.get_type::<Condition>().call1((lock,))?;
    Ok(condition.cast_into::<Condition>()?.unbind())
}

/// Makes the lock of the condition anew in the child of a fork, as the standard classes do.
pub(super) fn at_fork_reinit<T>(object: &Bound<'_, T>) -> PyResult<()> {
    object
        .as_any()
        .getattr(interned!(object.py(), _cond))?
        .call_method0(interned!(object.py(), _at_fork_reinit))
        .map(drop)
}

/// Null as long as the object is compact.
pub(super) struct Slot(AtomicPtr<Heir>);

impl Slot {
    pub(super) const fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// The target, if the object is inflated.
    pub(super) fn get(&self) -> Option<&Heir> {
        // SAFETY: null, or published and valid until the slot is dropped.
        unsafe { self.0.load(Ordering::Acquire).as_ref() }
    }

    pub(super) fn is_inflated(&self) -> bool {
        self.get().is_some()
    }

    /// For a thread that has found the core's object forwarded.
    pub(super) fn wait(&self, py: Python<'_>) -> &Heir {
        loop {
            if let Some(target) = self.get() {
                return target;
            }
            py.detach(std::thread::yield_now);
        }
    }

    /// Inflates `object` unless it is inflated. Then `_cond` is the `condition` that the program
    /// brings, or else one that is made here.
    ///
    /// `names` are those of the other parts. `forward` forwards the core's object for the condition
    /// that is made here, which lives as long as this slot, and returns these parts, or `None` if
    /// it was forwarded before.
    pub(super) fn inflate<'a, 'py, T: Inflate>(
        &self,
        object: &Bound<'py, T>,
        condition: Option<&Bound<'py, PyAny>>,
        names: &[&'a Bound<'py, PyString>],
        forward: impl FnOnce(&Bound<'py, Condition>) -> PyResult<Option<Parts<'a, 'py>>>,
    ) -> PyResult<()> {
        if self.is_inflated() {
            return Ok(());
        }
        let py = object.py();
        let target = fresh_condition(py)?;
        let dict = raw_dict(object)?;
        let cond = interned!(py, _cond);
        for name in [&cond].into_iter().chain(names) {
            if !dict.contains(name)? {
                dict.set_item(name, py.None())?;
            }
        }
        // Leaked until it is published: from `forward` on the core refers to the condition.
        let target = Box::into_raw(try_box(target).map_err(|_| no_memory(py))?);
        // SAFETY: leaked above, and freed only below or when the slot is dropped.
        let fresh = unsafe { &*target };
        match forward(fresh.bind(py)) {
            Ok(Some(parts)) => {
                let mut filled = Ok(());
                for (name, value) in parts.into_iter().flatten() {
                    filled = filled.and(dict.set_item(name, value));
                }
                filled = filled.and(match condition {
                    Some(condition) => dict.set_item(cond, condition),
                    None => dict.set_item(cond, fresh),
                });
                self.0.store(target, Ordering::Release);
                if condition.is_some() {
                    // Those asleep in the compact object go round again: there is another condition
                    // to wait in.
                    fresh.get().raw().send_away();
                }
                filled
            }
            not_forwarded => {
                // SAFETY: leaked above, and no other thread has seen it.
                drop(unsafe { Box::from_raw(target) });
                not_forwarded.map(|_| {
                    self.wait(py);
                })
            }
        }
    }

    /// For the collector. The target stays when it clears, since the core refers to it.
    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self.get() {
            Some(target) => visit.call(target),
            None => Ok(()),
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let target = *self.0.get_mut();
        if !target.is_null() {
            // SAFETY: leaked in `inflate`, and nothing refers to it any more.
            drop(unsafe { Box::from_raw(target) });
        }
    }
}
