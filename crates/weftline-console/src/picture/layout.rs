//! Where the nodes and edges of a graph are in a picture.
//!
//! # Implementation
//!
//! A thread waits for one object, and most objects have one holder. So a part of the graph that
//! hangs together is, as a rule, a tree that leads to its root, or a ring with trees that lead to
//! it. A ring is drawn as one, with its trees outside; other parts are placed in columns, from left
//! to right. These blocks are packed, the rings first.

use super::blocks::{Block, Planner, Sizes};
use super::columns::Bend;
use super::geometry::{Path, Point, Rect, at};
use super::packing;
use super::ring::Label;
use super::route::{Routing, port_route};
use crate::graph::Graph;
use std::collections::HashMap;

/// The width of a picture that stands alone.
const ALONE: f64 = 1080.0;
/// That of one which has other parts of a page beside it.
const BESIDE: f64 = 720.0;

/// A path with its label.
#[derive(Debug, Default)]
pub(crate) struct Route {
    /// The path.
    pub(crate) path: Path,
    /// Where its label goes; `None`: another edge has the same one there.
    pub(crate) label: Option<Label>,
}

/// Where everything is. The upper left corner is the origin.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    /// The nodes.
    pub(crate) boxes: Vec<Rect>,
    /// The edges.
    pub(crate) routes: Vec<Route>,
    /// The middles of the verdicts.
    pub(crate) verdicts: Vec<Point>,
    /// The size of all.
    pub(crate) size: Point,
}

/// Places the nodes and edges.
pub(crate) fn layout(graph: &Graph, sizes: &Sizes) -> Layout {
    let planner = Planner::new(graph, sizes);
    let mut blocks = planner.rings();
    blocks.extend(planner.trees());
    let extents: Vec<Point> = blocks
        .iter()
        .map(
            |Block {
                 corners: (from, to),
                 ..
             }| at(to.x - from.x, to.y - from.y),
        )
        .collect();
    let (places, size) = packing::pack(&extents, if graph.is_live { BESIDE } else { ALONE });
    let mut boxes = vec![Rect::default(); graph.nodes.len()];
    let mut bends: Vec<Vec<Bend>> = vec![Vec::new(); graph.edges.len()];
    let mut verdicts = vec![Point::default(); graph.rings.len()];
    let mut drawn: HashMap<usize, Route> = HashMap::new();
    for (block, place) in blocks.into_iter().zip(places) {
        let by = at(place.x - block.corners.0.x, place.y - block.corners.0.y);
        for (node, centre) in block.nodes {
            boxes[node] = Rect {
                centre: at(centre.x + by.x, centre.y + by.y),
                size: sizes.nodes[node],
            };
        }
        for (edge, mut path, mut label) in block.routes {
            path.shift(by);
            label.at = at(label.at.x + by.x, label.at.y + by.y);
            let label = Some(label);
            drawn.insert(edge, Route { path, label });
        }
        for (edge, own) in block.bends {
            let shift = |(from, to, y): Bend| (from + by.x, to + by.x, y + by.y);
            bends[edge] = own.into_iter().map(shift).collect();
        }
        if let Some((ring, middle)) = block.verdict {
            verdicts[ring] = at(middle.x + by.x, middle.y + by.y);
        }
    }
    let routing = Routing::new(graph, &boxes, &bends, |edge| drawn.contains_key(&edge));
    let routes = (0..graph.edges.len())
        .map(|edge| match drawn.remove(&edge) {
            Some(route) => route,
            None => {
                let (path, label) = port_route(&routing, edge, sizes.labels[edge]);
                Route { path, label }
            }
        })
        .collect();
    Layout {
        boxes,
        routes,
        verdicts,
        size,
    }
}
