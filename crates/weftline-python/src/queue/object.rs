//! The Python objects of the three queues: their fields, and whether they are compact. Used by
//! `attributes.rs`, `inflate.rs`, `slow_path.rs`, `queue.rs`, `lifo.rs` and `priority.rs`.

use super::items::Items;
use crate::inflation::Cell;
use pyo3::prelude::*;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicU64, Ordering};

/// A first-in, first-out queue. It is bounded if maxsize is above zero.
///
/// Goes beyond the standard class: every method may be called at any moment, also from a
/// destructor, a weak reference's callback or a signal handler that interrupts this very queue.
/// And shutdown() exists in every version.
#[pyclass(frozen, subclass, weakref, dict, generic)]
pub(crate) struct Queue {
    /// The core's queue, which is forwarded when the object inflates.
    pub(super) items: Items,
    /// The bound of a compact queue, as the program set it; zero or less: unbounded.
    maxsize: AtomicIsize,
    /// The version of the heap of an inflated queue, for `heap.rs`.
    pub(super) changes: AtomicU64,
    /// Whether the object is compact or inflated.
    pub(super) cell: Cell,
    /// Whether an inflated queue is shut down, before 3.13 (`attributes.rs`).
    pub(super) is_shut_down: AtomicBool,
    /// Whether `__init__` has been called. A second call inflates the queue.
    pub(super) is_initialized: AtomicBool,
}

impl Queue {
    /// A compact, unbounded queue.
    pub(super) fn over(items: Items) -> Self {
        Self {
            items,
            maxsize: AtomicIsize::new(0),
            changes: AtomicU64::new(0),
            cell: Cell::new(),
            is_shut_down: AtomicBool::new(false),
            is_initialized: AtomicBool::new(false),
        }
    }

    /// Has reports tell how many items there are, while the queue is compact.
    #[cold]
    pub(crate) fn follow(slf: &Bound<'_, Self>) {
        // SAFETY: a part of a Python object, which does not move.
        unsafe { slf.get().items.follow() };
    }

    /// `maxsize` of a compact queue, unchanged even if it is negative.
    pub(super) fn maxsize(&self) -> isize {
        self.maxsize.load(Ordering::Relaxed)
    }

    /// Sets `maxsize` of a compact queue. Putters that now have room go on.
    pub(super) fn set_maxsize(&self, maxsize: isize) {
        self.maxsize.store(maxsize, Ordering::Relaxed);
        self.items
            .set_capacity(usize::try_from(maxsize).unwrap_or(0));
    }

    /// Whether the queue's parts are in its `__dict__`.
    pub(super) fn is_inflated(&self) -> bool {
        self.cell.is_inflated()
    }

    /// Waits for the parts. Call it after the core's queue has refused.
    pub(super) fn wait_until_inflated(&self, py: Python<'_>) {
        self.cell.wait(py);
    }

    /// The number of items of a compact queue. `None`: the queue is inflated, after a wait for its
    /// parts.
    #[inline]
    pub(super) fn compact_len(slf: &Bound<'_, Self>) -> Option<usize> {
        let this = slf.get();
        let len = this.items.len();
        // A forwarded queue has no items.
        if len == 0 && this.items.is_forwarded() {
            this.wait_until_inflated(slf.py());
            return None;
        }
        Some(len)
    }
}

/// A queue whose newest item is taken first: a stack.
#[pyclass(extends = Queue, frozen, subclass)]
pub(crate) struct LifoQueue;

/// A queue whose smallest item is taken first. Items are often tuples: (priority number, data).
///
/// Goes beyond the standard class: an item whose comparison raises leaves the queue as it was. And
/// a comparison may use the queue.
#[pyclass(extends = Queue, frozen, subclass)]
pub(crate) struct PriorityQueue;
