//! [`Child`]: a started process, owned, and what its function returns.
//!
//! # Implementation
//!
//! What the child has to say lies in the socket between the two, and is read by the join, after the
//! end. That a child has ended is told by its pidfd alone, never by the socket: while another
//! thread forks, a copy of the socket may get away.

use super::channel::Channel;
use super::child::Ending;
use super::message::Answer;
use super::{ChildProcess, Envelope, JoinError, ProcessError, Who};
use crate::TimedOut;
use crate::park::Deadline;
use serde::de::DeserializeOwned;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::time::{Duration, Instant};

/// A started process, owned: for what its function returns. It is also a [`ChildProcess`].
///
/// Dropping it lets the process run on, and what its function returns is dropped; the system's
/// remains of the process are taken away by the next start, by
/// [`active_children`](super::active_children), or at the end of [`run`](crate::run), which waits
/// for it unless it is a daemon.
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

    /// As [`join`](Self::join), for at most `timeout`. A timeout beyond the clock's range never
    /// ends.
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
        if self.process.is_anothers() {
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
            // Also one that had said how it went: it says so last, so something has gone wrong that
            // nobody would hear of otherwise.
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

/// What the answer says of the value.
pub(super) fn read<R: DeserializeOwned>(
    answer: Answer,
    body: Envelope,
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
