//! How large the boxes and labels of a graph are.

use super::blocks::Sizes;
use super::geometry::at;
use super::text_width::{Font, width};
use crate::graph::{Edge, Graph, Label, Node, Ring, Sort};

/// The size of a heading's letters, as in the style.
pub(crate) const HEAD: f64 = 14.0;
/// That of a name's.
pub(crate) const NAME: f64 = 13.0;
/// That of other lines.
pub(crate) const SMALL: f64 = 12.0;
/// That of a verdict's title.
const VERDICT: f64 = 22.0;
/// That of its other lines.
const VERDICT_LINE: f64 = 12.0;
/// The space within a box beside its text.
pub(crate) const PADDING: f64 = 14.0;
/// The widest text in a box.
pub(crate) const WIDEST_TEXT: f64 = 208.0;
/// The least width of a box.
const NARROWEST: f64 = 132.0;
/// The height of a line of details.
pub(crate) const LINE: f64 = 16.0;
/// The space around all.
pub(crate) const MARGIN: f64 = 28.0;

/// A label with the widest duration that it may have.
fn widest_text(label: &Label, is_live: bool) -> String {
    match label.time {
        Some(_) if is_live => format!("{}59 min 59 s{}", label.before, label.after),
        _ => label.to_string(),
    }
}

/// The sizes of what a graph has.
pub(crate) fn measure(graph: &Graph) -> Sizes {
    let text = |node: &Node| {
        let details = node
            .details
            .iter()
            .map(|line| width(line, Font::Mono) * SMALL);
        let name = width(&node.title, Font::Bold) * NAME;
        details.fold(name, f64::max).min(WIDEST_TEXT)
    };
    // Boxes of a kind are equally wide.
    let widest = |is_thread: bool| {
        let nodes = graph.nodes.iter();
        let nodes = nodes.filter(|node| (node.sort == Sort::Thread) == is_thread);
        (nodes.map(text).fold(0.0, f64::max) + 2.0 * PADDING).max(NARROWEST)
    };
    let (threads, objects) = (widest(true), widest(false));
    let size = |node: &Node| {
        let extra = if node.sort == Sort::Queue { 12.0 } else { 0.0 };
        at(
            if node.sort == Sort::Thread {
                threads
            } else {
                objects + extra
            },
            36.0 + LINE * node.details.len() as f64,
        )
    };
    let label = |edge: &Edge| {
        let texts = [Some(&edge.label), edge.timeout.as_ref()];
        let texts = texts.into_iter().flatten();
        texts
            .map(|label| width(&widest_text(label, graph.is_live), Font::Regular) * SMALL)
            .fold(0.0, f64::max)
    };
    let verdict = |ring: &Ring| {
        let lines = ring
            .details
            .iter()
            .map(|line| width(line, Font::Regular) * VERDICT_LINE);
        lines.fold(width(&ring.title, Font::Bold) * VERDICT, f64::max)
    };
    Sizes {
        nodes: graph.nodes.iter().map(size).collect(),
        labels: graph.edges.iter().map(label).collect(),
        verdicts: graph.rings.iter().map(verdict).collect(),
    }
}
