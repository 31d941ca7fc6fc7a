//! [`Child`]: a started process, owned, and the result of its function. [`JoinError`]: why a join
//! did not return it.
//!
//! # Implementation
//!
//! The child's answers lie in the socket between the two, and the join reads them after the end.
//! Only the pidfd tells that a child has ended, never the socket: while another thread forks, a
//! copy of the socket may get into the fork.

use super::channel::Channel;
use super::child::Ending;
use super::message::Answer;
use super::{ChildProcess, Envelope, ProcessError, Who};
use crate::error::TimedOut;
use crate::park::Deadline;
use serde::de::DeserializeOwned;
use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::time::{Duration, Instant};

/// A started process, owned, with the result of its function. It is also a [`ChildProcess`].
///
/// Dropping it lets the process run on, and drops the result of its function. The system's record
/// of the ended process is removed by the next start, by
/// [`active_children`](super::active_children), or at the end of [`run`](crate::run). That end
/// waits for the process unless it is a daemon.
///
/// ```no_run
/// use std::time::Duration;
/// use weftline::process::{self, JoinError};
///
/// fn work(milliseconds: u64) -> String {
///     std::thread::sleep(Duration::from_millis(milliseconds));
///     "done".to_owned()
/// }
/// process::register!(work);
///
/// fn main() {
///     weftline::run(|| {
///         let child = process::spawn(work, (500,)).unwrap();
///         // A join that times out gives the handle back.
///         let child = match child.try_join_for(Duration::from_millis(1)) {
///             Err(JoinError::Running(child)) => child,
///             other => panic!("{other:?}"),
///         };
///         assert_eq!(child.join().unwrap(), "done");
///     });
/// }
/// ```
pub struct Child<R> {
    process: ChildProcess,
    channel: Channel,
    /// A join makes it, of bytes.
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

    /// Its process, which can be cloned and kept.
    #[must_use]
    pub fn process(&self) -> &ChildProcess {
        &self.process
    }

    /// Drops it, and its result, if it has ended: Python's `close`.
    ///
    /// # Errors
    /// The handle, when the process has not ended.
    pub fn close(self) -> Result<(), Self> {
        if self.is_alive() { Err(self) } else { Ok(()) }
    }
}

impl<R: DeserializeOwned> Child<R> {
    /// Waits until the process has ended, and returns the result of its function.
    ///
    /// # Errors
    /// [`ProcessError`] when the process has ended in any other way.
    pub fn join(self) -> Result<R, ProcessError> {
        match self.join_by(Deadline::NEVER) {
            Ok(value) => Ok(value),
            Err(JoinError::Ended(how)) => Err(how),
            Err(JoinError::Running(_)) => unreachable!("the wait has no end but the process's"),
        }
    }

    /// The result of the function, if the process has ended.
    ///
    /// # Errors
    /// [`JoinError`]; it has the handle of a process that still runs.
    pub fn try_join(self) -> Result<R, JoinError<R>> {
        self.join_by(Deadline::PASSED)
    }

    /// As [`join`](Self::join), for `timeout` at most. A timeout beyond the clock's range never
    /// ends.
    ///
    /// # Errors
    /// [`JoinError`]; it has the handle of a process that still runs.
    pub fn try_join_for(self, timeout: Duration) -> Result<R, JoinError<R>> {
        self.join_by(Deadline::after(timeout))
    }

    /// As [`join`](Self::join), until `deadline` at the latest.
    ///
    /// # Errors
    /// [`JoinError`]; it has the handle of a process that still runs.
    pub fn try_join_until(self, deadline: Instant) -> Result<R, JoinError<R>> {
        self.join_by(Deadline::at(deadline))
    }

    fn join_by(self, deadline: Deadline) -> Result<R, JoinError<R>> {
        if let Err(TimedOut) = self.process.wait(deadline) {
            return Err(JoinError::Running(self));
        }
        self.outcome().map_err(JoinError::Ended)
    }

    /// The result, after the process's end.
    fn outcome(&self) -> Result<R, ProcessError> {
        let process = self.process.identity();
        if self.process.is_anothers() {
            // The answers in the socket are for the parent.
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
            // Even if it had answered: the answer is its last message, so something has gone wrong
            // after it that the caller would not learn otherwise.
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

/// The value, or the error, in the answer.
pub(super) fn read<R: DeserializeOwned>(
    answer: Answer,
    body: Envelope,
    process: Who,
) -> Result<R, ProcessError> {
    let why = match answer {
        Answer::Returned => match body.unpack() {
            Ok(value) => return Ok(value),
            Err(why) => format!("returned a value that cannot be read here: {why}"),
        },
        Answer::Panicked(panic) => return Err(ProcessError::Panicked { process, panic }),
        Answer::ArgumentsRefused(why) => format!("cannot read its arguments: {why}"),
        Answer::ResultRefused(why) => format!("returned a value that cannot be sent: {why}"),
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

/// Why a join did not return the result of the process's function.
#[non_exhaustive]
pub enum JoinError<R> {
    /// The process has not ended before the deadline; this is its handle.
    Running(Child<R>),
    /// It has ended, without the value.
    Ended(ProcessError),
}

impl<R> fmt::Debug for JoinError<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running(child) => f.debug_tuple("Running").field(child).finish(),
            Self::Ended(how) => f.debug_tuple("Ended").field(how).finish(),
        }
    }
}

impl<R> fmt::Display for JoinError<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running(child) => write!(
                f,
                "process '{}' (pid {}) is still running",
                child.name(),
                child.pid()
            ),
            Self::Ended(how) => how.fmt(f),
        }
    }
}

impl<R> Error for JoinError<R> {}
