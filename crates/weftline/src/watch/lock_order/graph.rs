//! [`Graph`]: which locks were taken while which others were held, and the circles in that.
//!
//! # Implementation
//!
//! A node is a class of locks; where one lock of a class is taken under another one of the same
//! class, both are nodes of their own. An edge leads from a lock that was held to the one that was
//! taken then. It keeps a few *uses*: by which thread, and which further locks it held (*gates*).
//!
//! **A circle of edges counts** if there is a use of each edge so that no two of them are of one
//! thread, and no two have a gate in common. One thread does not wait for itself, and threads under
//! a common lock take turns. (Havelund, *Using runtime analysis to guide model checking of Java
//! programs*, 2000, has these two conditions.)
//!
//! Edges outlive locks. A new lock at the address of an old one takes the edges of that node away.

use super::inversion::Use;
use crate::park::LockClass;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A class, or one lock of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Node {
    /// By its address.
    One(usize),
    Class(LockClass),
}

/// The most edges that are kept. Programs have some hundreds.
const MOST_EDGES: usize = 16_384;
/// The most uses of an edge that are kept.
const MOST_USES: usize = 6;
/// The longest circle that is looked for.
const LONGEST: usize = 8;
/// The most steps of one search.
const MOST_STEPS: usize = 20_000;

/// What is known of the order.
pub(super) struct Graph {
    edges: BTreeMap<(Node, Node), Vec<Arc<Use>>>,
    /// The circles that were returned already.
    told: BTreeSet<Vec<(LockClass, String)>>,
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
        }
    }

    /// Adds a use of the edge between two nodes. Returns the uses that make a circle with it, this
    /// one first, if there is one that has not been returned before.
    pub(super) fn add(&mut self, from: Node, to: Node, new: Arc<Use>) -> Option<Vec<Arc<Use>>> {
        if self.edges.len() >= MOST_EDGES && !self.edges.contains_key(&(from, to)) {
            return None;
        }
        let uses = self.edges.entry((from, to)).or_default();
        match place(uses, &new) {
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
        let mut search = Search {
            edges: &self.edges,
            goal: from,
            left: MOST_STEPS,
            circle: vec![new],
        };
        // Shorter circles first: they are what a reader understands.
        let found = (2..=LONGEST).any(|length| search.closes(to, length - 1));
        if !found {
            return None;
        }
        let circle = search.circle;
        self.told.insert(key(&circle)).then_some(circle)
    }

    /// Forgets the lock that was at that address. Returns whether it was a node.
    pub(super) fn forget(&mut self, address: usize) -> bool {
        // Most programs take no two locks of one class.
        if !self
            .edges
            .keys()
            .next()
            .is_some_and(|(from, _)| matches!(from, Node::One(_)))
        {
            return false;
        }
        let before = self.edges.len();
        let gone = Node::One(address);
        self.edges
            .retain(|&(from, to), _| from != gone && to != gone);
        self.edges.len() != before
    }

    #[cfg(test)]
    fn edges(&self) -> usize {
        self.edges.len()
    }
}

/// Where a use belongs among those of its edge. A use under fewer gates makes more circles.
fn place(uses: &[Arc<Use>], new: &Use) -> Place {
    let of_thread = |known: &&Arc<Use>| known.thread == new.thread;
    let is_within = |inner: &[usize], outer: &[usize]| inner.iter().all(|it| outer.contains(it));
    if uses
        .iter()
        .filter(of_thread)
        .any(|known| is_within(&known.gates, &new.gates))
    {
        return Place::Known;
    }
    let wider =
        |known: &Arc<Use>| known.thread == new.thread && is_within(&new.gates, &known.gates);
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

struct Search<'a> {
    edges: &'a BTreeMap<(Node, Node), Vec<Arc<Use>>>,
    goal: Node,
    left: usize,
    circle: Vec<Arc<Use>>,
}

impl Search<'_> {
    /// Whether exactly so many further edges lead from that node to the goal. They stand in the
    /// circle then.
    fn closes(&mut self, from: Node, edges: usize) -> bool {
        let lowest = (from, Node::One(0));
        let leaving = self
            .edges
            .range(lowest..)
            .take_while(|((node, _), _)| *node == from);
        for (&(_, to), uses) in leaving {
            if (edges == 1) != (to == self.goal) {
                continue;
            }
            for it in uses {
                self.left = self.left.saturating_sub(1);
                if self.left == 0 {
                    return false;
                }
                if self.circle.iter().any(|other| !it.may_meet(other)) {
                    continue;
                }
                self.circle.push(Arc::clone(it));
                if edges == 1 || self.closes(to, edges - 1) {
                    return true;
                }
                self.circle.pop();
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::park::Deadline;
    use std::time::Duration;

    struct Bench {
        graph: Graph,
    }

    impl Bench {
        fn new() -> Self {
            Self {
                graph: Graph::new(),
            }
        }

        /// A thread takes locks one after the other, each of a class of its own by its address.
        fn takes(&mut self, thread: u64, locks: &[usize]) -> Option<usize> {
            self.takes_of(thread, locks, |lock| {
                LockClass(u16::try_from(lock + 1).unwrap().try_into().unwrap())
            })
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
                    let gates = locks[..at]
                        .iter()
                        .copied()
                        .filter(|&it| it != held)
                        .collect();
                    let new = Use::of(thread, (held, class(held)), (wanted, class(wanted)), gates);
                    let nodes = super::super::nodes(&new.held, &new.wanted);
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
        assert!(bench.graph.forget(1) && !bench.graph.forget(1));
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
