//! The attributes of a condition that programs use, and its transition from compact to inflated.

use super::condition::Condition;
use super::foreign;
use super::inflated_condition::{self, Waiters};
use crate::inflation::{self, Cell, Draft, Inflate, Parts};
use crate::names::interned;
use pyo3::prelude::*;
use pyo3::types::PyString;
use weftline::sync::raw::ForwardOutcome;

impl Inflate for Condition {
    /// The waiters stay in the core's condition, which the object has.
    type Kept = PyAny;
    type Content<'py> = ();
    type Left = ();

    const METHODS: &'static [&'static str] = &[
        "_release_save",
        "_acquire_restore",
        "_is_owned",
        "notify",
        "wait_for",
    ];

    fn cell(&self) -> &Cell {
        &self.cell
    }

    fn is_forwarded(&self) -> bool {
        self.cell.is_inflated()
    }

    fn draft<'py>(slf: &Bound<'py, Self>) -> PyResult<Draft<'py, Self>> {
        let py = slf.py();
        // A condition whose __init__ was not called has no lock; a copy is created so.
        let parts = match slf.get().mutex.get() {
            Some(mutex) => {
                let mut parts = Self::parts_over(mutex.object(py))?;
                parts.set(interned!(py, _waiters), Waiters::of(slf)?);
                parts
            }
            None => Parts::NONE,
        };
        Ok(Draft {
            parts,
            kept: None,
            content: (),
        })
    }

    fn forward(_: &Bound<'_, Self>, _: &Draft<'_, Self>) -> ForwardOutcome<()> {
        ForwardOutcome::Done(())
    }
}

impl Condition {
    /// An attribute that the lock supplies while the condition is compact.
    fn method<'py>(
        slf: &Bound<'py, Self>,
        name: &Bound<'py, PyString>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let this = slf.get();
        if this.is_inflated() {
            return inflation::part(slf, name);
        }
        let mutex = this.mutex(slf.py())?.innermost(slf.py(), name)?;
        mutex.object(slf.py()).getattr(name)
    }

    fn set_part<'py>(
        slf: &Bound<'py, Self>,
        name: &Bound<'py, PyString>,
        value: &Bound<'py, PyAny>,
    ) -> PyResult<()> {
        Self::inflate(slf)?;
        inflation::set_part(slf, name, value)
    }

    /// The parts of a condition over `lock`, besides its waiters.
    pub(super) fn parts_over<'py>(lock: &Bound<'py, PyAny>) -> PyResult<Parts<'py>> {
        let py = lock.py();
        let mut parts = Parts::of([(interned!(py, _lock), lock.clone())]);
        let always = [
            interned!(py, acquire),
            interned!(py, release),
            interned!(py, locked),
        ];
        for name in &always[..if cfg!(Py_3_14) { 3 } else { 2 }] {
            parts.set(name, lock.getattr(name)?);
        }
        for name in [
            interned!(py, _release_save),
            interned!(py, _acquire_restore),
            interned!(py, _is_owned),
        ] {
            if let Some(method) = foreign::optional(lock, name)? {
                parts.set(name, method);
            }
        }
        Ok(parts)
    }
}

#[pymethods]
impl Condition {
    /// The lock's own method, as in the standard library.
    #[getter]
    fn acquire<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Self::method(slf, interned!(slf.py(), acquire))
    }

    #[setter]
    fn set_acquire<'py>(slf: &Bound<'py, Self>, function: &Bound<'py, PyAny>) -> PyResult<()> {
        Self::set_part(slf, interned!(slf.py(), acquire), function)
    }

    #[deleter(acquire)]
    fn delete_acquire(slf: &Bound<'_, Self>) -> PyResult<()> {
        inflation::delete_part(slf, interned!(slf.py(), acquire))
    }

    /// The lock's own method, as in the standard library.
    #[getter]
    fn release<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Self::method(slf, interned!(slf.py(), release))
    }

    #[setter]
    fn set_release<'py>(slf: &Bound<'py, Self>, function: &Bound<'py, PyAny>) -> PyResult<()> {
        Self::set_part(slf, interned!(slf.py(), release), function)
    }

    #[deleter(release)]
    fn delete_release(slf: &Bound<'_, Self>) -> PyResult<()> {
        inflation::delete_part(slf, interned!(slf.py(), release))
    }

    /// The lock's own method, as in the standard library.
    #[cfg(Py_3_14)]
    #[getter]
    fn locked<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Self::method(slf, interned!(slf.py(), locked))
    }

    #[cfg(Py_3_14)]
    #[setter]
    fn set_locked<'py>(slf: &Bound<'py, Self>, function: &Bound<'py, PyAny>) -> PyResult<()> {
        Self::set_part(slf, interned!(slf.py(), locked), function)
    }

    #[cfg(Py_3_14)]
    #[deleter(locked)]
    fn delete_locked(slf: &Bound<'_, Self>) -> PyResult<()> {
        inflation::delete_part(slf, interned!(slf.py(), locked))
    }

    #[getter]
    pub(super) fn _lock<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        if this.is_inflated() {
            return inflation::part(slf, interned!(py, _lock));
        }
        Ok(this.mutex(py)?.object(py).clone())
    }

    #[setter(_lock)]
    fn set_lock<'py>(slf: &Bound<'py, Self>, lock: &Bound<'py, PyAny>) -> PyResult<()> {
        Self::set_part(slf, interned!(slf.py(), _lock), lock)
    }

    #[deleter(_lock)]
    fn delete_lock(slf: &Bound<'_, Self>) -> PyResult<()> {
        inflation::delete_part(slf, interned!(slf.py(), _lock))
    }

    /// The waiters: programs read their number.
    #[getter]
    fn _waiters<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        if slf.get().is_inflated() {
            return inflation::part(slf, interned!(py, _waiters));
        }
        Waiters::of(slf)
    }

    #[setter(_waiters)]
    fn set_waiters<'py>(slf: &Bound<'py, Self>, waiters: &Bound<'py, PyAny>) -> PyResult<()> {
        Self::set_part(slf, interned!(slf.py(), _waiters), waiters)
    }

    #[deleter(_waiters)]
    fn delete_waiters(slf: &Bound<'_, Self>) -> PyResult<()> {
        inflation::delete_part(slf, interned!(slf.py(), _waiters))
    }

    fn _is_owned(slf: &Bound<'_, Self>) -> PyResult<bool> {
        let this = slf.get();
        if this.is_inflated() {
            return inflated_condition::is_owned(slf);
        }
        this.mutex(slf.py())?.is_owned(slf.py())
    }

    fn _release_save(slf: &Bound<'_, Self>) -> PyResult<Option<Py<PyAny>>> {
        let this = slf.get();
        if this.is_inflated() {
            return inflated_condition::release_save(slf);
        }
        let name = interned!(slf.py(), _release_save);
        let mutex = this.mutex(slf.py())?.innermost(slf.py(), name)?;
        foreign::release_save(mutex.object(slf.py()))
    }

    #[pyo3(signature = (x))]
    fn _acquire_restore<'py>(slf: &Bound<'py, Self>, x: &Bound<'py, PyAny>) -> PyResult<()> {
        let this = slf.get();
        if this.is_inflated() {
            return inflated_condition::acquire_restore(slf, x);
        }
        let name = interned!(slf.py(), _acquire_restore);
        let mutex = this.mutex(slf.py())?.innermost(slf.py(), name)?;
        foreign::acquire_restore(mutex.object(slf.py()), Some(x))
    }
}
