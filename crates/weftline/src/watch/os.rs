//! The calls of the system that both ends of a request need. All are safe in a signal handler.

use crate::park::{Deadline, now};
use std::fmt::{self, Write};
use std::mem;
use std::time::Duration;

/// A descriptor, closed when it is dropped.
pub(super) struct Descriptor(pub(super) libc::c_int);

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: it is this value's own.
        unsafe { libc::close(self.0) };
    }
}

pub(super) fn errno() -> i32 {
    // SAFETY: the place is this thread's own.
    unsafe { *libc::__errno_location() }
}

/// Puts `errno` back at its end, for a handler that interrupts code which is about to read it.
pub(super) struct KeepErrno(i32);

impl KeepErrno {
    pub(super) fn now() -> Self {
        Self(errno())
    }
}

impl Drop for KeepErrno {
    fn drop(&mut self) {
        // SAFETY: the place is this thread's own.
        unsafe { *libc::__errno_location() = self.0 };
    }
}

/// The beginning of the name of each socket of one that asks.
const NAME: &[u8; 9] = b"weftline-";

/// The address at which the one that asks listens: in the abstract namespace, which needs no file.
pub(super) fn address(nonce: u64) -> (libc::sockaddr_un, libc::socklen_t) {
    // SAFETY: all zeros are a valid value.
    let mut address: libc::sockaddr_un = unsafe { mem::zeroed() };
    address.sun_family = libc::AF_UNIX as libc::sa_family_t;
    let mut len = 1;
    for &byte in NAME {
        address.sun_path[len] = byte as libc::c_char;
        len += 1;
    }
    for digit in (0..16).rev().map(|at| (nonce >> (4 * at)) as u8 & 0xF) {
        let byte = if digit < 10 {
            b'0' + digit
        } else {
            b'a' + digit - 10
        };
        address.sun_path[len] = byte as libc::c_char;
        len += 1;
    }
    let family = mem::offset_of!(libc::sockaddr_un, sun_path);
    (address, (family + len) as libc::socklen_t)
}

/// Whether the descriptor is a connection to one that asks.
pub(super) fn is_to_requester(descriptor: &Descriptor) -> bool {
    // SAFETY: all zeros are a valid value.
    let mut other: libc::sockaddr_un = unsafe { mem::zeroed() };
    let mut len = size_of::<libc::sockaddr_un>() as libc::socklen_t;
    let place = (&raw mut other).cast();
    // SAFETY: the places are valid.
    let failed = unsafe { libc::getpeername(descriptor.0, place, &raw mut len) };
    let begins = other.sun_path[1..]
        .iter()
        .zip(NAME)
        .all(|(&byte, &of_name)| byte as u8 == of_name);
    failed == 0 && libc::c_int::from(other.sun_family) == libc::AF_UNIX && begins
}

/// The process and user at the other end of a stream.
pub(super) fn peer(socket: &Descriptor) -> Option<libc::ucred> {
    // SAFETY: all zeros are a valid value.
    let mut peer: libc::ucred = unsafe { mem::zeroed() };
    let mut len = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the places are valid.
    let failed = unsafe {
        libc::getsockopt(
            socket.0,
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut peer).cast(),
            &raw mut len,
        )
    };
    (failed == 0).then_some(peer)
}

/// Whether the other end of a stream belongs to the user of this thread.
pub(super) fn is_of_this_user(socket: &Descriptor) -> bool {
    // SAFETY: always succeeds.
    peer(socket).is_some_and(|peer| peer.uid == unsafe { libc::geteuid() })
}

/// Waits until the descriptor is ready for `events`; `false` if that takes longer, or the other end
/// is broken. A signal does not end the wait.
pub(super) fn is_ready(descriptor: &Descriptor, events: libc::c_short, wait: Duration) -> bool {
    const BROKEN: libc::c_short = libc::POLLERR | libc::POLLNVAL;
    let deadline = Deadline::after(wait);
    loop {
        let left = deadline.remaining().unwrap_or_default();
        let mut poll = libc::pollfd {
            fd: descriptor.0,
            events,
            revents: 0,
        };
        let millis = left.as_nanos().div_ceil(1_000_000) as i32;
        // SAFETY: the place is valid.
        let ready = unsafe { libc::poll(&raw mut poll, 1, millis) };
        if ready < 0 && errno() == libc::EINTR {
            continue;
        }
        return ready == 1 && poll.revents & events != 0 && poll.revents & BROKEN == 0;
    }
}

/// How long a handler waits in all for a reader that does not read.
const FOR_READER: Duration = Duration::from_millis(500);
/// A pipe that is ready takes so much.
const PIPE_CHUNK: usize = 4096;
/// The size of the buffer: a socket takes so much at once.
const CHUNK: usize = 16 * 1024;

/// Text on its way to a descriptor, through a buffer on the stack. An error is final.
pub(super) struct Stream<'a> {
    to: &'a Descriptor,
    /// A socket: a reader that is gone is an error, and no `SIGPIPE`.
    is_socket: bool,
    time_left: Duration,
    buffer: [u8; CHUNK],
    used: usize,
}

impl<'a> Stream<'a> {
    pub(super) fn to_socket(to: &'a Descriptor) -> Self {
        Self {
            to,
            is_socket: true,
            time_left: FOR_READER,
            buffer: [0; CHUNK],
            used: 0,
        }
    }

    /// Only for a thread that blocks `SIGPIPE`.
    pub(super) fn to_file(to: &'a Descriptor) -> Self {
        Self {
            is_socket: false,
            ..Self::to_socket(to)
        }
    }

    pub(super) fn flush(&mut self) -> fmt::Result {
        let mut sent = 0;
        while sent < self.used {
            // A file is waited for first, because a write to it may block.
            if !self.is_socket && !self.wait() {
                return Err(fmt::Error);
            }
            let mut rest = &self.buffer[sent..self.used];
            if !self.is_socket {
                rest = &rest[..rest.len().min(PIPE_CHUNK)];
            }
            let now = if self.is_socket {
                // SAFETY: the bytes are valid.
                unsafe {
                    libc::send(
                        self.to.0,
                        rest.as_ptr().cast(),
                        rest.len(),
                        libc::MSG_NOSIGNAL,
                    )
                }
            } else {
                write_now(self.to, rest)
            };
            match usize::try_from(now) {
                Ok(now) => sent += now,
                Err(_) if errno() == libc::EINTR => {}
                Err(_) if errno() == libc::EAGAIN => {
                    if !self.wait() {
                        return Err(fmt::Error);
                    }
                }
                Err(_) => return Err(fmt::Error),
            }
        }
        self.used = 0;
        Ok(())
    }

    /// Waits until there is room, in the time that is left.
    fn wait(&mut self) -> bool {
        let begun = now();
        let is_ready = is_ready(self.to, libc::POLLOUT, self.time_left);
        let waited = Duration::from_nanos(now().saturating_sub(begun));
        self.time_left = self.time_left.saturating_sub(waited);
        is_ready
    }
}

/// Writes to a file that is ready. Another thread may take the room meanwhile, so the write does
/// not wait, where the system has such writes. Takes a `SIGPIPE` back.
fn write_now(to: &Descriptor, bytes: &[u8]) -> isize {
    const HERE: libc::c_long = -1;
    const NOWAIT: libc::c_int = 8;
    let part = libc::iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    };
    // SAFETY: the bytes are valid, and only read. The place in the file is where it stands.
    let mut written = unsafe {
        libc::syscall(
            libc::SYS_pwritev2,
            to.0,
            &raw const part,
            1_usize,
            HERE,
            HERE,
            NOWAIT,
        )
    } as isize;
    if written < 0 && matches!(errno(), libc::EOPNOTSUPP | libc::ENOSYS | libc::EPERM) {
        // SAFETY: as above.
        written = unsafe { libc::write(to.0, bytes.as_ptr().cast(), bytes.len()) };
    }
    if written < 0 && errno() == libc::EPIPE {
        let at_once = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: all zeros are a valid value, and the places are valid.
        unsafe {
            let mut broken: libc::sigset_t = mem::zeroed();
            libc::sigaddset(&raw mut broken, libc::SIGPIPE);
            libc::sigtimedwait(&raw const broken, std::ptr::null_mut(), &raw const at_once);
        }
        return -1;
    }
    written
}

impl Write for Stream<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            if self.used == CHUNK {
                self.flush()?;
            }
            let now = rest.len().min(CHUNK - self.used);
            let (head, tail) = rest.split_at(now);
            self.buffer[self.used..self.used + now].copy_from_slice(head);
            self.used += now;
            rest = tail;
        }
        Ok(())
    }
}
