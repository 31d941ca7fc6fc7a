//! The transition of a queue from compact to inflated: its draft, and how it is forwarded.
//!
//! A draft has what an inflated queue needs: a mutex, three conditions, a container with the
//! present items. It is made from a [`Snapshot`], and the core's queue is forwarded only if its
//! content still equals that. `inflation/transition.rs` has the steps.

use super::attributes::{self, set_shut_down};
use super::items::{Items, Snapshot};
use super::object::Queue;
use super::standard::standard;
use crate::callback::calling_back;
use crate::inflation::{self, Cell, Draft, Inflate, Parts};
use crate::names::interned;
use crate::objects;
use crate::threading::{Condition, Lock};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyList, PyString};
use std::sync::atomic::Ordering;
use weftline::queue::raw::Forwarded;
use weftline::sync::raw::ForwardOutcome;

/// The names of the three conditions.
fn conditions(py: Python<'_>) -> [&Bound<'_, PyString>; 3] {
    [
        interned!(py, not_empty),
        interned!(py, not_full),
        interned!(py, all_tasks_done),
    ]
}

impl Inflate for Queue {
    type Kept = PyAny;
    /// `None`: the queue is forwarded whatever it holds, and its items are dropped.
    type Content<'py> = Option<Snapshot>;
    type Left = Forwarded<Py<PyAny>>;

    fn cell(&self) -> &Cell {
        &self.cell
    }

    fn is_forwarded(&self) -> bool {
        self.items.is_forwarded()
    }

    fn draft<'py>(slf: &Bound<'py, Self>) -> PyResult<Draft<'py, Self>> {
        let (py, this) = (slf.py(), slf.get());
        this.items.prepare_forwarding(py)?;
        let snapshot = this.items.snapshot(py)?;
        Ok(Draft {
            parts: parts(slf, &snapshot)?,
            kept: None,
            content: Some(snapshot),
        })
    }

    fn forward(slf: &Bound<'_, Self>, draft: &Draft<'_, Self>) -> ForwardOutcome<Self::Left> {
        let this = slf.get();
        let outcome = this.items.forward_if(draft.content.as_ref());
        if let (ForwardOutcome::Done(_), Some(snapshot)) = (&outcome, &draft.content) {
            this.is_shut_down
                .store(snapshot.is_shut_down, Ordering::Relaxed);
        }
        outcome
    }

    fn assign(
        slf: &Bound<'_, Self>,
        name: &Bound<'_, PyAny>,
        value: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<bool> {
        match value {
            Some(value) => attributes::set(slf, name, value),
            None => attributes::delete(slf, name).map(|()| false),
        }
    }
}

/// The parts of an inflated queue with the content of `snapshot`.
fn parts<'py>(queue: &Bound<'py, Queue>, snapshot: &Snapshot) -> PyResult<Parts<'py>> {
    let py = queue.py();
    let mutex = Bound::new(py, Lock::made(py))?.into_any();
    let container = match queue.get().items {
        Items::Fifo(_) => deque(py)?,
        Items::Lifo(_) | Items::Heap(_) => objects::list(py)?.into_any(),
    };
    for item in &snapshot.items {
        match container.cast_exact::<PyList>() {
            Ok(list) => list.append(item)?,
            Err(_) => drop(container.call_method1(interned!(py, append), (item,))?),
        }
    }
    let mut parts = Parts::of([
        (
            interned!(py, maxsize),
            objects::int(py, queue.get().maxsize() as i64)?,
        ),
        (interned!(py, queue), container),
    ]);
    parts.set(interned!(py, mutex), mutex.clone());
    for name in conditions(py) {
        parts.set(name, py.get_type::<Condition>().call1((&mutex,))?);
    }
    parts.set(
        interned!(py, unfinished_tasks),
        objects::len(py, snapshot.unfinished)?,
    );
    // Before 3.13 it is no attribute of the standard class.
    if cfg!(Py_3_13) {
        let is_shut_down = PyBool::new(py, snapshot.is_shut_down);
        parts.set(
            interned!(py, is_shutdown),
            is_shut_down.to_owned().into_any(),
        );
    }
    Ok(parts)
}

/// The container of a FIFO queue. The others have a list.
pub(super) fn deque(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    standard(py).deque.bind(py).call0()
}

/// Inflates the queue without any part, for callers that set them all. The items of a compact queue
/// are dropped.
pub(super) fn inflate_bare(queue: &Bound<'_, Queue>) -> PyResult<()> {
    let bare = |queue: &Bound<'_, Queue>| {
        queue.get().items.prepare_forwarding(queue.py())?;
        Ok(Draft {
            parts: Parts::NONE,
            kept: None,
            content: None,
        })
    };
    inflation::inflate(queue, bare).map(drop)
}

/// `Queue.__init__` as the standard library writes it, attribute by attribute.
pub(super) fn init(queue: &Bound<'_, Queue>, maxsize: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = queue.py();
    inflate_bare(queue)?;
    queue.setattr(interned!(py, maxsize), maxsize)?;
    calling_back(py, || queue.call_method1(interned!(py, _init), (maxsize,)))?;
    let mutex = Py::new(py, Lock::made(py))?;
    queue.setattr(interned!(py, mutex), &mutex)?;
    for name in conditions(py) {
        queue.setattr(name, py.get_type::<Condition>().call1((&mutex,))?)?;
    }
    queue.setattr(interned!(py, unfinished_tasks), 0)?;
    set_shut_down(queue, false)
}
