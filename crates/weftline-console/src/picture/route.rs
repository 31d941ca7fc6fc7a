//! The paths of edges between boxes that stand in columns.
//!
//! An edge leaves a box at the side that faces its end. It runs straight below its label, then in a
//! curve to the box where it ends. Edges at one side of a box have a port each.

use super::columns::Bend;
use super::geometry::{Path, Point, Rect, at};
use super::ring::{Anchor, Label, Second};
use crate::graph::Graph;
use std::collections::{HashMap, HashSet};

/// The ports of all edges.
pub(crate) struct Routing<'a> {
    ports: HashMap<usize, Ports>,
    bends: &'a [Vec<Bend>],
}

/// Where an edge begins and ends.
#[derive(Clone, Copy, Default)]
struct Ports {
    start: Point,
    end: Point,
    /// Whether it leaves to the right, and whether it comes from the left.
    is_right: (bool, bool),
    /// Whether its label stands below it.
    is_below: bool,
    has_label: bool,
}

/// An end of an edge, at a side of a box.
struct Ending {
    /// The height from which the edge comes, or to which it leads.
    towards: f64,
    edge: usize,
    is_start: bool,
}

/// The most space between two ports.
const BETWEEN_PORTS: f64 = 14.0;
/// The part of a side that has no ports.
const MARGIN: f64 = 26.0;

impl<'a> Routing<'a> {
    /// Gives each edge its ports, but for those that are drawn already.
    pub(crate) fn new(
        graph: &Graph,
        boxes: &[Rect],
        bends: &'a [Vec<Bend>],
        is_drawn: impl Fn(usize) -> bool,
    ) -> Self {
        let mut ports: HashMap<usize, Ports> = HashMap::new();
        let mut sides: HashMap<(usize, bool), Vec<Ending>> = HashMap::new();
        for (index, edge) in graph.edges.iter().enumerate() {
            if is_drawn(index) {
                continue;
            }
            let (from, to) = (boxes[edge.from], boxes[edge.to]);
            let is_right = (to.right() > from.left(), to.left() >= from.right());
            let (first, last) = (bends[index].first(), bends[index].last());
            let towards = first.map_or(to.centre.y, |bend| bend.2);
            let back = last.map_or(from.centre.y, |bend| bend.2);
            let start_side = sides.entry((edge.from, is_right.0)).or_default();
            start_side.push(Ending {
                towards,
                edge: index,
                is_start: true,
            });
            let end_side = sides.entry((edge.to, !is_right.1)).or_default();
            end_side.push(Ending {
                towards: back,
                edge: index,
                is_start: false,
            });
            let own = ports.entry(index).or_default();
            own.is_right = is_right;
        }
        for ((node, is_right), mut endings) in sides {
            endings.sort_by(|a, b| {
                let heights = a.towards.total_cmp(&b.towards);
                heights.then(a.edge.cmp(&b.edge))
            });
            let rect = boxes[node];
            let count = endings.len();
            let steps = count.saturating_sub(1).max(1) as f64;
            let step = BETWEEN_PORTS.min((rect.size.y - MARGIN) / steps);
            let x = if is_right { rect.right() } else { rect.left() };
            let mut labels = HashSet::new();
            let outward = endings.iter().filter(|ending| ending.is_start).count();
            for (at_port, ending) in endings.into_iter().enumerate() {
                let offset = (at_port as f64 - (count - 1) as f64 / 2.0) * step;
                let own = ports.entry(ending.edge).or_default();
                let port = at(x, rect.centre.y + offset);
                if !ending.is_start {
                    own.end = port;
                    continue;
                }
                own.start = port;
                own.is_below = offset > 0.0 && outward == 1;
                own.has_label = labels.insert(&graph.edges[ending.edge].label);
            }
        }
        Self { ports, bends }
    }
}

/// The path of an edge with a label of that width, and the place of the label.
pub(crate) fn port_route(routing: &Routing<'_>, edge: usize, label: f64) -> (Path, Option<Label>) {
    let own = routing.ports[&edge];
    let sign = if own.is_right.0 { 1.0 } else { -1.0 };
    let straight = label + 12.0;
    let mut path = Path::from(own.start).line(at(own.start.x + sign * straight, own.start.y));
    for &(from, to, y) in &routing.bends[edge] {
        path = path.wave(at(from, y)).line(at(to, y));
    }
    if own.is_right.0 == own.is_right.1 {
        path = path.wave(own.end);
    } else {
        // Both boxes stand in one column: around their right side.
        let far = path.end().x.max(own.end.x + 12.0) + 24.0;
        let start = path.end();
        path = path.curve(at(far, start.y), at(far, own.end.y), own.end);
    }
    let below = if own.is_below { 14.0 } else { -6.0 };
    let place = Label {
        at: at(own.start.x + sign * 8.0, own.start.y + below),
        anchor: if own.is_right.0 {
            Anchor::Start
        } else {
            Anchor::End
        },
        second: if own.is_below {
            Second::Below
        } else {
            Second::Across
        },
    };
    (path, own.has_label.then_some(place))
}
