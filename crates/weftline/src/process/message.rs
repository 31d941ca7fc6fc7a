//! What a process and its child tell each other.

use super::RemotePanic;
use serde::{Deserialize, Serialize};

/// From the parent, once: what the child is, and what it is to run. The arguments follow as the
/// message's body.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Task {
    /// As it is registered.
    pub(super) function: String,
    pub(super) name: String,
    /// What stands in front of the number in the names of its own children: `1:` for the first
    /// child.
    pub(super) lineage: String,
    pub(super) is_daemon: bool,
    pub(super) parent_pid: u32,
    pub(super) parent_name: String,
    /// Whether the standard input is the second descriptor that comes along; the first is a pidfd
    /// of the parent.
    pub(super) has_stdin: bool,
}

/// From the child: first that it has begun, then how it went.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    /// User code runs from now on.
    Begun,
    /// The function has returned; the value is the message's body.
    Returned,
    Panicked(RemotePanic),
    /// The arguments were not what the function takes; says why.
    ArgumentsRefused(String),
    /// What the function returned cannot be written down; says why.
    ResultRefused(String),
}
