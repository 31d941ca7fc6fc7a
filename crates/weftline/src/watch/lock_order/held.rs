//! The watched locks that the calling thread holds, and the edges that it has added already.

use crate::park::{LockClass, Site};
use std::cell::RefCell;
use std::hash::{DefaultHasher, Hash, Hasher};

/// How many edges a thread remembers. The hash of an edge tells its place in the memory, where
/// it displaces another one.
const SEEN: usize = 256;
/// From how many locks edges lead: of those that a thread holds, the ones that it took last.
const MOST_FROM: usize = 64;

/// A lock that the thread holds.
#[derive(Clone, Copy)]
pub(super) struct Held {
    pub(super) address: usize,
    pub(super) class: LockClass,
    /// Where the thread took it.
    pub(super) site: Site,
}

/// What a thread knows of itself.
pub(super) struct OfThread {
    /// The lock that was taken last comes last.
    held: Vec<Held>,
    /// Hashes of edges that the graph has: further uses add nothing.
    seen: Vec<u64>,
    /// Of which version of the graph.
    version: u64,
    /// Since when locks have been watched without a break.
    period: u64,
}

/// The edges of an acquisition that the thread has not added yet.
#[derive(Default)]
pub(super) struct NewEdges {
    /// The locks from which they lead.
    pub(super) from: Vec<Held>,
    /// The addresses of all locks that the thread holds, in order.
    pub(super) gates: Vec<usize>,
}

impl OfThread {
    /// The edges to that lock from each one that the thread holds, as far as they are new.
    pub(super) fn new_edges(&mut self, version: u64, wanted: usize, class: LockClass) -> NewEdges {
        let is_held = self.held.iter().any(|held| held.address == wanted);
        // Most threads hold nothing.
        if self.held.is_empty() || is_held {
            return NewEdges::default();
        }
        let mut gates: Vec<usize> = self.held.iter().map(|held| held.address).collect();
        gates.sort_unstable();
        let of_all = hash(&(wanted, class, &gates));
        if self.version != version {
            self.seen.clear();
            self.version = version;
        }
        if self.seen.is_empty() {
            self.seen.resize(SEEN, 0);
        }
        let latest = &self.held[self.held.len().saturating_sub(MOST_FROM)..];
        let mut from = Vec::new();
        for held in latest {
            // Other locks may have been at these addresses: their classes tell.
            let edge = hash(&(of_all, held.address, held.class)) | 1;
            let place = &mut self.seen[(edge >> 8) as usize % SEEN];
            if std::mem::replace(place, edge) != edge {
                from.push(*held);
            }
        }
        NewEdges { from, gates }
    }

    pub(super) fn take(&mut self, held: Held) {
        if self.held.try_reserve(1).is_ok() {
            self.held.push(held);
        }
    }

    pub(super) fn release(&mut self, address: usize) {
        if let Some(at) = self.held.iter().rposition(|held| held.address == address) {
            self.held.remove(at);
        }
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

thread_local! {
    static THREAD: RefCell<OfThread> = const {
        RefCell::new(OfThread { held: Vec::new(), seen: Vec::new(), version: 0, period: 0 })
    };
}

/// Calls `f` with what the calling thread knows. `None` at the end of the thread.
pub(super) fn with_thread<R>(period: u64, f: impl FnOnce(&mut OfThread) -> R) -> Option<R> {
    THREAD
        .try_with(|thread| {
            let mut thread = thread.try_borrow_mut().ok()?;
            if thread.period != period {
                // No call has told what it released in between.
                thread.held.clear();
                thread.period = period;
            }
            Some(f(&mut thread))
        })
        .ok()?
}
