//! [`Opened`]: what an *open* event, semaphore or barrier consists of, and [`Slot`], where a native one has none.
//!
//! # Native and open
//!
//! Each begins *native*: a word, or a few fields, and a list in the core. As soon as a program asks for `_cond`, assigns it, or assigns a value that
//! the core cannot hold, the object becomes *open*, for good: then there are a condition and a value, as in the standard library, and its
//! methods are the standard ones (`open.rs`, `open_barrier.rs`), over whatever these are at that moment.
//!
//! There is no flag to test in a fast path: the core's object, once *retired*, has nothing to give and refuses everything, and that
//! refusal is what sends a call on.
//!
//! Who was asleep in an event or a semaphore is moved, in the same step in which it is retired, into the waiters of the new
//! condition, in its place and with its time limit (`sync/raw/retiring.rs`): a notification by hand, a `set()` or a `release()` finds it there,
//! also one that comes before its thread has run again. So no wake-up is lost and none is needed. When the program brings a condition of its own
//! instead of asking for ours, those threads are sent there: they go round again, the open way. Permits that were granted and come back,
//! because a signal's exception arrived with them, are released the open way, too.
//!
//! Who was asleep in a barrier is woken and goes on in the middle of the standard `wait`. It waits there for a state that lasts until it has seen it, and
//! is counted in `_count` from the beginning, so that no cycle can begin without it.
//!
//! Whoever opens makes everything first; then it retires the core's object, which succeeds for exactly one thread, and that one publishes
//! what it has made. In between no Python code runs and the interpreter lock is kept. Without such a lock another thread may find the object
//! retired and nothing published yet, and waits here for the moment that it takes.

use super::{Condition, Lock};
use crate::names::interned;
use crate::objects::no_memory;
use pyo3::PyTraverseError;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use weftline::memory::try_box;

/// The parts of an open object.
pub(super) struct Opened {
    /// The condition that was made on opening. It has the waiters of the native object, so it stays, whatever `_cond` is.
    heir: Py<Condition>,
    parts: weftline::Lock<Parts>,
}

/// As programs see them, each at the place of its [`Part`]. `None`: the object has no such part, or the collector has cleared it.
type Parts = [Option<Py<PyAny>>; 6];

/// What programs call `_cond`, and so on.
#[derive(Clone, Copy)]
pub(super) enum Part {
    Condition,
    /// An event's `_flag`, a semaphore's `_value`, a barrier's `_state`.
    Value,
    /// A bounded semaphore's `_initial_value`, a barrier's `_parties`.
    Initial,
    /// These and the following are a barrier's.
    Count,
    Action,
    Timeout,
}

/// Parts to begin with.
pub(super) type Values<'py> = [Option<(Part, Bound<'py, PyAny>)>; 5];

/// A condition over a lock of its own, as the standard classes make it.
pub(super) fn fresh_condition(py: Python<'_>) -> PyResult<Py<Condition>> {
    let lock = Py::new(py, Lock::free())?;
    let condition = py.get_type::<Condition>().call1((lock,))?;
    Ok(condition.cast_into::<Condition>()?.unbind())
}

impl Opened {
    pub(super) fn get<'py>(&self, py: Python<'py>, part: Part) -> Bound<'py, PyAny> {
        let parts = self.parts.lock();
        match &parts[part as usize] {
            Some(object) => object.bind(py).clone(),
            None => py.None().into_bound(py),
        }
    }

    pub(super) fn put(&self, part: Part, object: Bound<'_, PyAny>) {
        let before = self.parts.lock()[part as usize].replace(object.unbind());
        // Without the lock: its destructor may use this very object.
        drop(before);
    }

    /// The condition that was made on opening.
    pub(super) fn heir<'py>(&self, py: Python<'py>) -> &Bound<'py, Condition> {
        self.heir.bind(py)
    }

    /// Makes the lock of the condition anew in the child of a fork, as the standard classes do.
    pub(super) fn at_fork_reinit(&self, py: Python<'_>) -> PyResult<()> {
        let condition = self.get(py, Part::Condition);
        condition
            .call_method0(interned!(py, _at_fork_reinit))
            .map(drop)
    }
}

/// Null as long as the object is native.
pub(super) struct Slot(AtomicPtr<Opened>);

impl Slot {
    pub(super) const fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    pub(super) fn get(&self) -> Option<&Opened> {
        // SAFETY: null, or published and valid until the slot is dropped.
        unsafe { self.0.load(Ordering::Acquire).as_ref() }
    }

    /// For who has found the core's object retired.
    pub(super) fn wait(&self, py: Python<'_>) -> &Opened {
        loop {
            if let Some(opened) = self.get() {
                return opened;
            }
            py.detach(std::thread::yield_now);
        }
    }

    /// Opens the object unless it is open. Then `_cond` is the `condition` that the program brings, or else one that is made here.
    ///
    /// `retire` retires the core's object for the condition that is made here, which lives as long as this slot, and returns the other parts, or `None` if
    /// it was retired before.
    pub(super) fn open<'py>(
        &self,
        py: Python<'py>,
        condition: Option<&Bound<'py, PyAny>>,
        retire: impl FnOnce(&Bound<'py, Condition>) -> PyResult<Option<Values<'py>>>,
    ) -> PyResult<&Opened> {
        if let Some(opened) = self.get() {
            return Ok(opened);
        }
        let heir = fresh_condition(py)?;
        let mut parts = Parts::default();
        parts[Part::Condition as usize] = Some(heir.clone_ref(py).into_any());
        // Leaked until it is published: from `retire` on the core refers to the condition.
        let opened = Opened {
            heir,
            parts: weftline::Lock::new(parts),
        };
        let opened = Box::into_raw(try_box(opened).map_err(|_| no_memory(py))?);
        // SAFETY: leaked above, and freed only below or when the slot is dropped.
        let fresh = unsafe { &*opened };
        match retire(fresh.heir(py)) {
            Ok(Some(values)) => {
                for (part, value) in values.into_iter().flatten() {
                    fresh.put(part, value);
                }
                if let Some(condition) = condition {
                    fresh.put(Part::Condition, condition.clone());
                }
                self.0.store(opened, Ordering::Release);
                if condition.is_some() {
                    // Who was asleep in the native object goes round again: there is another condition to wait in.
                    fresh.heir.get().raw().send_away();
                }
                Ok(fresh)
            }
            not_retired => {
                // SAFETY: leaked above, and nobody else has seen it.
                drop(unsafe { Box::from_raw(opened) });
                not_retired.map(|_| self.wait(py))
            }
        }
    }

    /// For the collector. It stops at nothing that is in use: what another thread is changing is no garbage.
    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        let Some(opened) = self.get() else {
            return Ok(());
        };
        visit.call(&opened.heir)?;
        if let Some(parts) = opened.parts.try_lock() {
            for part in parts.iter() {
                visit.call(part)?;
            }
        }
        Ok(())
    }

    /// For the collector. The heir stays, since the core refers to it.
    pub(super) fn clear(&self) {
        let parts = self
            .get()
            .map(|opened| std::mem::take(&mut *opened.parts.lock()));
        drop(parts);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let opened = *self.0.get_mut();
        if !opened.is_null() {
            // SAFETY: leaked in `open`, and nobody refers to it any more.
            drop(unsafe { Box::from_raw(opened) });
        }
    }
}
