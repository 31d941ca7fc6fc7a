//! The one way from native to open.
//!
//! # Implementation
//!
//! [`open`] makes everything first that an open queue needs: a mutex, three conditions, an empty container. Whatever that may run (a garbage
//! collection, say) still finds a native queue. Then it retires the core's queue, which gives its items to exactly one thread, and that
//! thread fills the container and the `__dict__` and says that the queue is open. In between nothing is allocated that the garbage
//! collector counts, no reference is given up and no Python code runs, so with the interpreter lock no other thread and no nested call sees the
//! queue half opened. Without it another thread may; it finds the core's queue retired, and waits here for the moment that it takes.

use super::items::{Item, Items};
use super::queue::Queue;
use super::standard::standard;
use crate::callback::calling_back;
use crate::names::interned;
use crate::threading::{Condition, Lock};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList};
use weftline::queue::raw::Retired;

/// What an open queue consists of.
struct Parts<'py> {
    container: Bound<'py, PyAny>,
    mutex: Py<Lock>,
    conditions: [Bound<'py, PyAny>; 3],
}

const CONDITIONS: [&str; 3] = ["not_empty", "not_full", "all_tasks_done"];

impl<'py> Parts<'py> {
    fn new(queue: &Bound<'py, Queue>) -> PyResult<Self> {
        let py = queue.py();
        let mutex = Py::new(py, Lock::free())?;
        let condition = || py.get_type::<Condition>().call1((&mutex,));
        let conditions = [condition()?, condition()?, condition()?];
        let container = match queue.get().items {
            Items::Fifo(_) => deque(py)?,
            Items::Lifo(_) | Items::Heap(_) => PyList::empty(py).into_any(),
        };
        Ok(Self {
            container,
            mutex,
            conditions,
        })
    }
}

/// What a FIFO queue keeps its items in. The others have a list.
pub(super) fn deque(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    standard(py).deque.bind(py).call0()
}

/// The queue's `__dict__`.
pub(super) fn instance_dict<'py>(queue: &Bound<'py, Queue>) -> PyResult<Bound<'py, PyDict>> {
    // SAFETY: a new reference to a dictionary, or an exception.
    let dict = unsafe {
        let dict = ffi::PyObject_GenericGetDict(queue.as_ptr(), std::ptr::null_mut());
        Bound::from_owned_ptr_or_err(queue.py(), dict)?
    };
    Ok(dict.cast_into::<PyDict>()?)
}

/// Makes the queue an open one, if it is not.
pub(super) fn open(queue: &Bound<'_, Queue>) -> PyResult<()> {
    let (py, this) = (queue.py(), queue.get());
    if this.is_open() {
        return Ok(());
    }
    let parts = Parts::new(queue)?;
    let dict = instance_dict(queue)?;
    match this.items.retire(py)? {
        Some(retired) => {
            let filled = fill(queue, &parts, &dict, retired);
            this.say_open();
            filled
        }
        None => {
            this.wait_until_open(py);
            Ok(())
        }
    }
}

/// Moves what the native queue held. Nothing here runs Python code: see the header.
fn fill(
    queue: &Bound<'_, Queue>,
    parts: &Parts<'_>,
    dict: &Bound<'_, PyDict>,
    retired: Retired<Item>,
) -> PyResult<()> {
    let py = queue.py();
    let mut outcome = Ok(());
    for item in retired.items {
        let added = match parts.container.cast_exact::<PyList>() {
            Ok(list) => list.append(&item),
            Err(_) => parts
                .container
                .call_method1(interned!(py, append), (&item,))
                .map(drop),
        };
        outcome = outcome.and(added);
    }
    // An attribute that is there already, put into the `__dict__` past the queue, is what programs have seen so far.
    let mut put = |name: &str, value: Bound<'_, PyAny>| {
        let added = match dict.contains(name) {
            Ok(true) => Ok(()),
            Ok(false) => dict.set_item(name, value),
            Err(raised) => Err(raised),
        };
        outcome = std::mem::replace(&mut outcome, Ok(())).and(added);
    };
    put(
        "maxsize",
        queue.get().maxsize().into_pyobject(py)?.into_any(),
    );
    put("queue", parts.container.clone());
    put("mutex", parts.mutex.bind(py).clone().into_any());
    for (name, condition) in CONDITIONS.iter().zip(&parts.conditions) {
        put(name, condition.clone());
    }
    put(
        "unfinished_tasks",
        retired.unfinished.into_pyobject(py)?.into_any(),
    );
    put(
        "is_shutdown",
        PyBool::new(py, retired.is_shut_down).to_owned().into_any(),
    );
    outcome
}

/// Makes the queue an open one without any attribute: for those who set them all. What a native queue held is dropped.
pub(super) fn open_bare(queue: &Bound<'_, Queue>) -> PyResult<()> {
    let (py, this) = (queue.py(), queue.get());
    match this.items.retire(py)? {
        Some(retired) => {
            this.say_open();
            drop(retired);
        }
        None => this.wait_until_open(py),
    }
    Ok(())
}

/// `Queue.__init__` as the standard library writes it, attribute by attribute.
pub(super) fn init(queue: &Bound<'_, Queue>, maxsize: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = queue.py();
    open_bare(queue)?;
    queue.setattr("maxsize", maxsize)?;
    calling_back(py, || queue.call_method1("_init", (maxsize,)))?;
    let mutex = Py::new(py, Lock::free())?;
    queue.setattr("mutex", &mutex)?;
    for name in CONDITIONS {
        queue.setattr(name, py.get_type::<Condition>().call1((&mutex,))?)?;
    }
    queue.setattr("unfinished_tasks", 0)?;
    queue.setattr("is_shutdown", false)
}
