//! [`Sentinel`]: the wait for the end of any process, of this parent or another.
//!
//! # Implementation
//!
//! A pidfd, which stands for one process for ever, unlike its number. The wait is `poll`, the one
//! sleep of the library that is not the parker's: the end of a process unparks no thread in this
//! one. It has an absolute deadline, and goes on after a signal.

use super::descriptor::above_streams;
use crate::error::TimedOut;
use crate::park::Deadline;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, retry_on_intr};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, pidfd_open, pidfd_send_signal, waitid,
};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

#[derive(Debug)]
pub(super) struct Sentinel(OwnedFd);

impl Sentinel {
    /// The sentinel of a process that has not been waited for. After that, another process may have
    /// the number.
    pub(super) fn open(pid: u32) -> io::Result<Self> {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Self(above_streams(pidfd_open(pid, PidfdFlags::empty())?)?))
    }

    /// The sentinel of a child that has just been started.
    ///
    /// # Errors
    /// Also when the system has no record of the child any more. Where `SIGCHLD` is ignored, the
    /// system drops its record of a child that has ended. Then the number may be another process's,
    /// which must not be taken for the child.
    pub(super) fn of_child(pid: u32) -> io::Result<Self> {
        let is_gone = || {
            io::Error::new(
                io::ErrorKind::NotFound,
                "the process has ended and the system has no record of it: SIGCHLD is ignored, or other code here waits for any child",
            )
        };
        let sentinel = Self::open(pid).map_err(|why| match Errno::from_io_error(&why) {
            Some(Errno::SRCH) => is_gone(),
            _ => why,
        })?;
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        match waitid(WaitId::PidFd(sentinel.as_fd()), options) {
            Err(Errno::CHILD) if !sentinel.has_ended() => Err(is_gone()),
            _ => Ok(sentinel),
        }
    }

    /// Ends a child, and waits for it in the system's sense.
    pub(super) fn put_down(&self) {
        let _ = self.signal(Signal::KILL);
        let _ = retry_on_intr(|| waitid(WaitId::PidFd(self.as_fd()), WaitIdOptions::EXITED));
    }

    pub(super) fn from_descriptor(descriptor: OwnedFd) -> Self {
        Self(descriptor)
    }

    /// # Errors
    /// [`TimedOut`] when the process has not ended before the deadline.
    ///
    /// # Panics
    /// When the system cannot poll: the limit of open files has been lowered to none, or there is
    /// no memory.
    pub(super) fn wait(&self, deadline: Deadline) -> Result<(), TimedOut> {
        loop {
            let timeout = deadline
                .remaining()
                .and_then(|left| Timespec::try_from(left).ok());
            let mut polled = [PollFd::new(&self.0, PollFlags::IN)];
            match poll(&mut polled, timeout.as_ref()) {
                Ok(0) if deadline.has_passed() => return Err(TimedOut),
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) => return Ok(()),
                Err(why) => panic!("the system cannot wait for a process: {why}"),
            }
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.wait(Deadline::PASSED).is_ok()
    }

    /// Sends a signal. For a process that has ended, this does nothing.
    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        match pidfd_send_signal(&self.0, signal) {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(why) => Err(why.into()),
        }
    }
}

impl AsFd for Sentinel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
