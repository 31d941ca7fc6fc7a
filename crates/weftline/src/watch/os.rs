//! The calls of the system that both ends of a request need. All are safe in a signal handler.

use std::fmt::{self, Write};
use std::mem;

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

/// The address at which the one that asks listens: in the abstract namespace, which needs no file.
pub(super) fn address(nonce: u64) -> (libc::sockaddr_un, libc::socklen_t) {
    // SAFETY: all zeros are a valid value.
    let mut address: libc::sockaddr_un = unsafe { mem::zeroed() };
    address.sun_family = libc::AF_UNIX as libc::sa_family_t;
    let mut len = 1;
    for &byte in b"weftline-" {
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

/// A stream of text to the one that asks.
pub(super) fn connect(nonce: u64) -> Option<Descriptor> {
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: no memory is passed.
    let socket = unsafe { libc::socket(libc::AF_UNIX, kind, 0) };
    if socket < 0 {
        return None;
    }
    let socket = Descriptor(socket);
    let (address, len) = address(nonce);
    // SAFETY: the address is valid for its length.
    let connected = unsafe { libc::connect(socket.0, (&raw const address).cast(), len) };
    (connected == 0 && is_of_this_user(&socket)).then_some(socket)
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

/// Waits until the descriptor is ready for `events`; `false` if that takes longer.
pub(super) fn is_ready(descriptor: &Descriptor, events: libc::c_short, millis: i32) -> bool {
    let mut poll = libc::pollfd {
        fd: descriptor.0,
        events,
        revents: 0,
    };
    // SAFETY: the place is valid.
    unsafe { libc::poll(&raw mut poll, 1, millis) == 1 && poll.revents & events != 0 }
}

/// What a handler may spend on a reader that does not read: then it gives up.
const PATIENCE_MILLIS: i32 = 100;
const CHUNK: usize = 1024;

/// Text on its way to a descriptor, through a buffer on the stack. An error is final.
pub(super) struct Stream<'a> {
    to: &'a Descriptor,
    /// A socket: a reader that is gone is an error, and no `SIGPIPE`.
    is_socket: bool,
    buffer: [u8; CHUNK],
    used: usize,
}

impl<'a> Stream<'a> {
    pub(super) fn to_socket(to: &'a Descriptor) -> Self {
        Self {
            to,
            is_socket: true,
            buffer: [0; CHUNK],
            used: 0,
        }
    }

    pub(super) fn to_file(to: &'a Descriptor) -> Self {
        Self {
            is_socket: false,
            ..Self::to_socket(to)
        }
    }

    pub(super) fn flush(&mut self) -> fmt::Result {
        let mut sent = 0;
        while sent < self.used {
            let rest = &self.buffer[sent..self.used];
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
            } else if is_ready(self.to, libc::POLLOUT, PATIENCE_MILLIS) {
                // SAFETY: as above.
                unsafe { libc::write(self.to.0, rest.as_ptr().cast(), rest.len()) }
            } else {
                return Err(fmt::Error);
            };
            match usize::try_from(now) {
                Ok(now) => sent += now,
                Err(_) if errno() == libc::EINTR => {}
                Err(_) if errno() == libc::EAGAIN => {
                    if !is_ready(self.to, libc::POLLOUT, PATIENCE_MILLIS) {
                        return Err(fmt::Error);
                    }
                }
                Err(_) => return Err(fmt::Error),
            }
        }
        self.used = 0;
        Ok(())
    }
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
