//! The one way from compact to inflated.
//!
//! # Implementation
//!
//! [`inflate`] makes everything first that an inflated queue needs: a mutex, three conditions, a
//! container with the items that there are, the keys of the `__dict__`. Whatever fails or runs
//! meanwhile (for want of memory; a garbage collection) still finds a compact queue, or leaves one.
//! Then it forwards the core's queue, on condition that it holds what the container holds, which
//! succeeds for exactly one thread, and says that the queue is open. From the first key on nothing
//! is allocated that the garbage collector counts, no reference is given up and no Python code
//! runs, so with the interpreter lock no other thread and no nested call sees the queue half
//! opened. Without it another thread may; it finds the core's queue forwarded, and waits here for
//! the moment that it takes.

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
use weftline::queue::raw::Retirement;

/// What an inflated queue consists of: its attributes, in the order of [`names`].
struct Parts<'py>([Bound<'py, PyAny>; 8]);

/// What the attributes of an inflated queue are called.
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

/// What the three conditions are called.
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

/// What a FIFO queue keeps its items in. The others have a list.
pub(super) fn deque(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    standard(py).deque.bind(py).call0()
}

impl Inflate for Queue {
    fn inflate(slf: &Bound<'_, Self>) -> PyResult<()> {
        inflate(slf)
    }
}

/// Makes the queue an open one, if it is not.
pub(super) fn inflate(queue: &Bound<'_, Queue>) -> PyResult<()> {
    let (py, this) = (queue.py(), queue.get());
    while !this.is_inflated() {
        if this.items.is_forwarded() {
            this.wait_until_open(py);
            return Ok(());
        }
        this.items.prepare_forwarding(py)?;
        let picture = this.items.picture(py)?;
        let parts = Parts::new(queue, &picture)?;
        let dict = raw_dict(queue)?;
        let added = Added::put(&dict, &parts)?;
        match this.items.forward_if(&picture) {
            Retirement::Done(forwarded) => {
                added.keep();
                let is_shut_down = picture.is_shut_down;
                this.is_shut_down.store(is_shut_down, Ordering::Relaxed);
                this.mark_inflated();
                drop((forwarded, picture));
                return Ok(());
            }
            // Something has come in between: look again.
            Retirement::Before | Retirement::Refused => {}
        }
    }
    Ok(())
}

/// The attributes that were added to a `__dict__`, to be taken away again unless they are kept.
struct Added<'a, 'py> {
    dict: &'a Bound<'py, PyDict>,
    is: [bool; 8],
}

impl<'a, 'py> Added<'a, 'py> {
    /// An attribute that is there already, put into the `__dict__` past the queue, is what programs
    /// have seen so far, and stays.
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

/// Makes the queue an open one without any attribute: for those who set them all. What a compact
/// queue held is dropped.
pub(super) fn inflate_bare(queue: &Bound<'_, Queue>) -> PyResult<()> {
    let (py, this) = (queue.py(), queue.get());
    match this.items.forward(py)? {
        Some(forwarded) => {
            this.mark_inflated();
            drop(forwarded);
        }
        None => this.wait_until_open(py),
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
