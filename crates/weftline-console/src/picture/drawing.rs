//! The nodes and edges of a graph, where the layout has them.

use super::geometry::{Figure, Point, Rect, at};
use super::layout::{Layout, Route};
use super::measure::{LINE, NAME, PADDING, SMALL, WIDEST_TEXT};
use super::ring::{Anchor, Second};
use super::shapes::write_shape;
use super::text::{Escaped, shorten, write_text};
use super::text_width::Font;
use crate::graph::{Edge, Graph, Label, Node, Relation, Sort};
use std::fmt;

/// The tips of arrows.
pub(super) fn write_tips(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(f, "<defs>")?;
    for (name, class, length) in [("tip", "tip", 9.0), ("alarm-tip", "alarm tip", 13.0)] {
        let half = length / 2.0;
        writeln!(
            f,
            r#"<marker id="weftline-{name}" orient="auto" markerUnits="userSpaceOnUse" markerWidth="{length}" markerHeight="{length}" refX="{refx}" refY="{half}"><path class="{class}" d="M0 0L{length} {half}L0 {length}Z"/></marker>"#,
            refx = length - 1.0,
        )?;
    }
    writeln!(f, "</defs>")
}

/// Draws a graph.
pub(super) fn write_graph(
    f: &mut fmt::Formatter<'_>,
    graph: &Graph,
    layout: &Layout,
) -> fmt::Result {
    // Those of deadlocks lie on top.
    let mut order: Vec<usize> = (0..graph.edges.len()).collect();
    order.sort_by_key(|&at| graph.edges[at].ring.is_some());
    // Of those that end at a node of several, the tip would lie behind the ones below it.
    let is_over = |edge: &Edge| edge.ring.is_some() && graph.nodes[edge.to].count > 1;
    for &edge in order.iter().filter(|&&at| !is_over(&graph.edges[at])) {
        write_edge(f, graph, &graph.edges[edge], &layout.routes[edge])?;
    }
    for (index, (node, rect)) in graph.nodes.iter().zip(&layout.boxes).enumerate() {
        match graph.is_live {
            true => open_live_node(f, index, node)?,
            false => open_node(f, node)?,
        }
        write_node(f, node, rect)?;
    }
    for &edge in order.iter().filter(|&&at| is_over(&graph.edges[at])) {
        write_edge(f, graph, &graph.edges[edge], &layout.routes[edge])?;
    }
    for (edge, route) in graph.edges.iter().zip(&layout.routes) {
        write_label(f, graph, edge, route)?;
    }
    for (ring, &middle) in graph.rings.iter().zip(&layout.verdicts) {
        let lines = ring.details.iter().filter(|line| !line.is_empty());
        let mut y = middle.y - 8.0;
        write_text(f, "verdict", at(middle.x, y), "middle", &ring.title)?;
        y += 22.0;
        for line in lines {
            write_text(f, "verdict-line", at(middle.x, y), "middle", line)?;
            y += LINE;
        }
    }
    Ok(())
}

fn write_edge(
    f: &mut fmt::Formatter<'_>,
    graph: &Graph,
    edge: &Edge,
    route: &Route,
) -> fmt::Result {
    let held = match edge.relation {
        Relation::Waits => "",
        Relation::HeldBy => " held",
    };
    let (alarm, tip) = match edge.ring {
        Some(_) => ("alarm ", "alarm-tip"),
        None => ("", "tip"),
    };
    write!(
        f,
        r#"<path class="{alarm}edge{held}" data-from="{}" data-to="{}" marker-end="url(#weftline-{tip})" d="{}""#,
        edge.from, edge.to, route.path
    )?;
    if graph.is_live {
        return writeln!(f, "/>");
    }
    let about = Escaped(&edge.about);
    writeln!(
        f,
        r#" role="graphics-symbol img" aria-label="{about}"><title>{about}</title></path>"#
    )
}

fn write_label(
    f: &mut fmt::Formatter<'_>,
    graph: &Graph,
    edge: &Edge,
    route: &Route,
) -> fmt::Result {
    let Some(label) = route.label else {
        return Ok(());
    };
    let anchor = match label.anchor {
        Anchor::Start => "start",
        Anchor::Middle => "middle",
        Anchor::End => "end",
    };
    let class = match edge.relation {
        Relation::Waits => "label",
        Relation::HeldBy => "label quiet",
    };
    let write = |f: &mut _, class, place, label: &Label, is_left| match label.time {
        Some(_) if graph.is_live => {
            write_live_label(f, class, place, anchor, label, (edge.from, is_left))
        }
        _ => write_text(f, class, place, anchor, &label.to_string()),
    };
    let Some(timeout) = &edge.timeout else {
        return write(f, class, label.at, &edge.label, false);
    };
    let (up, down) = match label.second {
        Second::Below => (0.0, 14.0),
        Second::Instead => (14.0, 0.0),
        Second::Across => (0.0, 19.0),
    };
    let Point { x, y } = label.at;
    write(f, class, at(x, y - up), &edge.label, false)?;
    write(f, "label quiet", at(x, y + down), timeout, true)
}

fn open_node(f: &mut fmt::Formatter<'_>, node: &Node) -> fmt::Result {
    let about = Escaped(&node.about);
    writeln!(
        f,
        r#"<g class="node" role="graphics-symbol img" aria-label="{about}" data-count="{}"><title>{about}</title>"#,
        node.count
    )
}

fn write_node(f: &mut fmt::Formatter<'_>, node: &Node, rect: &Rect) -> fmt::Result {
    write_shape(f, node, rect)?;
    let inset = if node.sort == Sort::Queue { 6.0 } else { 0.0 };
    let (x, room) = (rect.left() + PADDING + inset, WIDEST_TEXT);
    let name = shorten(&node.title, Font::Bold, NAME, room);
    let mut y = rect.top() + 23.0;
    write_text(f, "name", at(x, y), "start", &name)?;
    for detail in &node.details {
        y += LINE;
        write_text(
            f,
            "mono",
            at(x, y),
            "start",
            &shorten(detail, Font::Mono, SMALL, room),
        )?;
    }
    writeln!(f, "</g>")
}

/// A node of a page that goes on: no text of it has a duration. The page adds what is known of its
/// threads.
fn open_live_node(f: &mut fmt::Formatter<'_>, index: usize, node: &Node) -> fmt::Result {
    let mut about = node.title.clone();
    for detail in &node.details {
        about = about + ", " + detail;
    }
    if node.ring.is_some() {
        about += ", in a deadlock";
    }
    let about = Escaped(&about);
    writeln!(
        f,
        r#"<g class="node" role="button" aria-label="{about}" data-node="{index}"><title>{about}</title>"#
    )
}

/// A label whose duration the page fills in: that of the waits of a node's threads so far, or that
/// which is left.
fn write_live_label(
    f: &mut fmt::Formatter<'_>,
    class: &str,
    place: Point,
    anchor: &str,
    label: &Label,
    (node, is_left): (usize, bool),
) -> fmt::Result {
    writeln!(
        f,
        r#"<text class="{class}" x="{}" y="{}" text-anchor="{anchor}">{}<tspan data-{}="{node}"></tspan>{}</text>"#,
        Figure(place.x),
        Figure(place.y),
        Escaped(&label.before),
        if is_left { "left" } else { "waited" },
        Escaped(label.after),
    )
}
