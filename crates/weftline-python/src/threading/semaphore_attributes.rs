//! The attributes of a semaphore that programs use, and its transition from compact to inflated.

use super::Condition;
use super::semaphore::{Semaphore, permits};
use super::target::{condition_attribute, fresh_condition, target_of};
use crate::inflation::{self, Cell, Draft, Inflate, Parts};
use crate::names::interned;
use crate::objects::count;
use pyo3::prelude::*;
use weftline::sync::raw::ForwardOutcome;

impl Inflate for Semaphore {
    type Kept = Condition;
    /// The permits and the bound.
    type Content<'py> = (u64, u64);
    type Left = (u64, u64);

    const METHODS: &'static [&'static str] = &["release"];

    fn cell(&self) -> &Cell<Condition> {
        &self.cell
    }

    fn is_forwarded(&self) -> bool {
        self.raw.is_forwarded()
    }

    fn draft<'py>(slf: &Bound<'py, Self>) -> PyResult<Draft<'py, Self>> {
        let (py, raw) = (slf.py(), &slf.get().raw);
        let target = fresh_condition(py)?;
        let (permits, bound) = (raw.permits(), raw.bound());
        let mut parts = Parts::of([
            (interned!(py, _cond), target.bind(py).clone().into_any()),
            (interned!(py, _value), count(py, permits)?),
        ]);
        if Self::is_bounded(slf) {
            parts.set(interned!(py, _initial_value), count(py, bound)?);
        }
        Ok(Draft {
            parts,
            kept: Some(target),
            content: (permits, bound),
        })
    }

    fn forward(slf: &Bound<'_, Self>, draft: &Draft<'_, Self>) -> ForwardOutcome<(u64, u64)> {
        let (raw, target, drafted) = (&slf.get().raw, target_of(draft), draft.content);
        // SAFETY: the cell keeps the target for as long as the semaphore lives.
        unsafe { raw.forward_if(target, |permits, bound| (permits, bound) == drafted) }
    }
}

condition_attribute!(Semaphore);

#[pymethods]
impl Semaphore {
    #[getter]
    fn _value<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        let permits = this.raw.permits();
        if permits == 0 && this.is_inflated_now(py) {
            return inflation::part(slf, interned!(py, _value));
        }
        count(py, permits)
    }

    /// Programs that resize a semaphore set it. Waiters proceed as after release().
    #[setter(_value)]
    fn set_value<'py>(slf: &Bound<'py, Self>, value: &Bound<'py, PyAny>) -> PyResult<()> {
        let this = slf.get();
        if !this.cell.is_inflated()
            && let Some(permits) = permits(value)
            && this.raw.reset(permits, this.raw.bound()).is_ok()
        {
            return Ok(());
        }
        inflation::assign_part(slf, interned!(slf.py(), _value), value)
    }

    #[deleter(_value)]
    fn delete_value(slf: &Bound<'_, Self>) -> PyResult<()> {
        inflation::delete_part(slf, interned!(slf.py(), _value))
    }
}
