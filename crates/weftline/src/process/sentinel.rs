//! [`Sentinel`]: a process that can be waited for, whoever's child it is.
//!
//! # Implementation
//!
//! A pidfd, which stands for one process for ever, unlike its number. The wait is `poll`, the one sleep of the library that is not the
//! parker's: a process that ends wakes nobody in this one. It has an absolute deadline, and goes on after a signal.

use super::descriptor::above_streams;
use crate::TimedOut;
use crate::park::Deadline;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

#[derive(Debug)]
pub(super) struct Sentinel(OwnedFd);

impl Sentinel {
    /// Of a process that has not been waited for; otherwise it may be another that has the number by now.
    pub(super) fn open(pid: u32) -> io::Result<Self> {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Self(above_streams(pidfd_open(pid, PidfdFlags::empty())?)?))
    }

    pub(super) fn from_descriptor(descriptor: OwnedFd) -> Self {
        Self(descriptor)
    }

    /// # Errors
    /// [`TimedOut`] when the process has not ended before the deadline.
    ///
    /// # Panics
    /// When the system cannot poll: the limit of open files has been lowered to none, or there is no memory.
    pub(super) fn wait(&self, deadline: Deadline) -> Result<(), TimedOut> {
        loop {
            let timeout = deadline
                .remaining()
                .and_then(|left| Timespec::try_from(left).ok());
            let mut watched = [PollFd::new(&self.0, PollFlags::IN)];
            match poll(&mut watched, timeout.as_ref()) {
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

    /// Sends a signal; one that has ended needs none.
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
