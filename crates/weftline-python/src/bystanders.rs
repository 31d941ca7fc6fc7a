//! Threads and signal handlers that a test's harness vouches for: they wake no thread of a program.
//!
//! A worker of a test runner has a thread that reads its controller's messages, and a plugin bounds
//! the time of a test by a signal. Without these a process whose other threads all wait would never
//! count as one that stands still.

use pyo3::prelude::*;
use pyo3::types::PyFunction;
use weftline::Lock;

struct Vouched {
    /// As of `threading.get_ident()`.
    threads: Vec<u64>,
    /// The `__module__` of signal handlers.
    modules: Vec<String>,
}

/// Held for the time of a comparison or an exchange.
static VOUCHED: Lock<Vouched> = Lock::new(Vouched {
    threads: Vec::new(),
    modules: Vec::new(),
});

/// Whether the thread with that identifier is vouched for.
pub(crate) fn is_thread(ident: u64) -> bool {
    VOUCHED.lock().threads.contains(&ident)
}

/// Whether that handler of a signal is vouched for.
pub(crate) fn is_handler(handler: &Bound<'_, PyAny>) -> bool {
    // Of a function it is read without any code of the program.
    if !handler.is_instance_of::<PyFunction>() || VOUCHED.lock().modules.is_empty() {
        return false;
    }
    let module = handler.getattr(crate::names::interned!(handler.py(), __module__));
    let Some(module) = module.ok().and_then(|name| name.extract::<String>().ok()) else {
        return false;
    };
    VOUCHED.lock().modules.contains(&module)
}

/// Vouches for these threads, and for the signal handlers of these modules, in place of the earlier
/// ones.
#[pyfunction]
fn _vouch(threads: Vec<u64>, modules: Vec<String>) {
    *VOUCHED.lock() = Vouched { threads, modules };
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    // Set without `add_function`, which would make it a public name.
    module.setattr("_vouch", wrap_pyfunction!(_vouch, module)?)
}
