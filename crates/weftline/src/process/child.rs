//! [`ChildProcess`]: a process that this one has started, and the wait for its end.
//!
//! # Implementation
//!
//! The system reports the end of a child once, to the first caller that asks. So there is a state,
//! in which one thread at a time may ask:
//!
//! | state | meaning | leaves by |
//! |---|---|---|
//! | `RUNNING` | no thread has seen the child's end | a thread that asks → `ASKING` |
//! | `ASKING` | a thread is asking the system, which takes no time | the same thread → `RUNNING`, or ended |
//! | ended | how the child has ended | never |
//!
//! The store that ends `ASKING` releases, and the load of the state acquires.

use super::Who;
use super::registry::Registry;
use super::sentinel::Sentinel;
use crate::error::TimedOut;
use crate::park::{Deadline, fork, spin_until};
use rustix::io::{Errno, retry_on_intr};
use rustix::process::{Signal, WaitId, WaitIdOptions, waitid};
use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const RUNNING: u64 = 0;
const ASKING: u64 = 1;

/// How a process has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Exited(i32),
    Killed(i32),
    /// Other code has received the report.
    Unknown,
}

impl Ending {
    /// The ending as a state; none is one of the two states above.
    fn state(self) -> u64 {
        let (kind, number) = match self {
            Self::Exited(code) => (2, code),
            Self::Killed(signal) => (3, signal),
            Self::Unknown => (4, 0),
        };
        kind | u64::from(number.cast_unsigned()) << 32
    }

    fn of_state(state: u64) -> Option<Self> {
        let number = ((state >> 32) as u32).cast_signed();
        match state as u32 {
            2 => Some(Self::Exited(number)),
            3 => Some(Self::Killed(number)),
            4 => Some(Self::Unknown),
            _ => None,
        }
    }
}

/// The children that have been started and not been waited for yet.
static REGISTERED: Registry<ChildProcess> = Registry::new();

/// A process that this one has started, without the type of its result. It can be queried, waited
/// for and ended. Clones are cheap, and the same process.
///
/// [`active_children`](super::active_children) returns such handles, and a [`Child`](super::Child)
/// has one.
#[derive(Clone)]
pub struct ChildProcess(Arc<Inner>);

struct Inner {
    name: String,
    pid: u32,
    is_daemon: bool,
    sentinel: Sentinel,
    state: AtomicU64,
    /// The fork generation in which it was started: only a process of that generation is its
    /// parent.
    generation: u32,
    age: u64,
}

impl ChildProcess {
    pub(super) fn new(name: String, pid: u32, is_daemon: bool, sentinel: Sentinel) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        fork::watch();
        Self(Arc::new(Inner {
            name,
            pid,
            is_daemon,
            sentinel,
            state: AtomicU64::new(RUNNING),
            generation: fork::generation(),
            age: NEXT.fetch_add(1, Ordering::Relaxed),
        }))
    }

    /// Registers it as a child of this process, until it has been waited for.
    pub(super) fn register(&self) {
        REGISTERED.enter(self.clone());
    }

    /// The children that have been started and not been waited for yet.
    pub(super) fn registered() -> Vec<Self> {
        REGISTERED.all()
    }

    /// A number that grows from child to child.
    pub(super) fn age(&self) -> u64 {
        self.0.age
    }

    /// The name: the one that its description gave it, or `Process-N`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The number of the process. Once it has ended, another process may have that number.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.0.pid
    }

    /// Whether it is killed when this process ends.
    #[doc(alias = "daemon")]
    #[must_use]
    pub fn is_daemon(&self) -> bool {
        self.0.is_daemon
    }

    /// Whether it has not ended.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.ending().is_none()
    }

    /// The exit code, if it has ended. For a process that a signal has killed: the signal's number,
    /// negative. 255 when other code has waited for the process, so that its ending is not known
    /// here.
    #[must_use]
    pub fn exitcode(&self) -> Option<i32> {
        self.ending().map(|ending| match ending {
            Ending::Exited(code) => code,
            Ending::Killed(signal) => -signal,
            Ending::Unknown => 255,
        })
    }

    /// A descriptor that becomes readable when the process has ended. It can be polled with others.
    #[must_use]
    pub fn sentinel(&self) -> BorrowedFd<'_> {
        self.0.sentinel.as_fd()
    }

    /// Asks it to end (`SIGTERM`). It ends at once unless it handles that signal. For a process
    /// that has ended, this does nothing.
    ///
    /// Its threads, callbacks of `at_exit` and destructors do not run, and its own children stay.
    ///
    /// # Errors
    /// When the system refuses, as it does for a process that has become another user's.
    pub fn terminate(&self) -> io::Result<()> {
        self.signal(Signal::TERM)
    }

    /// Ends it (`SIGKILL`). Otherwise as [`terminate`](Self::terminate).
    ///
    /// # Errors
    /// As [`terminate`](Self::terminate).
    pub fn kill(&self) -> io::Result<()> {
        self.signal(Signal::KILL)
    }

    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        self.0.sentinel.signal(signal)
    }

    /// Waits until it has ended. Any thread can, any number of times.
    /// [`Child::join`](super::Child::join) also returns the result of its function.
    pub fn join(&self) {
        let _ = self.wait(Deadline::NEVER);
    }

    /// Whether it has ended, in the form of a wait without waiting.
    ///
    /// # Errors
    /// [`TimedOut`] when it has not.
    pub fn try_join(&self) -> Result<(), TimedOut> {
        self.wait(Deadline::PASSED)
    }

    /// As [`join`](Self::join), for `timeout` at most. A timeout beyond the clock's range never
    /// ends.
    ///
    /// # Errors
    /// [`TimedOut`] when it has not ended in time. It runs on.
    pub fn try_join_for(&self, timeout: Duration) -> Result<(), TimedOut> {
        self.wait(Deadline::after(timeout))
    }

    /// As [`join`](Self::join), until `deadline` at the latest.
    ///
    /// # Errors
    /// [`TimedOut`] when it has not ended in time. It runs on.
    pub fn try_join_until(&self, deadline: Instant) -> Result<(), TimedOut> {
        self.wait(Deadline::at(deadline))
    }

    pub(super) fn wait(&self, deadline: Deadline) -> Result<(), TimedOut> {
        self.0.sentinel.wait(deadline)?;
        // Now the system can drop its record of the process.
        self.ending();
        Ok(())
    }

    /// How it has ended, if it has.
    pub(super) fn ending(&self) -> Option<Ending> {
        let state = &self.0.state;
        loop {
            let seen = state.load(Ordering::Acquire);
            if let Some(ending) = Ending::of_state(seen) {
                return Some(ending);
            }
            if self.is_anothers() {
                return self.0.sentinel.has_ended().then_some(Ending::Unknown);
            }
            if seen == ASKING {
                spin_until(|| state.load(Ordering::Relaxed) != ASKING);
            } else if state
                .compare_exchange(RUNNING, ASKING, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
            {
                let ending = self.ask();
                state.store(ending.map_or(RUNNING, Ending::state), Ordering::Release);
                if ending.is_some() {
                    REGISTERED.leave(self);
                }
                return ending;
            }
        }
    }

    fn ask(&self) -> Option<Ending> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        match retry_on_intr(|| waitid(WaitId::PidFd(self.sentinel()), options)) {
            Ok(Some(status)) => Some(match (status.exit_status(), status.terminating_signal()) {
                (Some(code), _) => Ending::Exited(code),
                (None, Some(signal)) => Ending::Killed(signal),
                (None, None) => Ending::Unknown,
            }),
            Ok(None) => None,
            // `CHILD`: other code has waited for it, or this process ignores the signal, so the
            // system keeps no record.
            Err(Errno::CHILD) => Some(Ending::Unknown),
            Err(_) => None,
        }
    }

    /// Whether this process is a fork of the parent.
    pub(super) fn is_anothers(&self) -> bool {
        self.0.generation != fork::generation()
    }

    pub(super) fn identity(&self) -> Who {
        Who {
            name: self.0.name.clone(),
            pid: self.0.pid,
        }
    }
}

impl PartialEq for ChildProcess {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for ChildProcess {}

impl fmt::Debug for ChildProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildProcess")
            .field("name", &self.name())
            .field("pid", &self.pid())
            .field("is_daemon", &self.is_daemon())
            .field("exitcode", &self.exitcode())
            .finish()
    }
}
