//! [`Graph`]: the waits of a process as nodes and edges, for every form of picture.
//!
//! A thread has an edge to the object for which it waits, and an object has one to each thread that
//! holds it. A thread that joins another has an edge to that thread. Threads that are alike are one
//! node (`folding.rs`), so the number of nodes is bounded, but for deadlocks: each
//! thread of a deadlock is a node.

use std::fmt::{self, Display};
use std::time::Duration;
use weftline::watch::{Party, Span};

/// The waits of a process.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// Whether the picture is of a process that goes on: no text but the labels has a duration, and
    /// nodes keep their order from one graph to the next.
    pub(crate) is_live: bool,
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
    /// Its threads.
    pub(crate) parties: Vec<Identity>,
}

/// A thread of a snapshot: its number, and its `pthread_self` if the library does not know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Identity(u64, u64);

impl Identity {
    /// That of a thread.
    pub(crate) fn of(party: &Party) -> Self {
        match party.number {
            0 => Self(0, party.os_ident),
            number => Self::of_number(number),
        }
    }

    /// That of the thread of this number.
    pub(crate) fn of_number(number: u64) -> Self {
        Self(number, 0)
    }
}

impl Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self(0, ident) => write!(f, "i{ident}"),
            Self(number, _) => write!(f, "{number}"),
        }
    }
}

/// A few words, perhaps with a duration among them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Label {
    /// The words before the duration.
    pub(crate) before: String,
    /// The duration.
    pub(crate) time: Option<Duration>,
    /// The words after it.
    pub(crate) after: &'static str,
}

impl Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.before)?;
        if let Some(time) = self.time {
            write!(f, "{}", Span(time))?;
        }
        f.write_str(self.after)
    }
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
    pub(crate) label: Label,
    /// When the wait times out, in a few words.
    pub(crate) timeout: Option<Label>,
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
