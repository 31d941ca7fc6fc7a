//! [`Slot`]: whether an event, a semaphore or a barrier is inflated, and the condition that it was
//! inflated with.
//!
//! # States
//!
//! | state | slot | leaves by |
//! |---|---|---|
//! | compact | null; the core's object has a word, or a few fields, and a list | `inflate` → inflating |
//! | inflating | null; the core's object is *forwarded* | the store of the condition → inflated |
//! | inflated | the condition | (end) |
//!
//! An object inflates, for good, when a program asks for `_cond` or `__dict__`, assigns `_cond`, or
//! assigns a value that the core cannot hold. Then it has a condition and a value in its
//! `__dict__`, as in the standard library. Its methods are then the standard ones (`inflated.rs`,
//! `inflated_barrier.rs`), over the values of these attributes at that moment.
//!
//! The fast path tests no flag. The core's object, once forwarded, has nothing to grant and refuses
//! every call, and the refusal sends the call to the inflated form.
//!
//! # Waiters
//!
//! The step that forwards an event or a semaphore also moves its waiters into the new condition, in
//! their order and with their time limits (`sync/raw/forwarding.rs`). A notification by hand, a
//! `set()` or a `release()` finds them there, even before their threads have run again. So no
//! wakeup is lost and none is needed. When the program supplies a condition of its own instead of
//! asking for ours, the moved waiters are woken. They repeat their wait in the inflated form.
//! Permits that were granted but return, because a signal's exception arrived with them, are
//! released in the inflated form, too.
//!
//! Waiters of a barrier are woken and continue in the middle of the standard `wait`. The state that
//! they wait for there lasts until they have seen it. They are counted in `_count` from the
//! beginning, so no cycle can begin without them.
//!
//! # Implementation
//!
//! The inflating thread first creates everything, and an entry in the `__dict__` for each part.
//! Then it forwards the core's object, which succeeds for exactly one thread. That thread fills the
//! entries and publishes the condition. In between no Python code runs, nothing is allocated and
//! the interpreter lock is kept. Without an interpreter lock another thread may find the object
//! forwarded and the condition not yet published; it yields in [`Slot::wait`] until it is.
//!
//! The linearisation point of inflation is the forwarding. The release store of the condition pairs
//! with the acquire load in [`Slot::get`]: a thread that sees the condition sees the parts in the
//! `__dict__`.

use super::{Condition, Lock};
use crate::inflation::{Draft, Forward, Inflate, inflate, raw_dict, set_part};
use crate::names::interned;
use crate::objects::no_memory;
use pyo3::PyTraverseError;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::PyString;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use weftline::memory::try_box;
use weftline::sync::raw::RawCondition;

/// The forwarding target: the condition created on inflation. It has the waiters of the compact
/// object, so it stays even when `_cond` is replaced.
type Target = Py<Condition>;

/// Initial parts, and their names.
pub(super) type Parts<'a, 'py> = [Option<(&'a Bound<'py, PyString>, Bound<'py, PyAny>)>; 5];

/// A condition over a lock of its own, as the standard classes create it.
pub(super) fn fresh_condition(py: Python<'_>) -> PyResult<Py<Condition>> {
    let lock = Py::new(py, Lock::free())?;
    let condition = py.get_type::<Condition>().call1((lock,))?;
    Ok(condition.cast_into::<Condition>()?.unbind())
}

/// Reinitialises the lock of the condition in the child of a fork, as the standard classes do.
pub(super) fn at_fork_reinit<T>(object: &Bound<'_, T>) -> PyResult<()> {
    object
        .as_any()
        .getattr(interned!(object.py(), _cond))?
        .call_method0(interned!(object.py(), _at_fork_reinit))
        .map(drop)
}

/// The condition to which the core's object is forwarded.
pub(super) fn target_of<'a, T: Forward<Kept = Condition>>(
    draft: &'a Draft<'_, T>,
) -> &'a RawCondition {
    let target = draft.kept.as_ref();
    target.expect("drafted with a condition").get().raw()
}

/// `object._cond = condition`
pub(super) fn set_condition<'py, T: Forward<Kept = Condition>>(
    object: &Bound<'py, T>,
    condition: &Bound<'py, PyAny>,
) -> PyResult<()> {
    let name = interned!(object.py(), _cond);
    let is_inflated_here = inflate(object, |object| {
        let mut draft = T::draft(object)?;
        draft.parts.set(name, condition.clone());
        Ok(draft)
    })?;
    if is_inflated_here && let Some(target) = object.get().cell().kept() {
        target.get().raw().send_away();
    }
    set_part(object, name, condition)
}

/// Null while the object is compact.
pub(super) struct Slot(AtomicPtr<Target>);

impl Slot {
    pub(super) const fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// The forwarding target, if the object is inflated.
    pub(super) fn get(&self) -> Option<&Target> {
        // SAFETY: null, or published and valid until the slot is dropped.
        unsafe { self.0.load(Ordering::Acquire).as_ref() }
    }

    pub(super) fn is_inflated(&self) -> bool {
        self.get().is_some()
    }

    /// Waits for the target, in a thread that has found the core's object forwarded.
    pub(super) fn wait(&self, py: Python<'_>) -> &Target {
        loop {
            if let Some(target) = self.get() {
                return target;
            }
            py.detach(std::thread::yield_now);
        }
    }

    /// Inflates `object` unless it is inflated already. `_cond` becomes the `condition` of the
    /// program, if there is one, or the condition created here.
    ///
    /// `names` are those of the other parts. `forward` forwards the core's object to the condition
    /// created here, which lives as long as this slot. It returns these parts, or `None` if the
    /// object was forwarded before.
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
        // Leaked until it is published: after `forward` the core refers to the condition.
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
                    // Waiters of the compact object repeat their wait, since it must be in another
                    // condition.
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

    /// For the collector. Clearing keeps the target, since the core refers to it.
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
