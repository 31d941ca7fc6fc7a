//! The waits of a process as nodes and edges, for every form of picture.
//!
//! | file | what it holds |
//! |---|---|
//! | `model.rs` | [`Graph`]: nodes, edges and deadlocks |
//! | `builder.rs` | a snapshot as such a graph |
//! | `folding.rs` | which threads are alike enough to be one node |
//! | `words.rs` | what nodes are called, and what is said of them |

mod builder;
mod folding;
mod model;
#[cfg(test)]
mod tests;
pub(crate) mod words;

pub(crate) use builder::{graph_of, live_graph_of};
pub(crate) use folding::place_of;
pub(crate) use model::{Edge, Graph, Identity, Label, Node, Relation, Ring, Sort};
pub(crate) use words::queue_title;
