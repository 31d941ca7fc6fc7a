//! [`Graph`]: which locks were taken while which others were held, and the circles in that.
//!
//! # Implementation
//!
//! An edge leads from a lock that was held to the one that was taken then. It keeps a few *uses*:
//! by which thread, how, and which further locks it held (*gates*).
//!
//! Edges outlive locks. A new lock at the address of an old one is another one: it takes the edges
//! of the old node away, and is another gate.
//!
//! **An edge has enough uses** where eight threads have one under no other gates. A circle has at
//! most eight edges. So whichever threads make its others, one of these eight is not among them.

use super::gates::{Births, Gate};
use super::lock_use::{LONGEST, Use};
use super::manner::{self, Manner};
use super::node::Node;
use super::search::{self, Circle, Edges, Key, Known};
use super::stack_interner::StackInterner;
use super::writers::{Writer, Writers};
use crate::park::{Access, LockClass};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The most edges that are kept. Programs have some hundreds.
const MOST_EDGES: usize = 16_384;
/// The most uses of an edge that are kept.
const MOST_USES: usize = LONGEST;

/// What is known of the order.
pub(super) struct Graph {
    edges: Edges,
    writers: Writers,
    /// The circles that were returned already.
    told: BTreeSet<Key>,
    /// The locks that are nodes.
    locks: BTreeSet<usize>,
    /// Those of them that are gone.
    gone: BTreeSet<usize>,
    births: Births,
    pub(super) stacks: StackInterner,
}

/// What a new lock at an address changes.
pub(super) enum Birth {
    /// Nothing that threads remember.
    Unnoticed,
    /// The edges and gates that threads remember may be those of another lock.
    Noticed,
}

impl Graph {
    pub(super) const fn new() -> Self {
        Self {
            edges: BTreeMap::new(),
            writers: Writers::new(),
            told: BTreeSet::new(),
            locks: BTreeSet::new(),
            gone: BTreeSet::new(),
            births: Births::new(),
            stacks: StackInterner::new(),
        }
    }

    /// The locks that are at these addresses now, as gates. The second: whether what threads
    /// remember is void.
    pub(super) fn gates(&mut self, held: &[(usize, Access)]) -> (Arc<[Gate]>, bool) {
        let are_many = self.births.are_many();
        if are_many {
            let uses = self.edges.values().flatten();
            let gates = uses
                .flat_map(|it| it.manner.gates.iter())
                .chain(self.writers.gates());
            self.births.keep(gates);
        }
        (self.births.gates(held), are_many)
    }

    /// Whether a further use of an edge adds nothing.
    pub(super) fn has(&self, from: Node, to: Node, new: &Manner) -> bool {
        match self.edges.get(&(from, to)) {
            Some(uses) => manner::has(uses, new, MOST_USES),
            None => self.is_full(),
        }
    }

    /// Whether a further writer of a class adds nothing.
    pub(super) fn has_writer(&self, lock: (usize, LockClass), new: &Manner) -> bool {
        self.writers.has(lock, new)
    }

    /// Adds a thread that waits to write a lock of that class. Returns whether it adds anything.
    pub(super) fn add_writer(&mut self, class: LockClass, new: Writer) -> bool {
        self.writers.add(class, Arc::new(new))
    }

    /// A circle in which a thread waits to read such a lock, if there is one that has not been
    /// returned before. Takes its steps from `steps`.
    pub(super) fn circle_of_readers(
        &mut self,
        class: LockClass,
        steps: &mut usize,
    ) -> Option<Circle> {
        let known = self.known();
        let readers = self.edges.iter().flat_map(|(&edge, uses)| {
            let reads =
                |it: &&Arc<Use>| it.wanted.class == class && it.manner.wanted <= Access::Upgradable;
            uses.iter().filter(reads).map(move |it| (edge, it))
        });
        let found = readers
            .into_iter()
            .find_map(|(edge, it)| search::circle(known, edge, Arc::clone(it), steps));
        self.returned(found)
    }

    /// A circle that a use of the edge between two nodes closes, if there is one that has not been
    /// returned before. Takes its steps from `steps`.
    pub(super) fn circle(
        &mut self,
        edge: (Node, Node),
        it: &Arc<Use>,
        steps: &mut usize,
    ) -> Option<Circle> {
        let found = search::circle(self.known(), edge, Arc::clone(it), steps);
        self.returned(found)
    }

    fn known(&self) -> Known<'_> {
        Known {
            edges: &self.edges,
            writers: &self.writers,
            told: &self.told,
        }
    }

    fn returned(&mut self, found: Option<Circle>) -> Option<Circle> {
        self.told
            .extend(found.iter().map(|it| search::key(&it.uses)));
        found
    }

    /// Whether no further edge is kept.
    pub(super) fn is_full(&self) -> bool {
        self.edges.len() >= MOST_EDGES
    }

    /// Makes room for further edges. Returns whether there was some that could be taken away.
    pub(super) fn make_room(&mut self) -> bool {
        let gone = std::mem::take(&mut self.gone);
        !gone.is_empty()
            && self.keep(|(from, to), _| {
                let is_gone = |node: Node| node.lock().is_some_and(|lock| gone.contains(&lock));
                !is_gone(from) && !is_gone(to)
            })
    }

    /// Takes the other edges away. Returns whether there were any.
    fn keep(&mut self, is_kept: impl Fn((Node, Node), &mut Vec<Arc<Use>>) -> bool) -> bool {
        let before = self.edges.len();
        self.edges.retain(|&edge, uses| is_kept(edge, uses));
        let are_fewer = self.edges.len() != before;
        if are_fewer {
            self.locks.clear();
            for &(from, to) in self.edges.keys() {
                self.locks.extend(from.lock().into_iter().chain(to.lock()));
            }
        }
        are_fewer
    }

    /// Adds a use of the edge between two nodes. Returns whether it adds anything.
    pub(super) fn add(&mut self, (from, to): (Node, Node), new: &Arc<Use>) -> bool {
        if self.is_full() && !self.edges.contains_key(&(from, to)) {
            return false;
        }
        let uses = self.edges.entry((from, to)).or_default();
        if uses.is_empty() {
            self.locks.extend(from.lock().into_iter().chain(to.lock()));
        }
        manner::add(uses, Arc::clone(new), MOST_USES)
    }

    /// A lock at that address is taken for the first time: no edge is of it, and no gate.
    pub(super) fn birth(&mut self, address: usize) -> Birth {
        let was_gate = self.births.add(address);
        self.writers.forget(address);
        // Most programs take no two locks of one class.
        let was_node = self.locks.contains(&address);
        if was_node {
            let node = Node::One(address);
            self.gone.remove(&address);
            self.keep(|(from, to), _| from != node && to != node);
        }
        match was_gate || was_node {
            true => Birth::Noticed,
            false => Birth::Unnoticed,
        }
    }

    /// The lock at that address is gone. Its edges stay as long as there is room.
    pub(super) fn bury(&mut self, address: usize) {
        if self.locks.contains(&address) {
            self.gone.insert(address);
        }
    }

    /// Takes the uses of a lock away, which orders nothing. Returns whether there was one.
    pub(super) fn forget(&mut self, address: usize, class: LockClass) -> bool {
        let was_there = Cell::new(false);
        self.keep(|_, uses| {
            let before = uses.len();
            uses.retain(|it| !it.held.is(address, class) && !it.wanted.is(address, class));
            was_there.set(was_there.get() || uses.len() != before);
            !uses.is_empty()
        });
        was_there.get()
    }

    #[cfg(test)]
    fn edges(&self) -> usize {
        self.edges.len()
    }
}

#[cfg(test)]
mod tests;
