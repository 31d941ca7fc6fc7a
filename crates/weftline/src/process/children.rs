//! The children of this process: which of them run, and what becomes of them at the end of the
//! program.
//!
//! # Implementation
//!
//! A child is registered from its start until it has been waited for in the system's sense. The
//! first caller that notices its end does that: a join, a query, or the sweep of all children with
//! which each start and each [`active_children`] begins. So an ended child stays registered until
//! the next of these at the latest.

use super::ChildProcess;
use crate::park::Deadline;
use rustix::process::Signal;
use std::time::Duration;

/// The time that a daemon has, from the request to end, until it is killed.
const GRACE: Duration = Duration::from_secs(1);

/// Removes the children that have ended; returns those that run.
pub(super) fn sweep() -> Vec<ChildProcess> {
    let mut running = ChildProcess::registered();
    running.retain(ChildProcess::is_alive);
    running
}

/// The children of this process that run, by age. Children that have ended are waited for, in the
/// system's sense, in passing.
///
/// ```
/// assert!(weftline::process::active_children().is_empty());
/// ```
#[doc(alias = "multiprocessing.active_children")]
#[must_use]
pub fn active_children() -> Vec<ChildProcess> {
    let mut running = sweep();
    running.sort_unstable_by_key(ChildProcess::age);
    running
}

/// Waits for a child that is not a daemon. `false` when there is none.
pub(super) fn wait_for_any() -> bool {
    let awaited = active_children().into_iter().find(|it| !it.is_daemon());
    if let Some(child) = &awaited {
        child.join();
    }
    awaited.is_some()
}

/// Ends the daemons: asks them to end, and kills them after a while.
pub(super) fn end_daemons() {
    let daemons = sweep();
    // Each signal may fail for a daemon that has changed its user: then this process may not end
    // it, and the daemon's own monitor of its parent does.
    for daemon in &daemons {
        let _ = daemon.signal(Signal::TERM);
    }
    let deadline = Deadline::after(GRACE);
    for daemon in &daemons {
        if daemon.wait(deadline).is_err() && daemon.signal(Signal::KILL).is_ok() {
            daemon.join();
        }
    }
}
