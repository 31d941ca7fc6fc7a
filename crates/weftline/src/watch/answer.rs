//! [`Answer`]: the connection on which a process answers.
//!
//! # Implementation
//!
//! A fork of another thread copies the connection. The child closes its copy, whose number it finds
//! in [`Line`]. The kernel copies the descriptors some time before the memory, and the answer may
//! end meanwhile. So the number stays there, and the child closes what has it if that is such a
//! connection. One that is not connected yet looks like any other socket, so it is marked.
//!
//! The end of an answer shuts the connection down, so that the reader sees that end even if a child
//! has a copy still.

use super::os::{Descriptor, address, errno, is_of_this_user, is_to_requester};
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicI32, Ordering};

const NONE: i32 = -1;
/// Beside the number of a socket that is not connected yet.
const UNCONNECTED: i32 = 1 << 30;

/// Where a fork's child finds the last connection of the one thread at a time that answers here.
pub(super) struct Line(AtomicI32);

/// Why there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// No process listens any more, or that of another user does.
    NoListener,
    /// The system has no descriptor left, or does not let this process connect.
    System,
}

/// A connection to the one that asks.
pub(super) struct Answer(Descriptor);

impl Line {
    pub(super) const fn new() -> Self {
        Self(AtomicI32::new(NONE))
    }

    /// In the child of a fork. Safe in its handler.
    pub(super) fn hang_up(&self) {
        // Relaxed: the child has one thread.
        let number = self.0.swap(NONE, Ordering::Relaxed);
        if number == NONE {
            return;
        }
        let copy = ManuallyDrop::new(Descriptor(number & !UNCONNECTED));
        if number & UNCONNECTED != 0 || is_to_requester(&copy) {
            drop(ManuallyDrop::into_inner(copy));
        }
    }

    /// Connects to the one that asks with this nonce.
    pub(super) fn connect(&self, nonce: u64) -> Result<Answer, Refused> {
        let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        // SAFETY: no memory is passed.
        let socket = unsafe { libc::socket(libc::AF_UNIX, kind, 0) };
        if socket < 0 {
            return Err(Refused::System);
        }
        // Relaxed: for a fork of the process, which stops no thread in the middle of a store.
        self.0.store(socket | UNCONNECTED, Ordering::Relaxed);
        let answer = Answer(Descriptor(socket));
        let (address, len) = address(nonce);
        // SAFETY: the address is valid for its length.
        let failed = unsafe { libc::connect(socket, (&raw const address).cast(), len) } != 0;
        self.0.store(socket, Ordering::Relaxed);
        if failed {
            return Err(match errno() {
                libc::ECONNREFUSED => Refused::NoListener,
                _ => Refused::System,
            });
        }
        match is_of_this_user(answer.socket()) {
            true => Ok(answer),
            false => Err(Refused::NoListener),
        }
    }
}

impl Answer {
    pub(super) fn socket(&self) -> &Descriptor {
        &self.0
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // SAFETY: no memory is passed.
        unsafe { libc::shutdown(self.0.0, libc::SHUT_WR) };
    }
}
