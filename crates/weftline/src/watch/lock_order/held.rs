//! The watched locks that the calling thread holds, and the edges that it has added already.

use crate::park::{Access, LockClass, Site};
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
    pub(super) access: Access,
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

/// What an acquisition adds that the thread has not added yet.
#[derive(Default)]
pub(super) struct New {
    /// The locks from which edges lead.
    pub(super) from: Vec<Held>,
    /// The thread is a writer that stops later readers.
    pub(super) is_writer: bool,
    /// The addresses of all locks that the thread holds, in order.
    pub(super) gates: Vec<(usize, Access)>,
}

impl OfThread {
    /// What follows when the thread is about to wait for that lock: an edge from each one that it
    /// holds, as far as they are new.
    pub(super) fn wants(
        &mut self,
        version: u64,
        (wanted, class): (usize, LockClass),
        access: Access,
    ) -> New {
        let writes = access == Access::Write;
        let same = self.held.iter().filter(|held| held.address == wanted);
        let may_wait = match same.map(|held| held.access).max() {
            // It waits for other readers.
            Some(Access::Upgradable) => writes,
            // It waits for another upgradable reader.
            Some(Access::Read) => access == Access::Upgradable,
            Some(_) => false,
            // Most threads hold nothing.
            None => writes || !self.held.is_empty(),
        };
        if !may_wait {
            return New::default();
        }
        let gates = self.gates();
        let of_all = hash(&(wanted, class, access, &gates));
        if self.version != version {
            self.seen.clear();
            self.version = version;
        }
        if self.seen.is_empty() {
            self.seen.resize(SEEN, 0);
        }
        let seen = &mut self.seen;
        let mut is_new = |it: u64| {
            let it = it | 1;
            std::mem::replace(&mut seen[(it >> 8) as usize % SEEN], it) != it
        };
        let latest = &self.held[self.held.len().saturating_sub(MOST_FROM)..];
        let others = latest.iter().filter(|held| held.address != wanted);
        // Other locks may have been at these addresses: their classes tell.
        let from = others.filter(|held| is_new(hash(&(of_all, held.address, held.class))));
        New {
            from: from.copied().collect(),
            is_writer: writes && is_new(of_all),
            gates,
        }
    }

    /// The locks that the thread holds, in order of their addresses, each as it holds it most
    /// strongly.
    fn gates(&self) -> Vec<(usize, Access)> {
        let held = self.held.iter().map(|held| (held.address, held.access));
        let mut gates: Vec<_> = held.collect();
        gates.sort_unstable_by(|left, right| right.cmp(left));
        gates.dedup_by_key(|gate| gate.0);
        gates.reverse();
        gates
    }

    pub(super) fn take(&mut self, held: Held) {
        if self.held.try_reserve(1).is_ok() {
            self.held.push(held);
        }
    }

    /// Releases a lock in every way in which the thread holds it.
    pub(super) fn forget(&mut self, address: usize) {
        self.held.retain(|held| held.address != address);
    }

    /// Releases all locks.
    pub(super) fn forget_all(&mut self) {
        self.held.clear();
    }

    pub(super) fn release(&mut self, address: usize, access: Access) {
        let is = |held: &Held| held.address == address && held.access == access;
        if let Some(at) = self.held.iter().rposition(is) {
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
