//! A graph as a part of a page that goes on: the page has the style, and fills in the durations. So
//! the picture of a process in which nothing changes stays the same.

use super::drawing::{write_graph, write_tips};
use super::geometry::{Figure, at};
use super::layout::layout;
use super::legend::Legend;
use super::measure::{MARGIN, measure};
use crate::graph::Graph;
use std::fmt::{self, Display};

/// A graph as a part of a page.
pub(crate) struct LiveSvg<'a>(pub(crate) &'a Graph);

/// The rules of the style that the page has for it.
pub(crate) const STYLE: &str = include_str!("svg.css");

const LEGEND: f64 = 46.0;

impl Display for LiveSvg<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let graph = self.0;
        let layout = layout(graph, &measure(graph));
        let legend = Legend::of(std::slice::from_ref(graph));
        let x = (layout.size.x.max(legend.width()) + 2.0 * MARGIN).ceil();
        let y = (layout.size.y + 2.0 * MARGIN + LEGEND).ceil();
        writeln!(
            f,
            r#"<svg xmlns="http://www.w3.org/2000/svg" class="weftline" width="{x}" height="{y}" viewBox="0 0 {x} {y}" role="group" aria-label="Which thread waits for what">"#
        )?;
        write_tips(f)?;
        writeln!(f, r#"<g transform="translate({0} {0})">"#, Figure(MARGIN))?;
        write_graph(f, graph, &layout)?;
        writeln!(f, "</g>")?;
        legend.write(f, at(MARGIN, y - LEGEND + 14.0))?;
        writeln!(f, "</svg>")
    }
}
