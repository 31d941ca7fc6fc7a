//! `heappush` and `heappop`, as an open priority queue uses them.
//!
//! They give the results of `heapq`, by the same comparisons in the same sequence, but compare first and move afterwards: a comparison that
//! raises leaves the list as it was. A comparison may also change the list; one that changes its length is noticed and all is compared anew
//! (`heapq` raises `RuntimeError` or leaves no heap behind).

use super::standard::standard;
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::PyList;
use weftline::queue::raw::{Reading, parent, plan_pop, plan_push};

struct Snapshot<'a, 'py> {
    list: &'a Bound<'py, PyList>,
    len: usize,
}

impl<'py> Reading for Snapshot<'_, 'py> {
    /// `None` where the list has become shorter.
    type Held = Option<Bound<'py, PyAny>>;
    type Error = PyErr;

    fn len(&self) -> usize {
        self.len
    }

    fn hold(&self, index: usize) -> Self::Held {
        self.list.get_item(index).ok()
    }

    fn less(&mut self, a: &Self::Held, b: &Self::Held) -> PyResult<Option<bool>> {
        let (Some(a), Some(b)) = (a, b) else {
            return Ok(None);
        };
        let is_less = a.lt(b)?;
        Ok((self.list.len() == self.len).then_some(is_less))
    }
}

/// A real list; another object is what `heapq` refuses.
fn list<'a, 'py>(heap: &'a Bound<'py, PyAny>) -> Option<&'a Bound<'py, PyList>> {
    heap.cast::<PyList>().ok()
}

pub(super) fn push<'py>(heap: &Bound<'py, PyAny>, item: &Bound<'py, PyAny>) -> PyResult<()> {
    let Some(list) = list(heap) else {
        return standard(heap.py())
            .heappush
            .bind(heap.py())
            .call1((heap, item))
            .map(drop);
    };
    loop {
        let len = list.len();
        let planned = plan_push(&mut Snapshot { list, len }, &Some(item.clone()))?;
        let Some(end) = planned else { continue };
        list.append(item)?;
        let mut index = len;
        while index > end {
            list.set_item(index, list.get_item(parent(index))?)?;
            index = parent(index);
        }
        return list.set_item(end, item);
    }
}

pub(super) fn pop<'py>(heap: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let Some(list) = list(heap) else {
        return standard(heap.py()).heappop.bind(heap.py()).call1((heap,));
    };
    loop {
        let Some(len) = list.len().checked_sub(1) else {
            return Err(PyIndexError::new_err("index out of range"));
        };
        let planned = plan_pop(&mut Snapshot { list, len: len + 1 })?;
        let Some(end) = planned else { continue };
        let (first, last) = (list.get_item(0)?, list.get_item(len)?);
        list.del_item(len)?;
        if len > 0 {
            shift_up(list, end)?;
            list.set_item(end, last)?;
        }
        return Ok(first);
    }
}

/// Each item on the path from the root to `end` moves up by one.
fn shift_up(list: &Bound<'_, PyList>, end: usize) -> PyResult<()> {
    // The path's steps, bit by bit below the leading one of `end + 1`: which child.
    let path = end + 1;
    let mut index = 0;
    for step in (0..path.ilog2()).rev() {
        let child = 2 * index + 1 + (path >> step & 1);
        list.set_item(index, list.get_item(child)?)?;
        index = child;
    }
    Ok(())
}
