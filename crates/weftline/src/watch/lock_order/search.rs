//! The search for a circle that a further use of an edge closes.
//!
//! A circle of edges counts if there is a use of each edge so that no two of them are of one
//! thread, and no two have a gate in common. One thread does not wait for itself, and threads under
//! a common lock take turns. (Havelund, *Using runtime analysis to guide model checking of Java
//! programs*, 2000, has these two conditions.) And each of them has to wait for the next: one that
//! reads does so only behind a writer (`writers.rs`).

use super::lock_use::{LONGEST, Use};
use super::node::Node;
use super::writers::{Behind, Writers};
use crate::park::LockClass;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Each edge, with some of its uses.
pub(super) type Edges = BTreeMap<(Node, Node), Vec<Arc<Use>>>;

/// The most steps of the searches of one acquisition.
pub(super) const MOST_STEPS: usize = 20_000;

/// Threads that may wait for each other in a circle.
pub(super) struct Circle {
    /// What each did, a new use first. The next one holds what it wants.
    pub(super) uses: Vec<Arc<Use>>,
    /// The writer behind which each waits, where it only reads what the next one reads.
    pub(super) behind: Behind,
}

/// What a search reads.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) edges: &'a Edges,
    pub(super) writers: &'a Writers,
    /// The circles that were returned already.
    pub(super) told: &'a BTreeSet<Key>,
}

/// What tells circles apart: their classes; of locks of one class, also the lines that take them.
pub(super) type Key = Vec<(LockClass, String)>;

pub(super) fn key(circle: &[Arc<Use>]) -> Key {
    let mut key: Key = circle
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

/// A circle that a use of the edge between two nodes closes, and that was not told. Takes its steps
/// from `steps`.
pub(super) fn circle(
    known: Known<'_>,
    (from, to): (Node, Node),
    new: Arc<Use>,
    steps: &mut usize,
) -> Option<Circle> {
    if !reaches(known.edges, to, from) {
        return None;
    }
    let mut search = Search {
        known,
        goal: from,
        left: steps,
        circle: vec![new],
        behind: Vec::new(),
    };
    // Shorter circles first: they are what a reader understands.
    let found = (2..=LONGEST).any(|length| search.closes(to, length - 1));
    found.then_some(Circle {
        uses: search.circle,
        behind: search.behind,
    })
}

/// Whether edges lead from one node to the other, whatever their uses.
fn reaches(edges: &Edges, from: Node, to: Node) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut left = vec![from];
    while let Some(node) = left.pop() {
        if node == to {
            return true;
        }
        left.extend(
            leaving(edges, node)
                .map(|(next, _)| next)
                .filter(|&next| seen.insert(next)),
        );
    }
    false
}

/// The edges that lead from a node, with their uses.
fn leaving(edges: &Edges, from: Node) -> impl Iterator<Item = (Node, &[Arc<Use>])> {
    edges
        .range((from, Node::One(0))..)
        .take_while(move |((node, _), _)| *node == from)
        .map(|(&(_, to), uses)| (to, uses.as_slice()))
}

struct Search<'a> {
    known: Known<'a>,
    goal: Node,
    left: &'a mut usize,
    circle: Vec<Arc<Use>>,
    /// Of the circle, once it is closed.
    behind: Behind,
}

impl Search<'_> {
    /// Whether exactly so many further edges lead from that node to the goal. They stand in the
    /// circle then.
    fn closes(&mut self, from: Node, edges: usize) -> bool {
        for (to, uses) in leaving(self.known.edges, from) {
            if (edges == 1) != (to == self.goal) {
                continue;
            }
            for it in uses {
                let compared = self.circle.len() * it.manner.gates.len();
                *self.left = self.left.saturating_sub(1 + compared / 16);
                if *self.left == 0 {
                    return false;
                }
                if !self.may_go_on(it) {
                    continue;
                }
                self.circle.push(Arc::clone(it));
                let closes = match edges {
                    1 => self.is_closed(),
                    _ => self.closes(to, edges - 1),
                };
                if closes {
                    return true;
                }
                self.circle.pop();
            }
        }
        false
    }

    /// Whether that use may be the next of the circle.
    fn may_go_on(&self, next: &Use) -> bool {
        let last = self.circle.last();
        last.is_none_or(|last| self.known.writers.may_wait(last, next))
            && self
                .circle
                .iter()
                .all(|other| next.manner.may_meet(&other.manner))
    }

    /// Whether each thread of the circle waits for the next one's, the last for the first.
    fn is_closed(&mut self) -> bool {
        if self.known.told.contains(&key(&self.circle)) {
            return false;
        }
        let behind = self.known.writers.behind(&self.circle, self.left);
        let is_closed = behind.is_some();
        self.behind = behind.unwrap_or_default();
        is_closed
    }
}
