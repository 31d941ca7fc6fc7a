//! The one transition from compact to inflated.
//!
//! # Implementation
//!
//! | state | core's queue | `is_inflated` | leaves by |
//! |---|---|---|---|
//! | compact | in use | false | `forward_if` → inflating |
//! | inflating | forwarded | false | `mark_inflated` → inflated |
//! | inflated | forwarded | true | (end) |
//!
//! [`inflate`] first creates everything that an inflated queue needs: a mutex, three conditions, a
//! container with the present items, the keys of the `__dict__`. A failure in this phase (such as
//! lack of memory) leaves the queue compact. Code that runs in this phase (such as a garbage
//! collection) sees a compact queue.
//!
//! Then it forwards the core's queue, on condition that the queue holds what the container holds.
//! This succeeds for exactly one thread, and is the linearisation point. That thread marks the
//! queue as inflated.
//!
//! Invariant: from the first key to the mark, nothing is allocated that the garbage collector
//! counts, no reference is dropped and no Python code runs. So with the interpreter lock no other
//! thread and no nested call sees a half-inflated queue. Without it another thread may: it finds
//! the core's queue forwarded, and yields in `wait_until_inflated` until the mark.

use super::attributes::set_shut_down;
use super::items::{Items, Picture};
use super::queue::Queue;
use super::standard::standard;
use crate::callback::calling_back;
use crate::inflation::{Inflate, raw_dict};
use crate::names::interned;
use crate::objects;
use crate::threading::{Condition, Lock};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList, PyString};
use std::sync::atomic::Ordering;
use weftline::sync::raw::ForwardOutcome;

/// The attributes of an inflated queue, in the order of [`names`].
struct Parts<'py>([Bound<'py, PyAny>; 8]);

/// The names of the attributes of an inflated queue.
fn names(py: Python<'_>) -> [&Bound<'_, PyString>; 8] {
    [
        interned!(py, maxsize),
        interned!(py, queue),
        interned!(py, mutex),
        interned!(py, not_empty),
        interned!(py, not_full),
        interned!(py, all_tasks_done),
        interned!(py, unfinished_tasks),
        interned!(py, is_shutdown),
    ]
}

/// The names of the three conditions.
fn conditions(py: Python<'_>) -> [&Bound<'_, PyString>; 3] {
    [
        interned!(py, not_empty),
        interned!(py, not_full),
        interned!(py, all_tasks_done),
    ]
}

impl<'py> Parts<'py> {
    fn new(queue: &Bound<'py, Queue>, picture: &Picture) -> PyResult<Self> {
        let py = queue.py();
        let mutex = Bound::new(py, Lock::free())?.into_any();
        let condition = || py.get_type::<Condition>().call1((&mutex,));
        let (not_empty, not_full, all_tasks_done) = (condition()?, condition()?, condition()?);
        let container = match queue.get().items {
            Items::Fifo(_) => deque(py)?,
            Items::Lifo(_) | Items::Heap(_) => objects::list(py)?.into_any(),
        };
        for item in &picture.items {
            match container.cast_exact::<PyList>() {
                Ok(list) => list.append(item)?,
                Err(_) => drop(container.call_method1(interned!(py, append), (item,))?),
            }
        }
        Ok(Self([
            objects::int(py, queue.get().maxsize() as i64)?,
            container,
            mutex,
            not_empty,
            not_full,
            all_tasks_done,
            objects::len(py, picture.unfinished)?,
            PyBool::new(py, picture.is_shut_down).to_owned().into_any(),
        ]))
    }
}

/// The container of a FIFO queue. The others have a list.
pub(super) fn deque(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    standard(py).deque.bind(py).call0()
}

impl Inflate for Queue {
    fn inflate(slf: &Bound<'_, Self>) -> PyResult<()> {
        inflate(slf)
    }
}

/// Inflates the queue, unless it is inflated already.
pub(super) fn inflate(queue: &Bound<'_, Queue>) -> PyResult<()> {
    let (py, this) = (queue.py(), queue.get());
    while !this.is_inflated() {
        if this.items.is_forwarded() {
            this.wait_until_inflated(py);
            return Ok(());
        }
        this.items.prepare_forwarding(py)?;
        let picture = this.items.picture(py)?;
        let parts = Parts::new(queue, &picture)?;
        let dict = raw_dict(queue)?;
        let added = Added::put(&dict, &parts)?;
        match this.items.forward_if(&picture) {
            ForwardOutcome::Done(forwarded) => {
                added.keep();
                let is_shut_down = picture.is_shut_down;
                this.is_shut_down.store(is_shut_down, Ordering::Relaxed);
                this.mark_inflated();
                drop((forwarded, picture));
                return Ok(());
            }
            // The queue has changed meanwhile: try again.
            ForwardOutcome::Before | ForwardOutcome::Refused => {}
        }
    }
    Ok(())
}

/// The attributes added to a `__dict__`. They are removed again unless they are kept.
struct Added<'a, 'py> {
    dict: &'a Bound<'py, PyDict>,
    is: [bool; 8],
}

impl<'a, 'py> Added<'a, 'py> {
    /// An attribute that is there already was put into the `__dict__` without the queue's
    /// knowledge. Programs have read it so far, so it stays.
    fn put(dict: &'a Bound<'py, PyDict>, parts: &Parts<'py>) -> PyResult<Self> {
        let py = dict.py();
        let mut added = Self {
            dict,
            is: [false; 8],
        };
        // Before 3.13 the last of them is no attribute of the standard class.
        let count = if cfg!(Py_3_13) { 8 } else { 7 };
        let all = names(py).into_iter().zip(&parts.0).take(count);
        for (index, (name, part)) in all.enumerate() {
            if !dict.contains(name)? {
                dict.set_item(name, part)?;
                added.is[index] = true;
            }
        }
        Ok(added)
    }

    fn keep(mut self) {
        self.is = [false; 8];
    }
}

impl Drop for Added<'_, '_> {
    fn drop(&mut self) {
        let names = names(self.dict.py());
        for (name, is_added) in names.into_iter().zip(self.is) {
            if is_added && let Err(raised) = self.dict.del_item(name) {
                raised.write_unraisable(self.dict.py(), None);
            }
        }
    }
}

/// Inflates the queue without any attribute, for callers that set them all. The items of a compact
/// queue are dropped.
pub(super) fn inflate_bare(queue: &Bound<'_, Queue>) -> PyResult<()> {
    let (py, this) = (queue.py(), queue.get());
    match this.items.forward(py)? {
        Some(forwarded) => {
            this.mark_inflated();
            drop(forwarded);
        }
        None => this.wait_until_inflated(py),
    }
    Ok(())
}

/// `Queue.__init__` as the standard library writes it, attribute by attribute.
pub(super) fn init(queue: &Bound<'_, Queue>, maxsize: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = queue.py();
    inflate_bare(queue)?;
    queue.setattr(interned!(py, maxsize), maxsize)?;
    calling_back(py, || queue.call_method1(interned!(py, _init), (maxsize,)))?;
    let mutex = Py::new(py, Lock::free())?;
    queue.setattr(interned!(py, mutex), &mutex)?;
    for name in conditions(py) {
        queue.setattr(name, py.get_type::<Condition>().call1((&mutex,))?)?;
    }
    queue.setattr(interned!(py, unfinished_tasks), 0)?;
    set_shut_down(queue, false)
}
