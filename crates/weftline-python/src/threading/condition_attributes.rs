//! The attributes of a condition that programs use, and its transition from compact to inflated.

use super::condition_object::Condition;
use super::foreign;
use super::inflated_condition;
use super::mutex::Mutex;
use super::nested::passing_on;
use super::waiters::{Waiters, deque};
use crate::inflation::{self, Cell, Draft, Inflate, Parts, setters_of_parts};
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
                parts.set(interned!(py, _waiters), Self::waiters(slf)?);
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

    /// `_waiters`
    fn waiters<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Waiters::of(slf.as_any(), |condition| {
            let condition = condition.cast::<Self>();
            condition.expect("a window on a condition").get().raw()
        })
    }

    /// `Condition.__init__` as the standard library writes it, attribute by attribute.
    pub(super) fn init_inflated<'py>(
        slf: &Bound<'py, Self>,
        lock: &Bound<'py, PyAny>,
    ) -> PyResult<()> {
        let py = slf.py();
        slf.get().mutex_or(Mutex::of(lock));
        Self::inflate(slf)?;
        slf.setattr(interned!(py, _lock), lock)?;
        for (name, value) in Self::parts_over(lock)? {
            slf.setattr(name, value)?;
        }
        slf.setattr(interned!(py, _waiters), deque(py)?.call0()?)
    }

    /// The parts of a condition over `lock`, besides its waiters.
    fn parts_over<'py>(lock: &Bound<'py, PyAny>) -> PyResult<Parts<'py>> {
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

setters_of_parts!(Condition: acquire = set_acquire, delete_acquire);
setters_of_parts!(Condition: release = set_release, delete_release);
#[cfg(Py_3_14)]
setters_of_parts!(Condition: locked = set_locked, delete_locked);
setters_of_parts!(Condition: _lock = set_lock, delete_lock);
setters_of_parts!(Condition: _waiters = set_waiters, delete_waiters);

#[pymethods]
impl Condition {
    /// The lock's own method, as in the standard library.
    #[getter]
    fn acquire<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Self::method(slf, interned!(slf.py(), acquire))
    }

    /// The lock's own method, as in the standard library.
    #[getter]
    fn release<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Self::method(slf, interned!(slf.py(), release))
    }

    /// The lock's own method, as in the standard library.
    #[cfg(Py_3_14)]
    #[getter]
    fn locked<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Self::method(slf, interned!(slf.py(), locked))
    }

    #[getter]
    pub(super) fn _lock<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        if this.is_inflated() {
            return inflation::part(slf, interned!(py, _lock));
        }
        Ok(this.mutex(py)?.object(py).clone())
    }

    /// The waiters: programs read their number.
    #[getter]
    fn _waiters<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        if slf.get().is_inflated() {
            return inflation::part(slf, interned!(py, _waiters));
        }
        Self::waiters(slf)
    }

    fn _is_owned(slf: &Bound<'_, Self>) -> PyResult<bool> {
        let this = slf.get();
        if this.is_inflated() {
            return inflated_condition::is_owned(slf.as_any());
        }
        this.mutex(slf.py())?.is_owned(slf.py())
    }

    fn _release_save(slf: &Bound<'_, Self>) -> PyResult<Option<Py<PyAny>>> {
        let this = slf.get();
        if this.is_inflated() {
            return inflated_condition::release_save(slf.as_any());
        }
        let name = interned!(slf.py(), _release_save);
        let mutex = this.mutex(slf.py())?.innermost(slf.py(), name)?;
        foreign::release_save(mutex.object(slf.py()))
    }

    #[pyo3(signature = (x))]
    fn _acquire_restore<'py>(slf: &Bound<'py, Self>, x: &Bound<'py, PyAny>) -> PyResult<()> {
        let this = slf.get();
        if this.is_inflated() {
            return inflated_condition::acquire_restore(slf.as_any(), x);
        }
        let name = interned!(slf.py(), _acquire_restore);
        let mutex = this.mutex(slf.py())?.innermost(slf.py(), name)?;
        foreign::acquire_restore(mutex.object(slf.py()), Some(x))
    }

    fn _at_fork_reinit(slf: &Bound<'_, Self>) -> PyResult<()> {
        let (py, this) = (slf.py(), slf.get());
        if this.is_inflated() {
            return inflated_condition::at_fork_reinit(slf.as_any());
        }
        let (mut this, name) = (this, interned!(py, _at_fork_reinit));
        loop {
            this.raw().forget_waiters();
            match this.mutex(py)? {
                Mutex::Foreign(lock) if let Some(inner) = passing_on(lock, py, name)? => {
                    this = inner.get();
                }
                mutex => return mutex.object(py).call_method0(name).map(drop),
            }
        }
    }
}
