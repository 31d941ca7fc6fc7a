//! What the shapes and lines of a picture mean.

use super::geometry::{Figure, Path, Point, Rect, at};
use super::measure::SMALL;
use super::text::write_text;
use super::text_width::{Font, width};
use crate::graph::{Graph, Relation, Sort};
use std::fmt;

/// What the shapes and lines mean, as far as they are there.
pub(crate) struct Legend(Vec<(Sample, &'static str)>);

#[derive(Clone, Copy)]
enum Sample {
    Box(Sort),
    Line(Relation),
}

const SAMPLE: f64 = 30.0;

impl Legend {
    /// The legend of graphs.
    pub(crate) fn of(graphs: &[Graph]) -> Self {
        let nodes = || graphs.iter().flat_map(|graph| &graph.nodes);
        let edges = || graphs.iter().flat_map(|graph| &graph.edges);
        let boxes = [
            (Sort::Thread, "thread"),
            (Sort::Object, "object"),
            (Sort::Queue, "queue"),
        ];
        let boxes = boxes
            .into_iter()
            .filter(|(sort, _)| nodes().any(|node| node.sort == *sort))
            .map(|(sort, text)| (Sample::Box(sort), text));
        let lines = [
            (Relation::Waits, "waits for"),
            (Relation::HeldBy, "is held by"),
        ];
        let lines = lines
            .into_iter()
            .filter(|(relation, _)| edges().any(|edge| edge.relation == *relation))
            .map(|(relation, text)| (Sample::Line(relation), text));
        Self(boxes.chain(lines).collect())
    }

    fn step(text: &str) -> f64 {
        SAMPLE + 8.0 + width(text, Font::Regular) * SMALL + 22.0
    }

    /// Its width.
    pub(crate) fn width(&self) -> f64 {
        self.0.iter().map(|(_, text)| Self::step(text)).sum()
    }

    /// Draws it, from this place to the right.
    pub(crate) fn write(&self, f: &mut fmt::Formatter<'_>, place: Point) -> fmt::Result {
        writeln!(f, r#"<g class="legend" aria-hidden="true">"#)?;
        let mut x = place.x;
        for &(sample, text) in &self.0 {
            let rect = Rect {
                centre: at(x + SAMPLE / 2.0, place.y),
                size: at(SAMPLE, 18.0),
            };
            match sample {
                Sample::Box(sort) => {
                    let class = if sort == Sort::Thread {
                        "thread"
                    } else {
                        "object"
                    };
                    let outline = match sort {
                        Sort::Thread => format!(
                            "M{0} {1}h18a6 6 0 0 1 6 6v6a6 6 0 0 1 -6 6h-18a6 6 0 0 1 -6 -6v-6a6 6 0 0 1 6 -6Z",
                            Figure(rect.left() + 6.0),
                            Figure(rect.top())
                        ),
                        Sort::Object => format!(
                            "M{0} {1}h20l5 5v8l-5 5h-20l-5 -5v-8Z",
                            Figure(rect.left() + 5.0),
                            Figure(rect.top())
                        ),
                        Sort::Queue => format!(
                            "M{0} {1}h20a5 9 0 0 1 0 18h-20a5 9 0 0 1 0 -18Zm20 0a5 9 0 0 0 0 18",
                            Figure(rect.left() + 5.0),
                            Figure(rect.top())
                        ),
                    };
                    writeln!(f, r#"<path class="{class}" d="{outline}"/>"#)?;
                }
                Sample::Line(relation) => {
                    let held = if relation == Relation::HeldBy {
                        " held"
                    } else {
                        ""
                    };
                    let path = Path::from(at(x, place.y)).line(at(x + SAMPLE, place.y));
                    writeln!(
                        f,
                        r#"<path class="edge{held}" marker-end="url(#weftline-tip)" d="{path}"/>"#
                    )?;
                }
            }
            write_text(
                f,
                "note",
                at(x + SAMPLE + 8.0, place.y + 4.0),
                "start",
                text,
            )?;
            x += Self::step(text);
        }
        writeln!(f, "</g>")
    }
}
