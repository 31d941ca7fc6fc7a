//! The registry of this process's children: which of them run, and what becomes of them at the end
//! of the program.
//!
//! # Implementation
//!
//! A list under a [`ListLock`]: room is allocated before the lock is taken, and removed entries are
//! dropped after it. A child is in the list from its start until it has been waited for in the
//! system's sense. The first caller that notices its end does that: a join, a query, or the sweep
//! of all children with which each start and each [`active_children`] begins. So an ended child
//! stays in the list until the next of these at the latest.
//!
//! In the child of a fork the list is empty: its entries are the parent's.

use super::ChildProcess;
use crate::park::{Deadline, ForgetWaiters, ListLock};
use rustix::process::Signal;
use std::mem;
use std::time::Duration;

/// The time that a daemon has, from the request to end, until it is killed.
const GRACE: Duration = Duration::from_secs(1);

struct Children(Vec<ChildProcess>);

impl ForgetWaiters for Children {
    fn forget_waiters(&mut self, _torn: bool) {
        // Not dropped: it may be half changed, and destructors do not run under the lock.
        mem::forget(mem::take(&mut self.0));
    }
}

static CHILDREN: ListLock<Children> = ListLock::new(Children(Vec::new()));

/// Adds `child` to those that run.
pub(super) fn enter(child: &ChildProcess) {
    let mut entry = Some(child.clone());
    let mut room: Vec<ChildProcess> = Vec::new();
    loop {
        let needed = {
            let mut children = CHILDREN.lock();
            let children = &mut children.0;
            if children.len() == children.capacity() && room.capacity() > children.len() {
                room.append(children);
                mem::swap(children, &mut room);
            }
            if children.len() < children.capacity()
                && let Some(entry) = entry.take()
            {
                children.push(entry);
                return;
            }
            (children.len() * 2).max(16)
        };
        room = Vec::with_capacity(needed);
    }
}

/// Removes `child`, which has been waited for.
pub(super) fn leave(child: &ChildProcess) {
    let taken = {
        let mut children = CHILDREN.lock();
        let place = children.0.iter().position(|other| other == child);
        place.map(|place| children.0.swap_remove(place))
    };
    drop(taken);
}

/// The children that have been started and not been waited for yet.
fn entered() -> Vec<ChildProcess> {
    let mut entered = Vec::new();
    loop {
        let needed = {
            let children = CHILDREN.lock();
            if entered.capacity() >= children.0.len() {
                entered.extend_from_slice(&children.0);
                return entered;
            }
            children.0.len()
        };
        entered = Vec::with_capacity(needed + needed / 8);
    }
}

/// Removes the children that have ended; returns those that run.
pub(super) fn sweep() -> Vec<ChildProcess> {
    let mut running = entered();
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
