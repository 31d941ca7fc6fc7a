//! `heappush` and `heappop`, as an inflated priority queue uses them.
//!
//! They have the results of `heapq`, by the same comparisons in the same sequence, but compare
//! first and move afterwards. So a comparison that raises leaves the list as it was. A comparison
//! may also use the queue; then all comparisons are repeated. A comparison that changes the list by
//! hand is noticed by its length (`heapq` raises `RuntimeError` then, or leaves no heap behind).

use super::standard::standard;
use crate::callback::calling_back;
use crate::objects::error;
use crate::pending::handle_pending;
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::PyList;
use std::sync::atomic::{AtomicU64, Ordering};
use weftline::queue::raw::{Reading, parent, plan_pop, plan_push};

struct Snapshot<'a, 'py> {
    list: &'a Bound<'py, PyList>,
    len: usize,
    /// How often the queue has changed the list.
    changes: &'a AtomicU64,
    version: u64,
}

impl<'a, 'py> Snapshot<'a, 'py> {
    fn take(list: &'a Bound<'py, PyList>, changes: &'a AtomicU64) -> Self {
        let version = changes.load(Ordering::Relaxed);
        Self {
            list,
            len: list.len(),
            changes,
            version,
        }
    }

    fn is_current(&self) -> bool {
        self.list.len() == self.len && self.changes.load(Ordering::Relaxed) == self.version
    }
}

impl<'py> Reading for Snapshot<'_, 'py> {
    /// `None` if the list has become shorter.
    type Operand = Option<Bound<'py, PyAny>>;
    type Error = PyErr;

    fn len(&self) -> usize {
        self.len
    }

    fn operand(&self, index: usize) -> Self::Operand {
        self.list.get_item(index).ok()
    }

    fn less(&mut self, a: &Self::Operand, b: &Self::Operand) -> PyResult<Option<bool>> {
        let (Some(a), Some(b)) = (a, b) else {
            return Ok(None);
        };
        let is_less = calling_back(a.py(), || a.lt(b))?;
        Ok(self.is_current().then_some(is_less))
    }
}

/// A real list. `heapq` refuses any other object.
fn list<'a, 'py>(heap: &'a Bound<'py, PyAny>) -> Option<&'a Bound<'py, PyList>> {
    heap.cast::<PyList>().ok()
}

/// `changes` belongs to the queue, like the list, and counts the changes by this module.
pub(super) fn push<'py>(
    heap: &Bound<'py, PyAny>,
    item: &Bound<'py, PyAny>,
    changes: &AtomicU64,
) -> PyResult<()> {
    let py = heap.py();
    let Some(list) = list(heap) else {
        let push = standard(py).heappush.bind(py);
        return calling_back(py, || push.call1((heap, item))).map(drop);
    };
    loop {
        let mut snapshot = Snapshot::take(list, changes);
        let Some(end) = plan_push(&mut snapshot, &Some(item.clone()))? else {
            handle_pending(py)?;
            continue;
        };
        changes.fetch_add(1, Ordering::Relaxed);
        list.append(item)?;
        let mut index = snapshot.len;
        while index > end {
            list.set_item(index, list.get_item(parent(index))?)?;
            index = parent(index);
        }
        return list.set_item(end, item);
    }
}

/// As [`push`].
pub(super) fn pop<'py>(
    heap: &Bound<'py, PyAny>,
    changes: &AtomicU64,
) -> PyResult<Bound<'py, PyAny>> {
    let py = heap.py();
    let Some(list) = list(heap) else {
        return calling_back(py, || standard(py).heappop.bind(py).call1((heap,)));
    };
    loop {
        let mut snapshot = Snapshot::take(list, changes);
        if snapshot.is_empty() {
            return Err(error::<PyIndexError>("index out of range"));
        }
        let Some(end) = plan_pop(&mut snapshot)? else {
            handle_pending(py)?;
            continue;
        };
        changes.fetch_add(1, Ordering::Relaxed);
        let len = snapshot.len - 1;
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
