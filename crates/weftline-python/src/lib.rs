//! The Python face of weftline: one file for each Python class, in the folder of its module.
//!
//! | file | what it holds |
//! |---|---|
//! | `attach.rs` | how a weftline thread enters the interpreter |
//! | `attribute.rs` | the attributes by which a class shows the parts of its inflated objects |
//! | `blocker.rs` | how a Python thread parks: detached from the interpreter, answering signals |
//! | `bystanders.rs` | what a test's harness vouches for in verdicts |
//! | `callback.rs` | calls into Python code of the program, and their end at exit |
//! | `immortal.rs` | classes that threads do not count, without the interpreter lock |
//! | `inflation/` | what all inflated objects share: their parts in their `__dict__` |
//! | `introspection.rs` | what introspection tools see in the classes |
//! | `deferred_drop.rs` | freeing long chains of objects on a small stack |
//! | `init_guard.rs` | whether an object that the collector visits exists yet |
//! | `join.rs` | `Thread.join`, shown in reports |
//! | `optional_arg.rs` | arguments that may be left out |
//! | `objects.rs` | creating Python objects when memory may be short |
//! | `perturb/` | operations that pause at random, for tests that look for races |
//! | `recursion.rs` | the bound on recursion through the program |
//! | `seconds.rs` | how Python's timeouts become deadlines |
//! | `shared_count.rs` | references that another thread drops, without the interpreter lock |
//! | `sight.rs` | what the interpreter tells to a report, and how Python asks for one |
//! | `site.rs` | the line of a program at which a thread waits |
//! | `launch/` | running a program in the place of the interpreter's own main function |
//! | `standard.rs` | the originals of the standard modules, kept before any patch |
//! | `threading/`, `queue/`, `futures/` | the classes |
//!
//! No class relies on the interpreter lock. The classes have the names of the standard modules, so
//! their representations, error messages and pickling refusals read like the standard ones.

mod attach;
mod attribute;
mod blocker;
mod bystanders;
mod callback;
mod class_face;
mod collector;
mod deferred_drop;
mod exit_guard;
mod futures;
mod handled;
mod immortal;
mod inflation;
mod init_guard;
mod introspection;
mod join;
mod launch;
mod lock_order;
mod metrics;
mod named;
mod names;
mod objects;
mod optional_arg;
mod pending;
mod perturb;
mod queue;
mod recursion;
mod seconds;
mod shared_count;
mod sight;
mod site;
mod standard;
mod threading;
mod told;

use pyo3::prelude::*;

/// Exceptions and classes that this module keeps belong to one interpreter. A second interpreter
/// would raise an `Empty` that its programs do not catch.
///
/// From 3.12 on the interpreter itself refuses, but only if the sub-interpreter has a lock of its
/// own.
fn refuse_sub_interpreters() -> PyResult<()> {
    // SAFETY: attached, as a module is imported.
    let (this, main) = unsafe {
        (
            pyo3::ffi::PyInterpreterState_Get(),
            pyo3::ffi::PyInterpreterState_Main(),
        )
    };
    if this == main {
        return Ok(());
    }
    Err(pyo3::exceptions::PyImportError::new_err(
        "weftline does not support loading in subinterpreters: use the standard library there",
    ))
}

#[pymodule(name = "_weftline", gil_used = false)]
fn extension(module: &Bound<'_, PyModule>) -> PyResult<()> {
    refuse_sub_interpreters()?;
    objects::remember(module.py());
    names::remember(module.py());
    pending::remember(module.py())?;
    standard::remember(module.py())?;
    callback::know_the_interpreter(module.py());
    callback::register(module)?;
    // Set without `add_function`, which would make it a public name.
    module.setattr("_rebuild", wrap_pyfunction!(inflation::rebuild, module)?)?;
    module.setattr("_blocked_now", wrap_pyfunction!(site::blocked_now, module)?)?;
    sight::register(module)?;
    named::register(module)?;
    lock_order::register(module)?;
    metrics::register(module)?;
    join::register(module)?;
    bystanders::register(module)?;
    perturb::register(module)?;
    threading::register(module)?;
    queue::register(module)?;
    futures::register(module)?;
    launch::register(module)?;
    immortal::make_immortal(module, threading::unnamed_classes(module.py()))?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))
}
