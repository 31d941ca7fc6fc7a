//! The messages between a process and its child, and the argument that announces them.

use super::RemotePanic;
use serde::{Deserialize, Serialize};

/// The first argument of a process that is to run a function. The second is the process's name, for
/// tools like `ps`.
pub(super) const FLAG: &str = "--weftline-process";

/// From the parent, once: the identity of the child, and its function. The arguments follow as the
/// message's body.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Task {
    /// The name under which it is registered.
    pub(super) function: String,
    pub(super) name: String,
    /// The prefix of the number in the names of its own children: `1:` for the first child.
    pub(super) lineage: String,
    pub(super) is_daemon: bool,
    pub(super) parent_pid: u32,
    pub(super) parent_name: String,
    /// Whether the standard input is the second descriptor of the message; the first is a pidfd of
    /// the parent.
    pub(super) has_stdin: bool,
}

/// From the child: first that it has begun, then its result.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    /// User code runs from now on.
    Begun,
    /// The function has returned; the value is the message's body.
    Returned,
    Panicked(RemotePanic),
    /// The arguments did not have the function's types; says why.
    ArgumentsRefused(String),
    /// The function's result cannot be encoded; says why.
    ResultRefused(String),
}
