//! [`Waiters`]: the `_waiters` of a condition, as a program reads them.

use crate::names::interned;
use crate::objects::{self, Piece, error, written};
use pyo3::PyTraverseError;
use pyo3::exceptions::{PyIndexError, PyTypeError};
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple, PyWeakrefReference};
use weftline::sync::raw::RawCondition;

/// Returns the waiters of a condition.
pub(super) type WaitersOf = for<'a> fn(&'a Bound<'_, PyAny>) -> &'a RawCondition;

/// The waiters of a condition. Programs read their number; an element carries no information.
#[pyclass(module = "threading", name = "_waiters", frozen)]
pub(super) struct Waiters {
    /// Weak, because an inflated condition has its window in its `__dict__`, and is freed with its
    /// last reference, as the standard one.
    condition: Py<PyWeakrefReference>,
    /// Where the condition has its waiters.
    waiters_of: WaitersOf,
    /// The waiters once the condition is freed: another condition may have this window, too.
    orphaned: RawCondition,
}

impl Waiters {
    pub(super) fn of<'py>(
        condition: &Bound<'py, PyAny>,
        waiters_of: WaitersOf,
    ) -> PyResult<Bound<'py, PyAny>> {
        let window = Self {
            condition: PyWeakrefReference::new(condition)?.unbind(),
            waiters_of,
            orphaned: RawCondition::new(),
        };
        Ok(Bound::new(condition.py(), window)?.into_any())
    }

    /// Calls `f` with the waiters. The condition is kept meanwhile.
    pub(super) fn with<R>(&self, py: Python<'_>, f: impl FnOnce(&RawCondition) -> R) -> R {
        match self.condition.bind(py).upgrade() {
            Some(condition) => f((self.waiters_of)(&condition)),
            None => f(&self.orphaned),
        }
    }
}

#[pymethods]
impl Waiters {
    fn __len__(&self, py: Python<'_>) -> usize {
        self.with(py, RawCondition::waiting)
    }

    fn __getitem__(&self, py: Python<'_>, index: isize) -> PyResult<Py<PyAny>> {
        let len = self.__len__(py).cast_signed();
        if (-len..len).contains(&index) {
            return Ok(py.None());
        }
        Err(error::<PyIndexError>("deque index out of range"))
    }

    /// Forget the waiters: no notification reaches them any more, only their timeouts.
    fn clear(&self, py: Python<'_>) {
        self.with(py, RawCondition::forget_waiters);
    }

    fn __repr__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        let waiting = self.__len__(py);
        let words = format_args!("<{waiting} waiters of a condition>");
        written(py, &[Piece::Short(words)])
    }

    /// As the `_waiters` of a standard condition: a deque, which contains locks if threads wait.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        if self.__len__(py) > 0 {
            return Err(error::<PyTypeError>("cannot pickle '_thread.lock' object"));
        }
        let deque = deque(py)?;
        objects::tuple(py, [deque, PyTuple::empty(py).into_any()].into_iter())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.condition)
    }
}

/// `collections.deque`
pub(super) fn deque(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    py.import(interned!(py, collections))?
        .getattr(interned!(py, deque))
}
