//! [`Graph`]: which locks were taken while which others were held, and the circles in that.
//!
//! # Implementation
//!
//! An edge leads from a lock that was held to the one that was taken then. It keeps a few *uses*:
//! by which thread, and which further locks it held (*gates*).
//!
//! Edges outlive locks. A new lock at the address of an old one is another one: it takes the edges
//! of the old node away, and is another gate.
//!
//! **An edge has enough uses** where eight threads have one under no other gates. A circle has at
//! most eight edges. So whichever threads make its others, one of these eight is not among them.

use super::gates::{Births, Gate, Gates};
use super::inversion::Use;
use super::node::Node;
use super::search::{self, Edges, LONGEST};
use super::stack_interner::StackInterner;
use crate::park::LockClass;
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
    /// The circles that were returned already.
    told: BTreeSet<Vec<(LockClass, String)>>,
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

/// What becomes of a further use.
enum Place {
    Known,
    Instead(usize),
    New,
}

impl Graph {
    pub(super) const fn new() -> Self {
        Self {
            edges: BTreeMap::new(),
            told: BTreeSet::new(),
            locks: BTreeSet::new(),
            gone: BTreeSet::new(),
            births: Births::new(),
            stacks: StackInterner::new(),
        }
    }

    /// The locks that are at these addresses now, as gates. The second: whether what threads
    /// remember is void.
    pub(super) fn gates(&mut self, addresses: &[usize]) -> (Arc<[Gate]>, bool) {
        let are_many = self.births.are_many();
        if are_many {
            let uses = self.edges.values().flatten();
            self.births.keep(uses.flat_map(|it| it.gates.iter()));
        }
        (self.births.gates(addresses), are_many)
    }

    /// Whether a further use of an edge, of that thread under these gates, adds nothing.
    pub(super) fn has(&self, from: Node, to: Node, thread: u64, gates: &Gates) -> bool {
        match self.edges.get(&(from, to)) {
            Some(uses) => matches!(place(uses, thread, gates), Place::Known),
            None => self.is_full(),
        }
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

    /// Adds a use of the edge between two nodes. Returns the uses that make a circle with it, this
    /// one first, if there is one that has not been returned before.
    pub(super) fn add(&mut self, from: Node, to: Node, new: Arc<Use>) -> Option<Vec<Arc<Use>>> {
        if self.is_full() && !self.edges.contains_key(&(from, to)) {
            return None;
        }
        let uses = self.edges.entry((from, to)).or_default();
        if uses.is_empty() {
            self.locks.extend(from.lock().into_iter().chain(to.lock()));
        }
        match place(uses, new.thread, &new.gates) {
            Place::Known => return None,
            Place::Instead(at) => uses[at] = Arc::clone(&new),
            Place::New => {
                if uses.len() == MOST_USES {
                    // The first is kept: most programs do the same again and again.
                    uses.remove(1);
                }
                uses.push(Arc::clone(&new));
            }
        }
        let circle = search::circle(&self.edges, from, to, new)?;
        self.told.insert(key(&circle)).then_some(circle)
    }

    /// A lock at that address is taken for the first time: no edge is of it, and no gate.
    pub(super) fn birth(&mut self, address: usize) -> Birth {
        let was_gate = self.births.add(address);
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

/// Where a use belongs among those of its edge. A use under fewer gates makes more circles.
fn place(uses: &[Arc<Use>], thread: u64, gates: &Gates) -> Place {
    let narrower = |known: &&Arc<Use>| known.gates.are_within(gates);
    let is_known = uses.iter().filter(narrower).any(|it| it.thread == thread);
    let threads =
        || -> BTreeSet<u64> { uses.iter().filter(narrower).map(|it| it.thread).collect() };
    if is_known || uses.len() == MOST_USES && threads().len() == MOST_USES {
        return Place::Known;
    }
    let wider = |known: &Arc<Use>| known.thread == thread && gates.are_within(&known.gates);
    uses.iter()
        .position(wider)
        .map_or(Place::New, Place::Instead)
}

/// What tells circles apart: their classes; of locks of one class, also the lines that take them.
fn key(circle: &[Arc<Use>]) -> Vec<(LockClass, String)> {
    let mut key: Vec<_> = circle
        .iter()
        .map(|it| {
            let is_nested = it.held.class == it.wanted.class;
            let line = if is_nested { it.line() } else { String::new() };
            (it.wanted.class, line)
        })
        .collect();
    key.sort();
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::park::Deadline;
    use crate::watch::lock_order::node::nodes;
    use std::time::Duration;

    struct Bench {
        graph: Graph,
    }

    fn class_of(lock: usize) -> LockClass {
        LockClass(u16::try_from(lock + 1).unwrap().try_into().unwrap())
    }

    impl Bench {
        fn new() -> Self {
            Self {
                graph: Graph::new(),
            }
        }

        /// A thread takes locks one after the other, each of a class of its own by its address.
        fn takes(&mut self, thread: u64, locks: &[usize]) -> Option<usize> {
            self.takes_of(thread, locks, class_of)
        }

        fn takes_of(
            &mut self,
            thread: u64,
            locks: &[usize],
            class: impl Fn(usize) -> LockClass,
        ) -> Option<usize> {
            let mut found = None;
            for (at, &wanted) in locks.iter().enumerate() {
                for &held in &locks[..at] {
                    let mut gates = locks[..at].to_vec();
                    gates.sort_unstable();
                    let gates = Gates::new(&self.graph.gates(&gates).0, held);
                    let new = Use::of(thread, (held, class(held)), (wanted, class(wanted)), gates);
                    let nodes = nodes((held, class(held)), (wanted, class(wanted)));
                    let circle = self.graph.add(nodes.0, nodes.1, Arc::new(new));
                    found = found.or(circle.map(|circle| circle.len()));
                }
            }
            found
        }
    }

    #[test]
    fn two_threads_that_take_two_locks_in_two_orders_are_found_once() {
        let mut bench = Bench::new();
        assert_eq!(bench.takes(1, &[1, 2]), None);
        assert_eq!(bench.takes(2, &[1, 2]), None);
        assert_eq!(bench.takes(2, &[2, 1]), Some(2));
        assert_eq!(bench.takes(3, &[2, 1]), None);
    }

    #[test]
    fn one_thread_does_not_wait_for_itself() {
        let mut bench = Bench::new();
        assert_eq!(bench.takes(1, &[1, 2]), None);
        assert_eq!(bench.takes(1, &[2, 1]), None);
        assert_eq!(bench.takes(2, &[2, 1]), Some(2));
    }

    #[test]
    fn a_common_outer_lock_makes_threads_take_turns() {
        let mut bench = Bench::new();
        assert_eq!(bench.takes(1, &[9, 1, 2]), None);
        assert_eq!(bench.takes(2, &[9, 2, 1]), None);
        // Without it, each alone may meet the other, which holds it.
        assert_eq!(bench.takes(3, &[1, 2]), Some(2));
    }

    #[test]
    fn circles_of_three_and_more_need_as_many_threads() {
        for length in 3..=LONGEST {
            let mut bench = Bench::new();
            let pair = |at: usize| [at + 1, (at + 1) % length + 1];
            for at in 0..length - 1 {
                assert_eq!(bench.takes(at as u64 + 1, &pair(at)), None);
            }
            assert_eq!(bench.takes(1, &pair(length - 1)), None);
            assert_eq!(bench.takes(99, &pair(length - 1)), Some(length));
        }
    }

    #[test]
    fn locks_of_one_class_are_told_apart() {
        let mut bench = Bench::new();
        let same = |_| LockClass::FIRST;
        assert_eq!(bench.takes_of(1, &[1, 2, 3], same), None);
        assert_eq!(bench.takes_of(2, &[1, 3], same), None);
        assert_eq!(bench.takes_of(3, &[3, 1], same), Some(2));
        assert!(matches!(bench.graph.birth(1), Birth::Noticed));
        assert_eq!(bench.takes_of(4, &[2, 1], same), None);
        assert_eq!(bench.takes_of(5, &[3, 2], same), Some(2));
    }

    #[test]
    fn a_use_under_fewer_gates_takes_the_place_of_others() {
        let mut bench = Bench::new();
        for gate in 10..40 {
            assert_eq!(bench.takes(1, &[gate, 1, 2]), None);
        }
        assert_eq!(bench.takes(2, &[10, 2, 1]), Some(2));
    }

    #[test]
    fn a_new_lock_at_the_address_of_a_gate_is_another_gate() {
        let mut bench = Bench::new();
        assert_eq!(bench.takes(1, &[9, 1, 2]), None);
        assert_eq!(bench.takes(2, &[9, 2, 1]), None);
        assert!(matches!(bench.graph.birth(9), Birth::Noticed));
        assert_eq!(bench.takes(2, &[9, 2, 1]), Some(2));
    }

    #[test]
    fn enough_threads_on_an_edge_are_enough() {
        let mut bench = Bench::new();
        for thread in 0..MOST_USES as u64 {
            assert_eq!(bench.takes(thread, &[1, 2]), None);
        }
        let nodes = [1, 2].map(|it| Node::Class(class_of(it)));
        let gates = Gates::new(&bench.graph.gates(&[5]).0, 5);
        assert!(bench.graph.has(nodes[0], nodes[1], 99, &gates));
        assert_eq!(bench.takes(0, &[2, 1]), Some(2));
    }

    #[test]
    fn a_signal_has_no_uses() {
        let mut bench = Bench::new();
        assert_eq!(bench.takes(1, &[1, 2]), None);
        assert!(!bench.graph.forget(1, class_of(7)));
        assert!(bench.graph.forget(1, class_of(1)));
        assert_eq!(bench.takes(2, &[2, 1]), None);
    }

    #[test]
    fn locks_that_are_gone_make_room() {
        let mut bench = Bench::new();
        let same = |_| LockClass::FIRST;
        for lock in 1..=MOST_EDGES {
            assert_eq!(bench.takes_of(1, &[2 * lock, 2 * lock + 1], same), None);
        }
        assert!(bench.graph.is_full() && !bench.graph.make_room());
        bench.graph.bury(2);
        bench.graph.bury(1);
        assert!(bench.graph.make_room() && !bench.graph.is_full());
    }

    #[test]
    fn a_dense_graph_costs_no_more_than_its_bound() {
        let mut bench = Bench::new();
        let soon = Deadline::after(Duration::from_secs(60));
        for thread in 0..8 {
            assert_eq!(bench.takes(thread, &(1..60).collect::<Vec<_>>()), None);
        }
        assert!(!soon.has_passed());
        assert!(bench.graph.edges() <= MOST_EDGES);
    }
}
