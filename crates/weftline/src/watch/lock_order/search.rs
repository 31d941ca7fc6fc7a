//! The search for a circle that a further use of an edge closes.
//!
//! A circle of edges counts if there is a use of each edge so that no two of them are of one
//! thread, and no two have a gate in common. One thread does not wait for itself, and threads under
//! a common lock take turns. (Havelund, *Using runtime analysis to guide model checking of Java
//! programs*, 2000, has these two conditions.)

use super::inversion::Use;
use super::node::Node;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Each edge, with some of its uses.
pub(super) type Edges = BTreeMap<(Node, Node), Vec<Arc<Use>>>;

/// The longest circle that is looked for.
pub(super) const LONGEST: usize = 8;
/// The most steps of one search.
const MOST_STEPS: usize = 20_000;

/// The uses that make a circle with a new use of the edge between two nodes, that one first.
pub(super) fn circle(edges: &Edges, from: Node, to: Node, new: Arc<Use>) -> Option<Vec<Arc<Use>>> {
    let mut search = Search {
        edges,
        goal: from,
        left: MOST_STEPS,
        circle: vec![new],
    };
    // Shorter circles first: they are what a reader understands.
    let found = (2..=LONGEST).any(|length| search.closes(to, length - 1));
    found.then_some(search.circle)
}

struct Search<'a> {
    edges: &'a Edges,
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
                self.left = self.left.saturating_sub(1 + it.gates.len() / 16);
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
