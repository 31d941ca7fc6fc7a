//! The classes of `queue` and `_queue`.
//!
//! | file | what it holds |
//! |---|---|
//! | `object.rs` | the fields of the objects of the three inflatable classes |
//! | `queue.rs`, `lifo.rs`, `priority.rs` | the methods of these classes |
//! | `simple.rs` | `SimpleQueue`, which has nothing to inflate |
//! | `items.rs` | the items of a *compact* queue, in the core's queue, and the comparison of Python objects there |
//! | `slow_path.rs` | the slow paths of a compact queue |
//! | `attributes.rs` | the attributes that programs use |
//! | `inflate.rs` | the transition from compact to *inflated* |
//! | `inflated.rs` | the standard library's algorithm, for inflated queues |
//! | `heap.rs` | `heappush` and `heappop` that leave a list as it was when a comparison raises |
//! | `fastcall.rs` | the two common calls of `SimpleQueue`, without the unpacking of arguments |
//! | `timeout_args.rs` | the arguments `block` and `timeout` |
//! | `until.rs` | the end of a wait of an inflated queue |
//! | `standard.rs` | the originals of the standard modules |
//!
//! # Compact and inflated
//!
//! A queue begins *compact*: its items are in the core's queue, and none of the attributes `mutex`,
//! `queue`, `not_empty`, `not_full` and `all_tasks_done` exists. When a program asks for one of
//! them, or overrides `_init`, `_put`, `_get` or `_qsize`, the queue becomes *inflated*, for good.
//! Then they are ordinary attributes in its `__dict__`. Its methods are the standard library's own,
//! statement by statement, over the values of those attributes at that moment. A class that is
//! patched after its queues were created affects those that are inflated, and those created later.
//!
//! There is no other state, and the fast path tests no flag. The core's queue, once *forwarded*,
//! refuses every call, and that refusal sends the call to `inflated.rs`. Blocked threads are woken
//! with the same refusal, and continue there with the time they have left.

mod attributes;
mod fastcall;
mod heap;
mod inflate;
mod inflated;
mod items;
mod lifo;
mod object;
mod priority;
#[allow(
    clippy::module_inception,
    reason = "a file for each class, called like the class"
)]
mod queue;
mod simple;
mod slow_path;
mod standard;
mod timeout_args;
mod until;

pub(crate) use object::Queue;
pub(crate) use simple::SimpleQueue;

use crate::class_face::{add_class_like, add_class_of};
use crate::deferred_drop;
use crate::introspection;
use object::{LifoQueue, PriorityQueue};
use pyo3::prelude::*;
use pyo3::types::PyType;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    add_class_like::<Queue>(
        module,
        "queue",
        c"__init__($self, maxsize=0)\n--\n\nBegin empty, with room for so many items.",
    )?;
    add_class_of::<LifoQueue>(module, "queue")?;
    add_class_of::<PriorityQueue>(module, "queue")?;
    module.add_class::<SimpleQueue>()?;
    deferred_drop::install::<Queue>(py);
    deferred_drop::install::<LifoQueue>(py);
    deferred_drop::install::<PriorityQueue>(py);
    deferred_drop::install::<SimpleQueue>(py);
    fastcall::register(py)?;
    introspection::freeze::<SimpleQueue>(py)?;
    attributes::register(py)?;
    module.add_function(wrap_pyfunction!(remember_queue, module)?)
}

/// Keeps the originals; returns the class `ShutDown`. Must be called before any of them is patched.
#[pyfunction(name = "_remember_queue")]
fn remember_queue(py: Python<'_>) -> PyResult<Py<PyType>> {
    if !standard::is_remembered(py) {
        show_sources(&py.import("queue")?)?;
    }
    Ok(standard::remember(py)?.shut_down.clone_ref(py))
}

/// Shows the sources of the standard classes for ours, where the version has classes tell them.
fn show_sources(standard: &Bound<'_, PyModule>) -> PyResult<()> {
    introspection::show_source::<Queue>(&standard.getattr("Queue")?)?;
    introspection::show_source::<LifoQueue>(&standard.getattr("LifoQueue")?)?;
    introspection::show_source::<PriorityQueue>(&standard.getattr("PriorityQueue")?)
}
