//! [`Node`]: what the graph has edges between.
//!
//! A node is a class of locks. Where one lock of a class is taken under another one of the same
//! class, both are nodes of their own.

use crate::park::LockClass;

/// A class, or one lock of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Node {
    /// By its address.
    One(usize),
    Class(LockClass),
}

impl Node {
    /// The address, if it is one lock.
    pub(super) fn lock(self) -> Option<usize> {
        match self {
            Self::One(address) => Some(address),
            Self::Class(_) => None,
        }
    }
}

/// The nodes of an edge.
pub(super) fn nodes(held: (usize, LockClass), wanted: (usize, LockClass)) -> (Node, Node) {
    let is_known = ![held.1, wanted.1].contains(&LockClass::FIRST);
    if is_known && held.1 != wanted.1 {
        (Node::Class(held.1), Node::Class(wanted.1))
    } else {
        (Node::One(held.0), Node::One(wanted.0))
    }
}
