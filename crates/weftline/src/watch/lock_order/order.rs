//! The order of this process: its graph, the inversions so far, and which locks order nothing.

use super::graph::Graph;
use super::inversion::Inversion;
use crate::park::{ForgetWaiters, ListLock};
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The most inversions that are kept.
pub(super) const MOST_KEPT: usize = 256;

pub(super) struct Order {
    pub(super) graph: Graph,
    pub(super) kept: Vec<Arc<Inversion>>,
    /// Locks that were released by others, of late.
    pub(super) lent: Vec<Lent>,
    /// It has been told that further edges are not kept.
    pub(super) is_full: bool,
}

/// A lock that is not held any more, which its owner has not released.
#[derive(Clone, Copy)]
pub(super) struct Lent {
    /// How many of these there had been before.
    pub(super) number: u64,
    /// The number of the owner, or [`READERS`](crate::park::witness::READERS).
    pub(super) owner: u64,
    pub(super) address: usize,
}

impl Order {
    const fn new() -> Self {
        Self {
            graph: Graph::new(),
            kept: Vec::new(),
            lent: Vec::new(),
            is_full: false,
        }
    }
}

impl ForgetWaiters for Order {
    fn forget_waiters(&mut self, torn: bool) {
        if torn {
            // Not dropped: it may be half changed.
            mem::forget(mem::replace(self, Self::new()));
            VERSION.fetch_add(1, Ordering::Relaxed);
        }
    }
}

pub(super) static ORDER: ListLock<Order> = ListLock::new(Order::new());
/// Changes when edges are taken away, so that threads add them again.
pub(super) static VERSION: AtomicU64 = AtomicU64::new(0);

/// The inversions so far, the first 256 of them.
#[must_use]
pub fn inversions() -> Vec<Arc<Inversion>> {
    ORDER.lock().kept.clone()
}

/// Forgets the order and the inversions so far.
pub fn forget_lock_order() {
    let mut order = ORDER.lock();
    let graph = mem::replace(&mut order.graph, Graph::new());
    let kept = mem::take(&mut order.kept);
    VERSION.fetch_add(1, Ordering::Relaxed);
    drop(order);
    drop((graph, kept));
}
