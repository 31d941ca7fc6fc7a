//! The methods of `queue.PriorityQueue`.

use super::heap;
use super::items::Items;
use super::object::{PriorityQueue, Queue};
use crate::inflation;
use crate::names::interned;
use crate::objects;
use pyo3::PyClassInitializer;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};
use weftline::queue::raw::RawQueue;

#[pymethods]
impl PriorityQueue {
    #[new]
    #[classmethod]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = "(maxsize=0)")]
    fn new(
        class: &Bound<'_, PyType>,
        _args: &Bound<'_, PyTuple>,
        _kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<PyClassInitializer<Self>> {
        inflation::ensure_dict_getter::<Queue>(class)?;
        Ok(PyClassInitializer::from(Queue::over(Items::Heap(RawQueue::new(0)))).add_subclass(Self))
    }

    /// Create an empty container for the items.
    fn _init(slf: &Bound<'_, Self>, maxsize: &Bound<'_, PyAny>) -> PyResult<()> {
        let _ = maxsize;
        slf.setattr(interned!(slf.py(), queue), objects::list(slf.py())?)
    }

    /// The number of items.
    fn _qsize<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Queue::stored(slf.as_super())
    }

    /// Store an item at its place in the order.
    fn _put(slf: &Bound<'_, Self>, item: &Bound<'_, PyAny>) -> PyResult<()> {
        let heap = slf.getattr(interned!(slf.py(), queue))?;
        heap::push(&heap, item, &slf.as_super().get().changes)
    }

    /// Take the smallest item out.
    fn _get<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let heap = slf.getattr(interned!(slf.py(), queue))?;
        heap::pop(&heap, &slf.as_super().get().changes)
    }
}
