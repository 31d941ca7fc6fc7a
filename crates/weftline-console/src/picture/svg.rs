//! Graphs as a picture: SVG with its own style, without scripts, fonts or anything from elsewhere.

use super::geometry::{Figure, Point, Rect, at};
use super::layout::{Layout, Route, layout};
use super::legend::Legend;
use super::measure::{HEAD, LINE, MARGIN, NAME, PADDING, SMALL, WIDEST_TEXT, measure};
use super::ring::{Anchor, Second};
use super::shapes::write_shape;
use super::text::{Escaped, shorten, write_text};
use super::text_width::{Font, width};
use crate::graph::{Edge, Graph, Node, Relation, Sort};
use std::fmt::{self, Display};

/// Graphs as a picture, one below the other.
pub(crate) struct Svg<'a>(pub(crate) &'a [Graph]);

const STYLE: &str = include_str!("svg.css");

/// The height of a panel's heading.
const HEADING: f64 = 46.0;
const LEGEND: f64 = 46.0;
/// The widest text of a note.
const NOTE: f64 = 640.0;

impl Display for Svg<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layouts: Vec<Layout> = self
            .0
            .iter()
            .map(|graph| layout(graph, &measure(graph)))
            .collect();
        let heading = |graph: &Graph| HEADING + graph.notes.len() as f64 * LINE;
        let texts = self.0.iter().flat_map(|graph| {
            let notes = graph
                .notes
                .iter()
                .map(|note| width(note, Font::Regular) * SMALL);
            notes.chain([width(&graph.summary, Font::Bold) * HEAD])
        });
        let text = texts.fold(0.0, f64::max).min(NOTE);
        let legend = Legend::of(self.0);
        let content = layouts.iter().map(|layout| layout.size.x);
        let content = content.fold(text.max(legend.width()), f64::max).ceil();
        let size_x = content + 2.0 * MARGIN;
        let panels = self.0.iter().zip(&layouts);
        let heights: Vec<f64> = panels
            .map(|(graph, layout)| MARGIN + heading(graph) + layout.size.y + MARGIN)
            .collect();
        let size_y = (heights.iter().sum::<f64>() + LEGEND)
            .max(MARGIN + LEGEND)
            .ceil();
        write_head(f, self.0, size_x, size_y)?;
        let mut top = 0.0;
        for (at_panel, (graph, layout)) in self.0.iter().zip(&layouts).enumerate() {
            if at_panel > 0 {
                writeln!(
                    f,
                    r#"<path class="panel" d="M0 {0}H{size_x}"/>"#,
                    Figure(top)
                )?;
            }
            writeln!(
                f,
                r#"<g role="group" aria-label="{}" transform="translate({} {})">"#,
                Escaped(&graph.summary),
                Figure(MARGIN),
                Figure(top + MARGIN),
            )?;
            write_text(
                f,
                "head",
                at(0.0, 12.0),
                "start",
                &shorten(&graph.summary, Font::Bold, HEAD, content),
            )?;
            for (line, note) in graph.notes.iter().enumerate() {
                let y = 32.0 + LINE * line as f64;
                write_text(
                    f,
                    "note",
                    at(0.0, y),
                    "start",
                    &shorten(note, Font::Regular, SMALL, content),
                )?;
            }
            writeln!(
                f,
                r#"<g transform="translate(0 {})">"#,
                Figure(heading(graph))
            )?;
            write_graph(f, graph, layout)?;
            writeln!(f, "</g>\n</g>")?;
            top += heights[at_panel];
        }
        legend.write(f, at(MARGIN, size_y - LEGEND + 14.0))?;
        writeln!(f, "</svg>")
    }
}

fn write_head(f: &mut fmt::Formatter<'_>, graphs: &[Graph], x: f64, y: f64) -> fmt::Result {
    let summaries: Vec<&str> = graphs.iter().map(|graph| graph.summary.as_str()).collect();
    let summary = match summaries.is_empty() {
        true => "no process".to_owned(),
        false => summaries.join("; "),
    };
    writeln!(
        f,
        r#"<svg xmlns="http://www.w3.org/2000/svg" class="weftline" width="{x}" height="{y}" viewBox="0 0 {x} {y}" role="graphics-document document" aria-label="{}">"#,
        Escaped(&format!("Which thread waits for what: {summary}")),
    )?;
    writeln!(
        f,
        "<title>Which thread waits for what: {}</title>",
        Escaped(&summary)
    )?;
    writeln!(f, "<style>\n{STYLE}</style>\n<defs>")?;
    for (name, class, length) in [("tip", "tip", 9.0), ("alarm-tip", "alarm tip", 13.0)] {
        let half = length / 2.0;
        writeln!(
            f,
            r#"<marker id="weftline-{name}" orient="auto" markerUnits="userSpaceOnUse" markerWidth="{length}" markerHeight="{length}" refX="{refx}" refY="{half}"><path class="{class}" d="M0 0L{length} {half}L0 {length}Z"/></marker>"#,
            refx = length - 1.0,
        )?;
    }
    writeln!(f, "</defs>")?;
    writeln!(
        f,
        r#"<rect class="page" x="0.5" y="0.5" width="{}" height="{}" rx="10"/>"#,
        x - 1.0,
        y - 1.0
    )
}

fn write_graph(f: &mut fmt::Formatter<'_>, graph: &Graph, layout: &Layout) -> fmt::Result {
    // Those of deadlocks lie on top.
    let mut order: Vec<usize> = (0..graph.edges.len()).collect();
    order.sort_by_key(|&at| graph.edges[at].ring.is_some());
    for &edge in &order {
        write_edge(f, &graph.edges[edge], &layout.routes[edge])?;
    }
    for (node, rect) in graph.nodes.iter().zip(&layout.boxes) {
        write_node(f, node, rect)?;
    }
    for (edge, route) in graph.edges.iter().zip(&layout.routes) {
        write_label(f, edge, route)?;
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

fn write_edge(f: &mut fmt::Formatter<'_>, edge: &Edge, route: &Route) -> fmt::Result {
    let held = match edge.relation {
        Relation::Waits => "",
        Relation::HeldBy => " held",
    };
    let (alarm, tip) = match edge.ring {
        Some(_) => ("alarm ", "alarm-tip"),
        None => ("", "tip"),
    };
    let about = Escaped(&edge.about);
    writeln!(
        f,
        r#"<path class="{alarm}edge{held}" role="graphics-symbol img" aria-label="{about}" data-from="{}" data-to="{}" marker-end="url(#weftline-{tip})" d="{}"><title>{about}</title></path>"#,
        edge.from, edge.to, route.path
    )
}

fn write_label(f: &mut fmt::Formatter<'_>, edge: &Edge, route: &Route) -> fmt::Result {
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
    let Some(timeout) = &edge.timeout else {
        return write_text(f, class, label.at, anchor, &edge.label);
    };
    let (up, down) = match label.second {
        Second::Below => (0.0, 14.0),
        Second::Instead => (14.0, 0.0),
        Second::Across => (0.0, 19.0),
    };
    let Point { x, y } = label.at;
    write_text(f, class, at(x, y - up), anchor, &edge.label)?;
    write_text(f, "label quiet", at(x, y + down), anchor, timeout)
}

fn write_node(f: &mut fmt::Formatter<'_>, node: &Node, rect: &Rect) -> fmt::Result {
    let about = Escaped(&node.about);
    writeln!(
        f,
        r#"<g class="node" role="graphics-symbol img" aria-label="{about}" data-count="{}"><title>{about}</title>"#,
        node.count
    )?;
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
