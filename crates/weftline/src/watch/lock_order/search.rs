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
use std::collections::BTreeMap;
use std::sync::Arc;

/// Each edge, with some of its uses.
pub(super) type Edges = BTreeMap<(Node, Node), Vec<Arc<Use>>>;

/// The most steps of one search.
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
}

/// The circle that a use of the edge between two nodes closes. Takes its steps from `steps`.
pub(super) fn circle(
    known: Known<'_>,
    (from, to): (Node, Node),
    new: Arc<Use>,
    steps: &mut usize,
) -> Option<Circle> {
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
        let lowest = (from, Node::One(0));
        let leaving = self
            .known
            .edges
            .range(lowest..)
            .take_while(|((node, _), _)| *node == from);
        for (&(_, to), uses) in leaving {
            if (edges == 1) != (to == self.goal) {
                continue;
            }
            for it in uses {
                *self.left = self.left.saturating_sub(1 + it.manner.gates.len() / 16);
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
        let behind = self.known.writers.behind(&self.circle, self.left);
        let is_closed = behind.is_some();
        self.behind = behind.unwrap_or_default();
        is_closed
    }
}
