//! The classes of `concurrent.futures`.
//!
//! | file | what it holds |
//! |---|---|
//! | `future.rs` | the class `Future` |
//! | `attributes.rs` | the attributes that programs use, and the transition to the inflated form |
//! | `completion.rs` | how a future is settled, and how a caller waits for that |
//! | `future_state.rs` | the contents of a future: its outcome, its task, its callbacks |
//! | `inflated.rs` | the standard library's algorithm, for inflated futures |
//! | `group.rs` | `wait` and `as_completed`, when every future is weftline's |
//! | `work_queue.rs` | the queue between a pool and its workers, which creates the futures |
//! | `work_item.rs` | a call that other code has taken out of that queue |
//! | `tasks.rs` | the tasks that a worker takes from it, one after the other |
//! | `standard.rs` | the originals of the standard module |

mod attributes;
mod completion;
mod future;
mod future_state;
mod group;
mod inflated;
mod standard;
mod tasks;
mod work_item;
mod work_queue;

use crate::attribute;
use crate::deferred_drop;
use crate::threading::add_class_of;
use pyo3::prelude::*;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    add_class_of::<future::Future>(module, "concurrent.futures._base")?;
    attribute::add::<future::Future>(module.py(), &attributes::PARTS)?;
    module.add_class::<group::FutureGroup>()?;
    module.add_class::<work_queue::WorkQueue>()?;
    module.add_class::<work_item::WorkItem>()?;
    module.add_class::<tasks::Tasks>()?;
    let py = module.py();
    deferred_drop::install::<future::Future>(py);
    deferred_drop::install::<group::FutureGroup>(py);
    deferred_drop::install::<work_queue::WorkQueue>(py);
    deferred_drop::install::<work_item::WorkItem>(py);
    deferred_drop::install::<tasks::Tasks>(py);
    module.add_function(wrap_pyfunction!(future::result_or_cancel, module)?)?;
    module.add_function(wrap_pyfunction!(standard::remember_futures, module)?)
}
