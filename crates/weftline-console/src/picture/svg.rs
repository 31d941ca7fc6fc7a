//! Graphs as a picture: SVG with its own style, without scripts, fonts or anything from elsewhere.

use super::drawing::{write_graph, write_tips};
use super::geometry::{Figure, at};
use super::layout::{Layout, layout};
use super::legend::Legend;
use super::measure::{HEAD, LINE, MARGIN, SMALL, measure};
use super::text::{Escaped, shorten, write_text};
use super::text_width::{Font, width};
use crate::graph::Graph;
use std::fmt::{self, Display};

/// Graphs as a picture, one below the other.
pub(crate) struct Svg<'a>(pub(crate) &'a [Graph]);

const STYLE: &str = concat!(include_str!("colours.css"), include_str!("svg.css"));

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
    writeln!(f, "<style>\n{STYLE}</style>")?;
    write_tips(f)?;
    writeln!(
        f,
        r#"<rect class="page" x="0.5" y="0.5" width="{}" height="{}" rx="10"/>"#,
        x - 1.0,
        y - 1.0
    )
}
