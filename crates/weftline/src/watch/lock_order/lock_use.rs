//! [`Use`]: a thread took a lock while it held another one.

use super::manner::{HasManner, Manner};
use super::stack::Stack;
use crate::park::{LockClass, Site};
use std::sync::Arc;

/// The longest circle of uses that is looked for.
pub(super) const LONGEST: usize = 8;

/// A lock in an edge.
#[derive(Clone, Debug)]
pub(super) struct EdgeLock {
    pub(super) address: usize,
    pub(super) class: LockClass,
    /// The name that it had then.
    pub(super) name: Option<String>,
}

impl EdgeLock {
    pub(super) fn is(&self, address: usize, class: LockClass) -> bool {
        self.address == address && self.class == class
    }
}

/// A use of an edge: a thread took a lock while it held another one.
pub(super) struct Use {
    pub(super) manner: Manner,
    pub(super) thread_title: String,
    pub(super) held: EdgeLock,
    pub(super) held_since: Site,
    pub(super) wanted: EdgeLock,
    pub(super) stack: Stack,
}

impl HasManner for Arc<Use> {
    fn manner(&self) -> &Manner {
        &self.manner
    }
}

impl Use {
    /// The line that takes the lock.
    pub(super) fn line(&self) -> String {
        self.stack
            .innermost()
            .map(|frame| frame.to_string())
            .unwrap_or_default()
    }

    #[cfg(test)]
    pub(super) fn of(manner: Manner, held: (usize, LockClass), wanted: (usize, LockClass)) -> Self {
        let thread = manner.thread;
        let lock = |(address, class)| EdgeLock {
            address,
            name: None,
            class,
        };
        Self {
            manner,
            thread_title: format!("thread {thread}"),
            held: lock(held),
            held_since: Site::UNKNOWN,
            wanted: lock(wanted),
            stack: Stack::Told(format!("frame\t0\tf\tapp.py\t{thread}\n").into()),
        }
    }
}
