//! What a future object holds.
//!
//! The class is in two parts. [`FutureBase`] has the `__dict__` and the weak references, [`Future`]
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
/// Goes beyond the standard class in that set_result(), set_exception() and cancel() may be called
/// at any moment, also from a destructor or a signal handler that interrupts this very object.
#[pyclass(frozen, subclass, generic, extends = FutureBase)]
pub(crate) struct Future {
    pub(super) cell: Cell,
    pub(super) raw: RawFuture<FutureState>,
}

impl Future {
    pub(super) fn for_task(task: Option<Task>) -> PyClassInitializer<Self> {
        PyClassInitializer::from(FutureBase).add_subclass(Self {
            cell: Cell::new(),
            raw: RawFuture::new(FutureState {
                task,
                ..FutureState::default()
            }),
        })
    }

    #[inline]
    pub(super) fn is_inflated(&self) -> bool {
        self.cell.is_inflated()
    }

    /// Waits for the parts, in a thread that has found the core's part marked.
    pub(super) fn wait_until_inflated(&self, py: Python<'_>) {
        self.cell.wait(py);
    }
}
