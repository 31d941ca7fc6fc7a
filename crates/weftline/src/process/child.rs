//! [`Child`] and [`ChildProcess`]: a process that this one has started, and the wait for its end.
//!
//! # Implementation
//!
//! The system tells how a child has ended once, to the first who asks after the end. So there is a state, of which one thread at a time
//! may ask:
//!
//! | state | meaning | leaves by |
//! |---|---|---|
//! | `RUNNING` | it has not been seen to have ended | who looks → `ASKING` |
//! | `ASKING` | a thread is asking the system, which takes no time | the same → `RUNNING`, or ended |
//! | ended | how it has ended, for ever | |
//!
//! What the child has to say lies in the socket between the two, and is read by the join, after the end. That a child has ended is told by its
//! pidfd alone, never by the socket: while another thread forks, a copy of the socket may get away.

use super::channel::Channel;
use super::message::Answer;
use super::sentinel::Sentinel;
use super::{JoinError, Parcel, ProcessError, Who, family};
use crate::TimedOut;
use crate::park::{Deadline, fork, spin_until};
use rustix::io::{Errno, retry_on_intr};
use rustix::process::{Signal, WaitId, WaitIdOptions, waitid};
use serde::de::DeserializeOwned;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::ops::Deref;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const RUNNING: u64 = 0;
const ASKING: u64 = 1;

/// How a process has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
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

/// A process that this one has started, whatever it returns: to be asked, waited for and ended. Clones are cheap, and the same process.
///
/// [`active_children`](super::active_children) returns them, and a [`Child`] is one.
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

    /// The exit code, if it has ended; for one that a signal has killed the signal's number, negative. 255 when somebody else has waited
    /// for the process, so that nobody knows here.
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

    /// Asks it to end (`SIGTERM`), which it does at once unless it handles that. One that has ended needs not be asked.
    ///
    /// Threads, callbacks of `at_exit` and destructors get no chance there, and its own children stay.
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

    /// Waits until it has ended. Any thread can, any number of times; see [`Child::join`] for what its function returned.
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

    /// As [`join`](Self::join), for at most `timeout`. A timeout beyond the clock's range never ends.
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
    fn ending(&self) -> Option<Ending> {
        let state = &self.0.state;
        loop {
            let seen = state.load(Ordering::Acquire);
            if let Some(ending) = Ending::of_state(seen) {
                return Some(ending);
            }
            if self.0.generation != fork::generation() {
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
                    family::leave(self);
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
            // `CHILD`: somebody else has waited for it, or the system was told to by ignoring the signal.
            Err(Errno::CHILD) => Some(Ending::Unknown),
            Err(_) => None,
        }
    }

    fn who(&self) -> Who {
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

/// A started process, owned: for what its function returns. It is also a [`ChildProcess`].
///
/// Dropping it lets the process run on, and what its function returns is dropped; the system's remains of the process are
/// taken away by the next start, by [`active_children`](super::active_children), or at the end of [`run`](crate::run), which waits for it unless it
/// is a daemon.
///
/// ```no_run
/// use std::time::Duration;
/// use weftline::process::{self, JoinError};
///
/// fn doze(milliseconds: u64) -> String {
///     std::thread::sleep(Duration::from_millis(milliseconds));
///     "rested".to_owned()
/// }
/// process::register!(doze);
///
/// fn main() {
///     weftline::run(|| {
///         let child = process::spawn(doze, (500,)).unwrap();
///         // A join that times out gives the handle back.
///         let child = match child.try_join_for(Duration::from_millis(1)) {
///             Err(JoinError::Running(child)) => child,
///             other => panic!("{other:?}"),
///         };
///         assert_eq!(child.join().unwrap(), "rested");
///     });
/// }
/// ```
pub struct Child<R> {
    process: ChildProcess,
    channel: Channel,
    /// Made by a join, of bytes.
    returns: PhantomData<fn() -> R>,
}

impl<R> Child<R> {
    pub(super) fn new(process: ChildProcess, channel: Channel) -> Self {
        Self {
            process,
            channel,
            returns: PhantomData,
        }
    }

    /// Who it is, to keep.
    #[must_use]
    pub fn process(&self) -> &ChildProcess {
        &self.process
    }

    /// Lets go of it, and of what it has returned, if it has ended: Python's `close`.
    ///
    /// # Errors
    /// The handle, when it has not.
    pub fn close(self) -> Result<(), Self> {
        if self.is_alive() { Err(self) } else { Ok(()) }
    }
}

impl<R: DeserializeOwned> Child<R> {
    /// Waits until the process has ended, and returns what its function returned.
    ///
    /// # Errors
    /// [`ProcessError`] when it has ended in any other way.
    pub fn join(self) -> Result<R, ProcessError> {
        match self.join_by(Deadline::NEVER) {
            Ok(value) => Ok(value),
            Err(JoinError::Ended(how)) => Err(how),
            Err(JoinError::Running(_)) => unreachable!("the wait has no end but the process's"),
        }
    }

    /// What the function returned, if the process has ended.
    ///
    /// # Errors
    /// [`JoinError`]; a process that runs comes back.
    pub fn try_join(self) -> Result<R, JoinError<R>> {
        self.join_by(Deadline::PASSED)
    }

    /// As [`join`](Self::join), for at most `timeout`. A timeout beyond the clock's range never ends.
    ///
    /// # Errors
    /// [`JoinError`]; a process that runs comes back.
    pub fn try_join_for(self, timeout: Duration) -> Result<R, JoinError<R>> {
        self.join_by(Deadline::after(timeout))
    }

    /// As [`join`](Self::join), until `deadline` at the latest.
    ///
    /// # Errors
    /// [`JoinError`]; a process that runs comes back.
    pub fn try_join_until(self, deadline: Instant) -> Result<R, JoinError<R>> {
        self.join_by(Deadline::at(deadline))
    }

    fn join_by(self, deadline: Deadline) -> Result<R, JoinError<R>> {
        if let Err(TimedOut) = self.process.wait(deadline) {
            return Err(JoinError::Running(self));
        }
        self.outcome().map_err(JoinError::Ended)
    }

    /// After its end.
    fn outcome(&self) -> Result<R, ProcessError> {
        let process = self.process.who();
        if self.process.0.generation != fork::generation() {
            // What lies in the socket is for the parent.
            return Err(ProcessError::Lost { process });
        }
        let mut has_begun = false;
        let answer = loop {
            match self.channel.receive::<Answer>(false) {
                Ok(Some((Answer::Begun, _))) => has_begun = true,
                Ok(Some(answer)) => break Some(answer),
                Ok(None) => break None,
                Err(why) => {
                    let why = why.to_string();
                    return Err(ProcessError::Undecodable { process, why });
                }
            }
        };
        let ending = self.process.ending().unwrap_or(Ending::Unknown);
        match (ending, answer) {
            // Also one that had said how it went: it says so last, so something has gone wrong that nobody would hear of otherwise.
            (Ending::Killed(signal), _) => Err(ProcessError::Killed { process, signal }),
            (_, Some((answer, body))) => read(answer, body, process),
            (Ending::Exited(code), None) if has_begun => {
                Err(ProcessError::Exited { process, code })
            }
            (Ending::Exited(code), None) => Err(ProcessError::NeverBegan { process, code }),
            (Ending::Unknown, None) => Err(ProcessError::Lost { process }),
        }
    }
}

fn read<R: DeserializeOwned>(
    answer: Answer,
    body: Parcel,
    process: Who,
) -> Result<R, ProcessError> {
    let why = match answer {
        Answer::Returned => match body.unpack() {
            Ok(value) => return Ok(value),
            Err(why) => format!("has returned what cannot be read here: {why}"),
        },
        Answer::Panicked(panic) => return Err(ProcessError::Panicked { process, panic }),
        Answer::ArgumentsRefused(why) => format!("cannot read its arguments: {why}"),
        Answer::ResultRefused(why) => format!("has returned what cannot be sent: {why}"),
        Answer::Begun => unreachable!("that is not the last of its answers"),
    };
    Err(ProcessError::Undecodable { process, why })
}

impl<R> Deref for Child<R> {
    type Target = ChildProcess;

    fn deref(&self) -> &ChildProcess {
        &self.process
    }
}

impl<R> fmt::Debug for Child<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Child").field(&self.process).finish()
    }
}
