//! The Python object of a future: its fields, and whether it is compact.
//!
//! The class consists of two. [`FutureBase`] has the `__dict__` and the weak references, [`Future`]
//! the rest. So the standard class can become a second base of ours when it is imported
//! (`mod.rs`), beside a first base that keeps the layout. Then `isinstance`, `singledispatch` and
//! `except` treat an instance of ours as one of the standard class.

use super::future_state::{FutureState, Task};
use crate::inflation::Cell;
use pyo3::prelude::*;
use weftline::executor::raw::RawFuture;

/// The base of every future: its layout.
#[pyclass(
    frozen,
    subclass,
    weakref,
    dict,
    name = "_FutureBase",
    module = "concurrent.futures._base"
)]
pub(crate) struct FutureBase;

/// The future outcome of a call: its result, its exception, or its cancellation.
///
/// Goes beyond the standard class: set_result(), set_exception() and cancel() may be called at any
/// moment, also from a destructor or a signal handler that interrupts this very object.
#[pyclass(frozen, subclass, generic, extends = FutureBase)]
pub(crate) struct Future {
    /// Whether the object is compact or inflated.
    pub(super) cell: Cell,
    /// The core's future: phase, waiters and groups. While the object is compact, also the outcome
    /// and the callbacks.
    pub(super) raw: RawFuture<FutureState>,
}

impl Future {
    /// A compact, pending future. `task`: the call whose outcome it gets, if the pool with that
    /// number makes it.
    pub(super) fn for_task(pool: u32, task: Option<Task>) -> PyClassInitializer<Self> {
        PyClassInitializer::from(FutureBase).add_subclass(Self {
            cell: Cell::new(),
            raw: RawFuture::of_pool(
                pool,
                FutureState {
                    task,
                    ..FutureState::default()
                },
            ),
        })
    }

    /// Whether the future's parts are in its `__dict__`.
    #[inline]
    pub(super) fn is_inflated(&self) -> bool {
        self.cell.is_inflated()
    }

    /// Waits for the parts. Call it after the core's future was found marked as forwarded.
    pub(super) fn wait_until_inflated(&self, py: Python<'_>) {
        self.cell.wait(py);
    }
}
