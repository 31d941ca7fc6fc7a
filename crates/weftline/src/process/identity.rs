//! The identity of this process: its name, and the parent that started it.

use super::sentinel::Sentinel;
use crate::error::TimedOut;
use crate::park::Deadline;
use std::fmt;
use std::os::fd::{AsFd, BorrowedFd};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What the parent told this process at its start.
pub(super) struct Identity {
    pub(super) name: String,
    pub(super) lineage: String,
    pub(super) is_daemon: bool,
    pub(super) parent: ParentProcess,
}

/// Null in a process that was not started for a function. Set once, before there are other threads,
/// and never freed.
static IDENTITY: AtomicPtr<Identity> = AtomicPtr::new(ptr::null_mut());

pub(super) fn adopt(identity: Identity) {
    IDENTITY.store(Box::into_raw(Box::new(identity)), Ordering::Release);
}

fn identity() -> Option<&'static Identity> {
    // SAFETY: null, or made from a box that is never freed.
    unsafe { IDENTITY.load(Ordering::Acquire).as_ref() }
}

/// This process's name: the name that its description gave it, or `MainProcess` if it was not
/// started for a function.
///
/// ```
/// assert_eq!(weftline::process::current_name(), "MainProcess");
/// ```
#[must_use]
pub fn current_name() -> &'static str {
    identity().map_or("MainProcess", |identity| &identity.name)
}

/// Whether this process is killed when its parent ends.
pub(super) fn is_daemon() -> bool {
    identity().is_some_and(|identity| identity.is_daemon)
}

/// The place of the next child among all processes: `3` for the third child of the main process,
/// `3:1` for the first child of that one.
pub(super) fn next_place() -> String {
    static CHILDREN: AtomicU64 = AtomicU64::new(0);
    let number = CHILDREN.fetch_add(1, Ordering::Relaxed) + 1;
    let lineage = identity().map_or("", |identity| &identity.lineage);
    format!("{lineage}{number}")
}

/// The process that started this one for a function; `None` in the main process, and in a process
/// that was started by other means.
///
/// ```
/// assert!(weftline::process::parent_process().is_none());
/// ```
#[doc(alias = "multiprocessing.parent_process")]
#[must_use]
pub fn parent_process() -> Option<ParentProcess> {
    identity().map(|identity| identity.parent.clone())
}

/// The process that started this one. Clones are cheap, and the same process.
#[derive(Clone)]
pub struct ParentProcess(pub(super) Arc<Parent>);

pub(super) struct Parent {
    pub(super) name: String,
    pub(super) pid: u32,
    pub(super) sentinel: Sentinel,
}

impl ParentProcess {
    /// Its name: `MainProcess`, or the name that its own parent gave it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Its number. Once it has ended, another process may have that number.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.0.pid
    }

    /// Whether it has not ended.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        !self.0.sentinel.has_ended()
    }

    /// A descriptor that becomes readable when the process has ended. It can be polled with others.
    #[must_use]
    pub fn sentinel(&self) -> BorrowedFd<'_> {
        self.0.sentinel.as_fd()
    }

    /// Waits until it has ended.
    pub fn join(&self) {
        let _ = self.0.sentinel.wait(Deadline::NEVER);
    }

    /// Whether it has ended, in the form of a wait without waiting.
    ///
    /// # Errors
    /// [`TimedOut`] when it has not.
    pub fn try_join(&self) -> Result<(), TimedOut> {
        self.0.sentinel.wait(Deadline::PASSED)
    }

    /// As [`join`](Self::join), for `timeout` at most. A timeout beyond the clock's range never
    /// ends.
    ///
    /// # Errors
    /// [`TimedOut`] when it has not ended in time.
    pub fn try_join_for(&self, timeout: Duration) -> Result<(), TimedOut> {
        self.0.sentinel.wait(Deadline::after(timeout))
    }

    /// As [`join`](Self::join), until `deadline` at the latest.
    ///
    /// # Errors
    /// [`TimedOut`] when it has not ended in time.
    pub fn try_join_until(&self, deadline: Instant) -> Result<(), TimedOut> {
        self.0.sentinel.wait(Deadline::at(deadline))
    }
}

impl fmt::Debug for ParentProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParentProcess")
            .field("name", &self.name())
            .field("pid", &self.pid())
            .field("is_alive", &self.is_alive())
            .finish()
    }
}
