//! What the objects of `queue.Queue`, `LifoQueue` and `PriorityQueue` hold.
//!
//! The files of their attributes, of their transition and of their methods use this one, in that
//! order.

use super::items::Items;
use crate::inflation::Cell;
use pyo3::prelude::*;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicU64, Ordering};

/// A queue of bounded size, whose items are taken in the order in which they were put.
///
/// If maxsize is not above zero, the queue holds any number of items.
///
/// Goes beyond the standard class in that every method may be called at any moment: from a
/// destructor, a weak reference's callback or a signal handler that interrupts this very queue; and
/// in that shutdown() exists in every version.
#[pyclass(frozen, subclass, weakref, dict, generic)]
pub(crate) struct Queue {
    pub(super) items: Items,
    /// As passed to the constructor: a negative number means the same as zero.
    maxsize: AtomicIsize,
    /// How often an inflated queue has changed its heap.
    pub(super) changes: AtomicU64,
    pub(super) cell: Cell,
    /// Whether an inflated queue is shut down, before 3.13.
    pub(super) is_shut_down: AtomicBool,
    pub(super) is_initialized: AtomicBool,
}

impl Queue {
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

    pub(super) fn maxsize(&self) -> isize {
        self.maxsize.load(Ordering::Relaxed)
    }

    pub(super) fn set_maxsize(&self, maxsize: isize) {
        self.maxsize.store(maxsize, Ordering::Relaxed);
        self.items
            .set_capacity(usize::try_from(maxsize).unwrap_or(0));
    }

    /// Whether the queue's attributes are in its `__dict__`.
    pub(super) fn is_inflated(&self) -> bool {
        self.cell.is_inflated()
    }

    /// Waits for the attributes, in a thread that has found the items forwarded.
    pub(super) fn wait_until_inflated(&self, py: Python<'_>) {
        self.cell.wait(py);
    }

    /// `None`: the queue is inflated.
    #[inline]
    pub(super) fn compact_len(slf: &Bound<'_, Self>) -> Option<usize> {
        let this = slf.get();
        let len = this.items.len();
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
/// Goes beyond the standard class in that an item whose comparison raises leaves the queue as it
/// was, and in that a comparison may use the queue.
#[pyclass(extends = Queue, frozen, subclass)]
pub(crate) struct PriorityQueue;
