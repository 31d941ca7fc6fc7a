//! Graphs as a picture, with a layout of its own.
//!
//! | file | what it holds |
//! |---|---|
//! | `svg.rs`, `svg.css`, `colours.css` | [`Svg`]: graphs as SVG |
//! | `live_svg.rs` | [`LiveSvg`]: a graph as a part of a page that goes on |
//! | `drawing.rs` | the nodes and edges in both |
//! | `legend.rs`, `shapes.rs`, `text.rs` | the legend, the shapes of nodes, and texts in it |
//! | `measure.rs` | how large boxes and labels are |
//! | `text_width.rs` | how wide a text is |
//! | `layout.rs` | where nodes and edges are |
//! | `blocks.rs` | the parts of a graph, each with places of its own |
//! | `ring.rs` | a deadlock as a ring |
//! | `columns.rs` | boxes in columns |
//! | `route.rs` | the paths of edges between columns |
//! | `packing.rs` | parts side by side and below each other |
//! | `geometry.rs` | points, boxes and paths |

mod blocks;
mod columns;
mod drawing;
mod geometry;
mod layout;
mod legend;
mod live_svg;
mod measure;
mod packing;
mod ring;
mod route;
mod shapes;
mod svg;
#[cfg(test)]
mod tests;
mod text;
mod text_width;

pub(crate) use live_svg::{LiveSvg, STYLE};
pub(crate) use svg::Svg;
