//! The classes of `concurrent.futures`.
//!
//! | file | what it holds |
//! |---|---|
//! | `object.rs` | the fields of a future object |
//! | `future.rs` | the methods of `Future` |
//! | `attributes.rs` | the attributes that programs use, and the transition to the inflated form |
//! | `completion.rs` | how a future is settled, and how a caller waits for that |
//! | `outcome.rs` | how a call ended, and the names of the phases |
//! | `callbacks.rs` | the calls of the callbacks |
//! | `future_state.rs` | the contents of a future: its outcome, its task, its callbacks |
//! | `inflated.rs` | the standard library's algorithm, for inflated futures |
//! | `group.rs` | `wait` and `as_completed`, when every future is weftline's |
//! | `work_queue.rs` | the queue between a pool and its workers, which creates the futures |
//! | `work_item.rs` | a call that other code has taken out of that queue |
//! | `tasks.rs` | the tasks that a worker takes from it, one after the other |
//! | `standard.rs` | the originals of the standard module |

mod attributes;
mod callbacks;
mod completion;
mod future;
mod future_state;
mod group;
mod inflated;
mod object;
mod outcome;
mod standard;
mod tasks;
mod work_item;
mod work_queue;

use crate::attribute;
use crate::class_face::add_class_of;
use crate::deferred_drop;
use crate::introspection;
use object::{Future, FutureBase};
use pyo3::prelude::*;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add_class_of::<Future>(module, "concurrent.futures._base")?;
    attribute::add::<Future>(module.py(), &attributes::PARTS)?;
    module.add_class::<group::FutureGroup>()?;
    module.add_class::<work_queue::WorkQueue>()?;
    module.add_class::<work_item::WorkItem>()?;
    module.add_class::<tasks::Tasks>()?;
    let py = module.py();
    deferred_drop::install::<Future>(py);
    deferred_drop::install::<group::FutureGroup>(py);
    deferred_drop::install::<work_queue::WorkQueue>(py);
    deferred_drop::install::<work_item::WorkItem>(py);
    deferred_drop::install::<tasks::Tasks>(py);
    module.add_function(wrap_pyfunction!(future::result_or_cancel, module)?)?;
    module.add_function(wrap_pyfunction!(remember_futures, module)?)
}

/// Keeps the originals, and makes the standard `Future` a base of ours. Must be called before any
/// of them is patched.
///
/// The first base remains that of our class, and the standard class adds nothing to the layout of
/// an object. The interpreter checks both. Our class's own attributes precede those of the standard
/// one.
#[pyfunction(name = "_remember_futures")]
fn remember_futures(py: Python<'_>) -> PyResult<()> {
    let theirs = &standard::standard(py)?.future;
    let (ours, base) = (py.get_type::<Future>(), py.get_type::<FutureBase>());
    if !ours.is_subclass(theirs.bind(py))? {
        ours.setattr("__bases__", (base, theirs))?;
        introspection::show_source::<Future>(theirs.bind(py))?;
        let init =
            c"__init__($self)\n--\n\nInitializes the future. Should not be called by clients.";
        introspection::show_init::<Future>(py, init)?;
    }
    Ok(())
}
