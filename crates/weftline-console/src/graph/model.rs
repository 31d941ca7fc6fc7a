//! [`Graph`]: the waits of a process as nodes and edges, for every form of picture.
//!
//! A thread has an edge to the object for which it waits, and an object has one to each thread that
//! holds it. A thread that joins another has an edge to that thread. Threads that are alike are one
//! node (`folding.rs`), so the number of nodes is bounded, but for deadlocks: each
//! thread of a deadlock is a node.

/// The waits of a process.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// The process.
    pub(crate) pid: u32,
    /// What there is, in a line.
    pub(crate) summary: String,
    /// What the reader must know of the graph, a line each.
    pub(crate) notes: Vec<String>,
    /// The threads and objects.
    pub(crate) nodes: Vec<Node>,
    /// The waits and holds.
    pub(crate) edges: Vec<Edge>,
    /// The deadlocks.
    pub(crate) rings: Vec<Ring>,
}

/// What a node is, and so its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// A thread or task, or several alike.
    Thread,
    /// An object, or several alike.
    Object,
    /// A queue, or several alike.
    Queue,
}

/// A thread, an object, or several that are alike.
#[derive(Debug)]
pub(crate) struct Node {
    /// What it is.
    pub(crate) sort: Sort,
    /// How many threads or objects it stands for. Zero: a thread that is there no longer.
    pub(crate) count: usize,
    /// Its name, in a line.
    pub(crate) title: String,
    /// The lines below it.
    pub(crate) details: Vec<String>,
    /// All that is known of it, in lines.
    pub(crate) about: String,
    /// The deadlock of which it is a part.
    pub(crate) ring: Option<usize>,
}

/// What an edge says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    /// The first waits for the second.
    Waits,
    /// The second holds the first.
    HeldBy,
}

/// A wait or a hold.
#[derive(Debug)]
pub(crate) struct Edge {
    /// The node where it begins.
    pub(crate) from: usize,
    /// The node where it ends.
    pub(crate) to: usize,
    /// What it says.
    pub(crate) relation: Relation,
    /// The same in a few words.
    pub(crate) label: String,
    /// When the wait times out, in a few words.
    pub(crate) timeout: Option<String>,
    /// The same as a sentence.
    pub(crate) about: String,
    /// The deadlock of which it is a part.
    pub(crate) ring: Option<usize>,
}

/// A deadlock.
#[derive(Debug)]
pub(crate) struct Ring {
    /// Its nodes in the direction of its edges, each once.
    pub(crate) nodes: Vec<usize>,
    /// How sure it is, in two or three words.
    pub(crate) title: String,
    /// What it means.
    pub(crate) details: Vec<String>,
}
