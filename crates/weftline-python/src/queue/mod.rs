//! The classes of `queue` and `_queue`.
//!
//! | file | what it holds |
//! |---|---|
//! | `queue.rs`, `lifo.rs`, `priority.rs`, `simple.rs` | the classes |
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

pub(crate) use simple::SimpleQueue;

use crate::deferred_drop;
use crate::introspection;
use crate::threading::{add_class_like, add_class_of};
use pyo3::prelude::*;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    add_class_like::<queue::Queue>(
        module,
        "queue",
        c"__init__($self, maxsize=0)\n--\n\nBegin empty, with room for so many items.",
    )?;
    add_class_of::<lifo::LifoQueue>(module, "queue")?;
    add_class_of::<priority::PriorityQueue>(module, "queue")?;
    module.add_class::<simple::SimpleQueue>()?;
    deferred_drop::install::<queue::Queue>(py);
    deferred_drop::install::<lifo::LifoQueue>(py);
    deferred_drop::install::<priority::PriorityQueue>(py);
    deferred_drop::install::<simple::SimpleQueue>(py);
    fastcall::register(py)?;
    introspection::freeze::<simple::SimpleQueue>(py)?;
    attributes::register(py)?;
    module.add_function(wrap_pyfunction!(standard::remember_queue, module)?)
}

/// Shows the sources of the standard classes for ours, where the version has classes tell them.
fn show_sources(standard: &Bound<'_, PyModule>) -> PyResult<()> {
    introspection::show_source::<queue::Queue>(&standard.getattr("Queue")?)?;
    introspection::show_source::<lifo::LifoQueue>(&standard.getattr("LifoQueue")?)?;
    introspection::show_source::<priority::PriorityQueue>(&standard.getattr("PriorityQueue")?)
}
