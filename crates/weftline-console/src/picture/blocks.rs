//! The parts of a graph that hang together, each with places of its own.

use super::columns::{self, Bend, Item, Link, Placement};
use super::geometry::{Path, Point, Rect, at};
use super::ring::{self, Label, Member, Shape, Side};
use crate::graph::{Edge, Graph, Sort};
use std::collections::{HashMap, HashSet, VecDeque};

/// The sizes of what is drawn.
pub(crate) struct Sizes {
    /// Of each node.
    pub(crate) nodes: Vec<Point>,
    /// The width of the label of each edge.
    pub(crate) labels: Vec<f64>,
    /// The width of the verdict of each ring.
    pub(crate) verdicts: Vec<f64>,
}

/// The space between two boxes of a column.
const BETWEEN: f64 = 22.0;
/// The space between columns beside a label.
const BESIDE_LABEL: f64 = 56.0;

/// A part of the graph, with places of its own.
#[derive(Default)]
pub(crate) struct Block {
    /// The centres of its nodes.
    pub(crate) nodes: Vec<(usize, Point)>,
    /// The edges of a ring.
    pub(crate) routes: Vec<(usize, Path, Label)>,
    /// The bends of other edges.
    pub(crate) bends: Vec<(usize, Vec<Bend>)>,
    /// The middle of the verdict of a ring.
    pub(crate) verdict: Option<(usize, Point)>,
    /// The upper left and lower right corner.
    pub(crate) corners: (Point, Point),
}

/// Makes the parts.
pub(crate) struct Planner<'a> {
    graph: &'a Graph,
    sizes: &'a Sizes,
    neighbours: Vec<Vec<usize>>,
    /// For each node that leads to a ring, the node of the ring, and the number of steps.
    owners: HashMap<usize, (usize, usize)>,
    attached: HashMap<usize, Vec<usize>>,
    edges_of: Vec<Vec<usize>>,
}

impl<'a> Planner<'a> {
    /// For a graph with things of these sizes.
    pub(crate) fn new(graph: &'a Graph, sizes: &'a Sizes) -> Self {
        let mut neighbours = vec![Vec::new(); graph.nodes.len()];
        let mut edges_of = vec![Vec::new(); graph.nodes.len()];
        for (at, edge) in graph.edges.iter().enumerate() {
            neighbours[edge.from].push(edge.to);
            neighbours[edge.to].push(edge.from);
            edges_of[edge.from].push(at);
        }
        let mut planner = Self {
            graph,
            sizes,
            neighbours,
            owners: HashMap::new(),
            attached: HashMap::new(),
            edges_of,
        };
        let members = graph.rings.iter().flat_map(|ring| ring.nodes.iter());
        let mut open: VecDeque<usize> = members.copied().collect();
        for &member in &open {
            planner.owners.insert(member, (member, 0));
        }
        while let Some(node) = open.pop_front() {
            let (owner, steps) = planner.owners[&node];
            for at in 0..planner.neighbours[node].len() {
                let next = planner.neighbours[node][at];
                if planner.owners.contains_key(&next) {
                    continue;
                }
                planner.owners.insert(next, (owner, steps + 1));
                planner.attached.entry(owner).or_default().push(next);
                open.push_back(next);
            }
        }
        planner
    }

    fn size(&self, node: usize) -> Point {
        self.sizes.nodes[node]
    }

    /// The edges that begin and end among these nodes, and do not belong to a ring's own.
    fn links(&self, nodes: &[usize]) -> (Vec<usize>, Vec<Link>) {
        let places: HashMap<usize, usize> = nodes.iter().copied().zip(0..).collect();
        let mut edges: Vec<usize> = nodes
            .iter()
            .flat_map(|&node| &self.edges_of[node])
            .copied()
            .filter(|&edge| {
                let edge = &self.graph.edges[edge];
                edge.from != edge.to && places.contains_key(&edge.to)
            })
            .collect();
        edges.sort_unstable();
        let links = edges.iter().map(|&at| Link {
            from: places[&self.graph.edges[at].from],
            to: places[&self.graph.edges[at].to],
            reach: self.sizes.labels[at] + BESIDE_LABEL,
        });
        let links = links.collect();
        (edges, links)
    }

    /// The deadlocks, with all that leads to them.
    pub(crate) fn rings(&self) -> Vec<Block> {
        let rings = self.graph.rings.iter().enumerate();
        rings.map(|(at, ring)| self.ring(at, &ring.nodes)).collect()
    }

    fn ring(&self, index: usize, nodes: &[usize]) -> Block {
        let mut nodes = nodes.to_vec();
        // An object at the top puts threads at the sides, where there is more room.
        let top = nodes
            .iter()
            .position(|&node| self.graph.nodes[node].sort != Sort::Thread);
        nodes.rotate_left(top.unwrap_or(0));
        let count = nodes.len();
        let inside: Vec<usize> = self.ring_edges(&nodes);
        let outer: Vec<(Vec<usize>, Vec<usize>)> = nodes
            .iter()
            .map(|member| {
                let mut all = vec![*member];
                all.extend(self.attached.get(member).into_iter().flatten());
                let edges = self.links(&all).0;
                (all, edges)
            })
            .collect();
        let members: Vec<Member> = outer
            .iter()
            .map(|(all, _)| Member {
                size: self.size(all[0]),
                attached: (all.len() > 1).then(|| self.attachment(all)),
            })
            .collect();
        let labels = inside.iter().map(|&edge| self.sizes.labels[edge]);
        let label = labels.fold(0.0, f64::max);
        let shape = ring::shape(&members, self.sizes.verdicts[index], label + 16.0);
        let mut block = Block {
            verdict: Some((index, shape.middle)),
            corners: (
                at(shape.ends.0, f64::INFINITY),
                at(shape.ends.1, f64::NEG_INFINITY),
            ),
            ..Block::default()
        };
        self.draw_ring(&mut block, &nodes, &shape, &inside);
        for (at_index, (member, (all, edges))) in members.iter().zip(&outer).enumerate() {
            let Some(placement) = &member.attached else {
                continue;
            };
            let anchor = shape.boxes[at_index].centre.y - placement.centres[0].1;
            let to_real = |distance: f64| match ring::outside(at_index, count) {
                Side::Left => shape.ends.0 - distance,
                _ => shape.ends.1 + distance,
            };
            block.take(
                placement,
                &all[1..],
                &placement.centres[1..],
                edges,
                to_real,
                anchor,
            );
        }
        block.include(&self.sizes.nodes);
        block
    }

    /// The edges between nodes of a ring.
    fn ring_edges(&self, nodes: &[usize]) -> Vec<usize> {
        let members: HashSet<usize> = nodes.iter().copied().collect();
        let all = nodes.iter().flat_map(|&node| &self.edges_of[node]).copied();
        all.filter(|&edge| members.contains(&self.graph.edges[edge].to))
            .collect()
    }

    fn draw_ring(&self, block: &mut Block, nodes: &[usize], shape: &Shape, inside: &[usize]) {
        let places: HashMap<usize, usize> = nodes.iter().copied().zip(0..).collect();
        let pair = |edge: &Edge| (places[&edge.from], places[&edge.to]);
        let pairs: HashSet<_> = inside
            .iter()
            .map(|&at| pair(&self.graph.edges[at]))
            .collect();
        for &edge in inside {
            let (from, to) = pair(&self.graph.edges[edge]);
            // Of two in opposite directions the one against the clock is inside.
            let is_inner = pairs.contains(&(to, from)) && (from + 1) % nodes.len() != to;
            let (path, label) = shape.path(from, to, is_inner && nodes.len() > 2);
            for point in path.points().chain([label.at]) {
                block.cover(at(point.x, point.y - 16.0), at(point.x, point.y + 16.0));
            }
            block.routes.push((edge, path, label));
        }
        let centres = shape.boxes.iter().map(|it| it.centre);
        block.nodes.extend(nodes.iter().copied().zip(centres));
    }

    /// What leads to a node of a ring from outside. The node itself comes first.
    fn attachment(&self, all: &[usize]) -> Placement {
        let items: Vec<Item> = all
            .iter()
            .map(|node| {
                let column = self.owners[node].1;
                Item {
                    column,
                    width: if column == 0 { 0.0 } else { self.size(*node).x },
                    height: self.size(*node).y + BETWEEN,
                }
            })
            .collect();
        columns::place(&items, &self.links(all).1)
    }

    /// The other parts.
    pub(crate) fn trees(&self) -> Vec<Block> {
        let mut is_seen = vec![false; self.graph.nodes.len()];
        let mut blocks = Vec::new();
        for root in 0..self.graph.nodes.len() {
            let mut part = Vec::new();
            let mut open = vec![root];
            while let Some(node) = open.pop() {
                if self.owners.contains_key(&node) || std::mem::replace(&mut is_seen[node], true) {
                    continue;
                }
                part.push(node);
                open.extend(&self.neighbours[node]);
            }
            if !part.is_empty() {
                part.sort_unstable();
                blocks.push(self.tree(&part));
            }
        }
        blocks
    }

    fn tree(&self, part: &[usize]) -> Block {
        let (edges, links) = self.links(part);
        let columns = longest_paths(part.len(), &links);
        let items: Vec<Item> = part
            .iter()
            .zip(columns)
            .map(|(&node, column)| Item {
                column,
                width: self.size(node).x,
                height: self.size(node).y + BETWEEN,
            })
            .collect();
        let placement = columns::place(&items, &links);
        let mut block = Block {
            corners: (
                at(f64::INFINITY, f64::INFINITY),
                at(f64::NEG_INFINITY, f64::NEG_INFINITY),
            ),
            ..Block::default()
        };
        let to_real = |distance: f64| placement.depth - distance;
        block.take(&placement, part, &placement.centres, &edges, to_real, 0.0);
        block.include(&self.sizes.nodes);
        block
    }
}

impl Block {
    /// Takes nodes and bends from a placement.
    fn take(
        &mut self,
        placement: &Placement,
        nodes: &[usize],
        centres: &[(f64, f64)],
        edges: &[usize],
        to_real: impl Fn(f64) -> f64,
        down: f64,
    ) {
        for (&node, &(distance, y)) in nodes.iter().zip(centres) {
            self.nodes.push((node, at(to_real(distance), y + down)));
        }
        for (&edge, bends) in edges.iter().zip(&placement.bends) {
            let shift = |&(from, to, y): &Bend| (to_real(from), to_real(to), y + down);
            let bends: Vec<Bend> = bends.iter().map(shift).collect();
            for &(from, to, y) in &bends {
                self.cover(at(from.min(to), y), at(from.max(to), y));
            }
            self.bends.push((edge, bends));
        }
    }

    /// Makes room for all nodes.
    fn include(&mut self, sizes: &[Point]) {
        for at_index in 0..self.nodes.len() {
            let (node, centre) = self.nodes[at_index];
            let rect = Rect {
                centre,
                size: sizes[node],
            };
            self.cover(at(rect.left(), rect.top()), at(rect.right(), rect.bottom()));
        }
    }

    fn cover(&mut self, from: Point, to: Point) {
        let (first, last) = &mut self.corners;
        *first = at(first.x.min(from.x), first.y.min(from.y));
        *last = at(last.x.max(to.x), last.y.max(to.y));
    }
}

/// For each node the length of the longest path on from it. An edge that closes a circle is left
/// out.
fn longest_paths(count: usize, links: &[Link]) -> Vec<usize> {
    let mut next = vec![Vec::new(); count];
    for link in links {
        next[link.from].push(link.to);
    }
    let mut lengths = vec![0; count];
    let (mut is_open, mut is_done) = (vec![false; count], vec![false; count]);
    for root in 0..count {
        let mut path = vec![(root, 0)];
        while let Some(&mut (node, ref mut followed)) = path.last_mut() {
            is_open[node] = true;
            match next[node].get(*followed).filter(|_| !is_done[node]) {
                Some(&target) => {
                    if is_done[target] {
                        lengths[node] = lengths[node].max(lengths[target] + 1);
                        *followed += 1;
                    } else if is_open[target] {
                        *followed += 1;
                    } else {
                        path.push((target, 0));
                    }
                }
                None => {
                    (is_open[node], is_done[node]) = (false, true);
                    path.pop();
                }
            }
        }
    }
    lengths
}
