//! The condition of an inflated event, semaphore or barrier: the *forwarding target* of the core's
//! object.
//!
//! The target has the waiters of the compact event or semaphore (`sync/raw/forwarding.rs` in the
//! core). So the cell keeps it for as long as the object lives, also when the program replaces
//! `_cond`.
//!
//! # Waiters
//!
//! A compact object inflates, too, when the program supplies a condition of its own, by assigning
//! `_cond`. The moved waiters are then woken, and repeat their wait in the program's condition.
//! Permits that were granted but return, because a signal's exception arrived with them, are
//! released in the inflated form.
//!
//! Waiters of a barrier are woken in any case, and continue in the middle of the standard `wait`.
//! The state that they wait for there lasts until they have seen it. They are counted in `_count`
//! from the beginning, so no cycle can begin without them.

use super::{Condition, Lock};
use crate::inflation::{Draft, Inflate, inflate, set_part};
use crate::names::interned;
use pyo3::prelude::*;
use weftline::sync::raw::RawCondition;

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
pub(super) fn target_of<'a, T: Inflate<Kept = Condition>>(
    draft: &'a Draft<'_, T>,
) -> &'a RawCondition {
    let target = draft.kept.as_ref();
    target.expect("drafted with a condition").get().raw()
}

/// `object._cond = condition`
pub(super) fn set_condition<'py, T: Inflate<Kept = Condition>>(
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

/// `condition_attribute!(Class)`: the attribute `_cond`, the condition under which the object
/// changes. It is created when a program asks for it.
macro_rules! condition_attribute {
    ($class:ty) => {
        #[pyo3::pymethods]
        impl $class {
            #[getter]
            fn _cond<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
                Self::inflate(slf)?;
                $crate::inflation::part(slf, interned!(slf.py(), _cond))
            }

            #[setter(_cond)]
            fn set_cond<'py>(
                slf: &Bound<'py, Self>,
                condition: &Bound<'py, PyAny>,
            ) -> PyResult<()> {
                $crate::threading::target::set_condition(slf, condition)
            }

            #[deleter(_cond)]
            fn delete_cond(slf: &Bound<'_, Self>) -> PyResult<()> {
                $crate::inflation::delete_part(slf, interned!(slf.py(), _cond))
            }
        }
    };
}
pub(super) use condition_attribute;
