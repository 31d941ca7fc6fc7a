//! The classes of `threading` and `_thread`.

mod barrier;
mod barrier_attributes;
mod bounded_semaphore;
mod condition;
mod condition_attributes;
mod condition_object;
mod event;
mod foreign;
pub(crate) mod guard;
mod inflated;
mod inflated_barrier;
mod inflated_condition;
mod lock;
mod mutex;
mod nested;
mod rlock;
mod rwlock;
mod semaphore;
mod semaphore_attributes;
mod target;
mod timer;
mod wait_for;
mod waiters;

pub(crate) use condition_object::Condition;
pub(crate) use lock::Lock;
pub(crate) use rlock::RLock;

use crate::class_face::add_class_like;
use crate::deferred_drop;
use crate::introspection;
use crate::standard;
use pyo3::prelude::*;
use pyo3::types::PyType;

/// Classes of objects that the program gets, and that the module does not name.
pub(crate) fn unnamed_classes(py: Python<'_>) -> [Bound<'_, PyType>; 1] {
    [py.get_type::<rwlock::Holding>()]
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    lock::register(module)?;
    module.add_class::<RLock>()?;
    module.add_class::<rwlock::RWLock>()?;
    // The first call would create it otherwise, and memory may be short then.
    drop(module.py().get_type::<rwlock::Holding>());
    add_class_like::<Condition>(
        module,
        "threading",
        c"__init__($self, lock=None)\n--\n\nUse the lock, or a new RLock.",
    )?;
    add_class_like::<event::Event>(
        module,
        "threading",
        c"__init__($self)\n--\n\nLower the flag.",
    )?;
    add_class_like::<semaphore::Semaphore>(
        module,
        "threading",
        c"__init__($self, value=1)\n--\n\nBegin with `value` permits.",
    )?;
    add_class_like::<bounded_semaphore::BoundedSemaphore>(
        module,
        "threading",
        c"__init__($self, value=1)\n--\n\nBegin with `value` permits, which is also the bound.",
    )?;
    add_class_like::<barrier::Barrier>(module, "threading", c"__init__($self, parties, action=None, timeout=None)\n--\n\nCreate a barrier for `parties` threads.\n\nOne thread of each cycle calls `action` before all pass. `timeout` is the default of wait().")?;
    // The first object would create it otherwise, and memory may be short then.
    drop(module.py().get_type::<waiters::Waiters>());
    semaphore::register(module.py())?;
    barrier_attributes::register(module)?;
    module.add_class::<timer::PendingTimer>()?;
    let py = module.py();
    deferred_drop::install::<Condition>(py);
    deferred_drop::install::<event::Event>(py);
    deferred_drop::install::<semaphore::Semaphore>(py);
    deferred_drop::install::<bounded_semaphore::BoundedSemaphore>(py);
    deferred_drop::install::<barrier::Barrier>(py);
    deferred_drop::install::<timer::PendingTimer>(py);
    module.add_function(wrap_pyfunction!(timer::_call_on_new_thread, module)?)?;
    module.add_function(wrap_pyfunction!(remember_threading, module)?)
}

/// Keeps the originals of `threading`. Must be called before any of them is patched.
#[pyfunction(name = "_remember_threading")]
fn remember_threading(py: Python<'_>) -> PyResult<()> {
    match standard::remember_threading(py)? {
        true => show_sources(&py.import("threading")?),
        false => Ok(()),
    }
}

/// Copies the source locations of the standard classes to ours, in versions whose classes record
/// them.
fn show_sources(standard: &Bound<'_, PyModule>) -> PyResult<()> {
    introspection::show_source::<Condition>(&standard.getattr("Condition")?)?;
    introspection::show_source::<event::Event>(&standard.getattr("Event")?)?;
    introspection::show_source::<semaphore::Semaphore>(&standard.getattr("Semaphore")?)?;
    introspection::show_source::<bounded_semaphore::BoundedSemaphore>(
        &standard.getattr("BoundedSemaphore")?,
    )?;
    introspection::show_source::<barrier::Barrier>(&standard.getattr("Barrier")?)
}
