//! The watched locks that the calling thread holds, and the edges that it has added already.

use crate::park::{LockClass, Site};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// The most edges that a thread remembers.
const MOST_SEEN: usize = 4_096;

/// A lock that the thread holds.
#[derive(Clone, Copy)]
pub(super) struct Held {
    pub(super) address: usize,
    pub(super) class: LockClass,
    /// Where the thread took it.
    pub(super) site: Site,
}

/// What a thread knows of itself.
#[derive(Default)]
pub(super) struct OfThread {
    /// The lock that was taken last comes last.
    pub(super) held: Vec<Held>,
    /// Edges that the graph has, with their gates: further uses add nothing.
    seen: BTreeSet<(usize, usize, Vec<usize>)>,
    /// Of which version of the graph.
    version: u64,
}

impl OfThread {
    /// Whether the thread has not added this edge yet. It counts as added from now on.
    pub(super) fn is_new(
        &mut self,
        version: u64,
        held: usize,
        wanted: usize,
        gates: &[usize],
    ) -> bool {
        if self.version != version || self.seen.len() >= MOST_SEEN {
            self.seen.clear();
            self.version = version;
        }
        self.seen.insert((held, wanted, gates.to_vec()))
    }

    /// The addresses of the locks that the thread holds, without that one, in order.
    pub(super) fn gates(&self, without: usize) -> Vec<usize> {
        let mut gates: Vec<usize> = self
            .held
            .iter()
            .map(|held| held.address)
            .filter(|&it| it != without)
            .collect();
        gates.sort_unstable();
        gates
    }

    pub(super) fn release(&mut self, address: usize) {
        if let Some(at) = self.held.iter().rposition(|held| held.address == address) {
            self.held.remove(at);
        }
    }
}

thread_local! {
    static THREAD: RefCell<OfThread> = const {
        RefCell::new(OfThread { held: Vec::new(), seen: BTreeSet::new(), version: 0 })
    };
}

/// Calls `f` with what the calling thread knows. `None` at the end of the thread.
pub(super) fn with_thread<R>(f: impl FnOnce(&mut OfThread) -> R) -> Option<R> {
    THREAD
        .try_with(|thread| Some(f(&mut *thread.try_borrow_mut().ok()?)))
        .ok()?
}
