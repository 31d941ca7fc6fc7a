//! [`ChildProcess`]: a process that this one has started, and the wait for its end.
//!
//! # Implementation
//!
//! The system tells how a child has ended once, to the first who asks after the end. So there is a
//! state, of which one thread at a time may ask:
//!
//! | state | meaning | leaves by |
//! |---|---|---|
//! | `RUNNING` | it has not been seen to have ended | who looks → `ASKING` |
//! | `ASKING` | a thread is asking the system, which takes no time | the same → `RUNNING`, or ended |
//! | ended | how it has ended, for ever | |

use super::sentinel::Sentinel;
use super::{Who, child_registry};
use crate::TimedOut;
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
    /// Somebody else was told.
    Unknown,
}

impl Ending {
    /// As a state, other than the two above.
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

/// A process that this one has started, whatever it returns: to be asked, waited for and ended.
/// Clones are cheap, and the same process.
///
/// [`active_children`](super::active_children) returns them, and a [`Child`](super::Child) is one.
#[derive(Clone)]
pub struct ChildProcess(Arc<Inner>);

struct Inner {
    name: String,
    pid: u32,
    is_daemon: bool,
    sentinel: Sentinel,
    state: AtomicU64,
    /// The fork generation that it was started in: only a process of that one is its parent.
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

    /// Grows from child to child.
    pub(super) fn age(&self) -> u64 {
        self.0.age
    }

    /// The name: the one it was given, or `Process-N`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The number of the process. Once it has ended, that may be another's.
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

    /// The exit code, if it has ended; for one that a signal has killed the signal's number,
    /// negative. 255 when somebody else has waited for the process, so that nobody knows here.
    #[must_use]
    pub fn exitcode(&self) -> Option<i32> {
        self.ending().map(|ending| match ending {
            Ending::Exited(code) => code,
            Ending::Killed(signal) => -signal,
            Ending::Unknown => 255,
        })
    }

    /// A descriptor that becomes readable when the process has ended, to be polled with others.
    #[must_use]
    pub fn sentinel(&self) -> BorrowedFd<'_> {
        self.0.sentinel.as_fd()
    }

    /// Asks it to end (`SIGTERM`), which it does at once unless it handles that. One that has ended
    /// needs not be asked.
    ///
    /// Threads, callbacks of `at_exit` and destructors get no chance there, and its own children
    /// stay.
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

    /// Waits until it has ended. Any thread can, any number of times; see
    /// [`Child::join`](super::Child::join) for what its function returned.
    pub fn join(&self) {
        let _ = self.wait(Deadline::NEVER);
    }

    /// Whether it has ended, as the other forms say it.
    ///
    /// # Errors
    /// [`TimedOut`] when it has not.
    pub fn try_join(&self) -> Result<(), TimedOut> {
        self.wait(Deadline::PASSED)
    }

    /// As [`join`](Self::join), for at most `timeout`. A timeout beyond the clock's range never
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
        // Now the system can forget it.
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
                    child_registry::leave(self);
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
            // `CHILD`: somebody else has waited for it, or the system was told to by ignoring the
            // signal.
            Err(Errno::CHILD) => Some(Ending::Unknown),
            Err(_) => None,
        }
    }

    /// Whether this process is a fork of the parent.
    pub(super) fn is_anothers(&self) -> bool {
        self.0.generation != fork::generation()
    }

    pub(super) fn who(&self) -> Who {
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
