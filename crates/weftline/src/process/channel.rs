//! [`Channel`]: the socket between a process and its child.
//!
//! # Implementation
//!
//! A connected pair of `AF_UNIX` sockets that preserve message bounds. A message is a *head*, which
//! names its kind, and a *body* with descriptors. It travels as one or more packets:
//!
//! | packet | bytes | descriptors |
//! |---|---|---|
//! | the first | [`Bounds`], then head and body if they are short | if they are not, a file in memory with head and body; up to 200 of the message's |
//! | others, if the descriptors are more | one | up to 200 |
//!
//! So every message fits into the buffer of the socket. A child can leave its result there and end;
//! no receiver needs to be waiting.

use super::Envelope;
use super::descriptor::above_streams;
use super::envelope::no_descriptor;
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;

/// Longer messages travel as a file in memory.
const MOST_INLINE: usize = 32 * 1024;
/// The most descriptors in a packet; the kernel takes 253.
const MOST_DESCRIPTORS: usize = 200;
const SPACE: usize = rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS + 1));

/// One end of the pair.
#[derive(Debug)]
pub(super) struct Channel(OwnedFd);

/// The beginning of the first packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bounds {
    head: u64,
    body: u64,
    descriptors: u64,
    is_in_memory: bool,
}

impl Bounds {
    /// Marks a message of this library, in this version.
    const MAGIC: [u8; 8] = *b"weftlin\x01";
    const LENGTH: usize = 40;

    fn write(self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        bytes[..8].copy_from_slice(&Self::MAGIC);
        let numbers = [
            self.head,
            self.body,
            self.descriptors,
            u64::from(self.is_in_memory),
        ];
        for (place, number) in bytes[8..].chunks_exact_mut(8).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (magic, numbers) = bytes.get(..Self::LENGTH)?.split_at(8);
        let number = |place: usize| {
            let bytes = &numbers[place * 8..][..8];
            u64::from_le_bytes(bytes.try_into().expect("eight of them"))
        };
        (magic == Self::MAGIC).then(|| Self {
            head: number(0),
            body: number(1),
            descriptors: number(2),
            is_in_memory: number(3) != 0,
        })
    }
}

impl Channel {
    /// This process's end, and the other end.
    pub(super) fn pair() -> io::Result<(Self, OwnedFd)> {
        let (ours, theirs) = rustix::net::socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )?;
        Ok((Self(above_streams(ours)?), above_streams(theirs)?))
    }

    pub(super) fn from_descriptor(descriptor: OwnedFd) -> Self {
        Self(descriptor)
    }

    /// Sends a message, whose descriptors are `first` and then those of `body`.
    ///
    /// # Errors
    /// The system's; [`is_gone`] tells that no process will ever read the message.
    pub(super) fn send<H: Serialize>(
        &self,
        head: &H,
        first: &[BorrowedFd<'_>],
        body: &Envelope,
    ) -> io::Result<()> {
        let head = super::envelope::encode(head).map_err(io::Error::other)?;
        let of_body = body.descriptors.iter().map(AsFd::as_fd);
        let descriptors: Vec<_> = first.iter().copied().chain(of_body).collect();
        let is_in_memory = head.len() + body.bytes.len() > MOST_INLINE;
        let bounds = Bounds {
            head: head.len() as u64,
            body: body.bytes.len() as u64,
            descriptors: descriptors.len() as u64,
            is_in_memory,
        }
        .write();
        let (now, later) = descriptors.split_at(descriptors.len().min(MOST_DESCRIPTORS));
        if is_in_memory {
            let memory = in_memory(&head, &body.bytes)?;
            let now: Vec<_> = std::iter::once(memory.as_fd())
                .chain(now.iter().copied())
                .collect();
            self.send_packet(&[&bounds], &now)?;
        } else {
            self.send_packet(&[&bounds, &head, &body.bytes], now)?;
        }
        for some in later.chunks(MOST_DESCRIPTORS) {
            self.send_packet(&[&[0]], some)?;
        }
        Ok(())
    }

    fn send_packet(&self, parts: &[&[u8]], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
        let parts: Vec<_> = parts.iter().map(|part| IoSlice::new(part)).collect();
        let mut space = [MaybeUninit::uninit(); SPACE];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !descriptors.is_empty() {
            let fits = control.push(SendAncillaryMessage::ScmRights(descriptors));
            debug_assert!(fits, "the space is for that many");
        }
        retry_on_intr(|| rustix::net::sendmsg(&self.0, &parts, &mut control, SendFlags::NOSIGNAL))?;
        Ok(())
    }

    /// The next message. `None` when there is none and there will be none; without `waits`, also
    /// when there is none yet.
    ///
    /// # Errors
    /// The system's, or an error that says how the message is malformed.
    pub(super) fn receive<H: DeserializeOwned>(
        &self,
        waits: bool,
    ) -> io::Result<Option<(H, Envelope)>> {
        let mut bytes = vec![0; Bounds::LENGTH + MOST_INLINE];
        let mut descriptors = Vec::new();
        let Some(length) = self.receive_packet(waits, &mut bytes, &mut descriptors)? else {
            return Ok(None);
        };
        bytes.truncate(length);
        let bounds = Bounds::read(&bytes).ok_or_else(|| bad("it is none of this version"))?;
        bytes.drain(..Bounds::LENGTH);
        let length = usize::try_from(bounds.head + bounds.body).map_err(io::Error::other)?;
        if bounds.is_in_memory {
            if descriptors.is_empty() {
                return Err(bad("its file is missing"));
            }
            bytes = vec![0; length];
            File::from(descriptors.remove(0)).read_exact_at(&mut bytes, 0)?;
        } else if bytes.len() != length {
            return Err(bad("it is cut off"));
        }
        while (descriptors.len() as u64) < bounds.descriptors {
            let more = self.receive_packet(waits, &mut [0], &mut descriptors)?;
            if more.is_none() {
                return Err(bad("descriptors are missing"));
            }
        }
        let body = bytes.split_off(bounds.head as usize);
        let head = super::envelope::decode(&bytes).map_err(io::Error::other)?;
        Ok(Some((
            head,
            Envelope {
                bytes: body,
                descriptors,
            },
        )))
    }

    /// The number of bytes received, or `None` as [`receive`](Self::receive) has it.
    fn receive_packet(
        &self,
        waits: bool,
        bytes: &mut [u8],
        descriptors: &mut Vec<OwnedFd>,
    ) -> io::Result<Option<usize>> {
        let mut flags = RecvFlags::CMSG_CLOEXEC;
        flags.set(RecvFlags::DONTWAIT, !waits);
        let mut space = [MaybeUninit::uninit(); SPACE];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let received = retry_on_intr(|| {
            let mut parts = [IoSliceMut::new(bytes)];
            rustix::net::recvmsg(&self.0, &mut parts, &mut control, flags)
        });
        let received = match received {
            Ok(received) => received,
            // The other end was closed before it had read everything: the peer is gone in this
            // case, too.
            Err(Errno::AGAIN | Errno::CONNRESET) => return Ok(None),
            Err(why) => return Err(why.into()),
        };
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(some) = message {
                for descriptor in some {
                    descriptors.push(above_streams(descriptor)?);
                }
            }
        }
        if received.flags.contains(ReturnFlags::CTRUNC) {
            // The kernel passes only as many as there are free numbers.
            let full = io::Error::from_raw_os_error(libc::EMFILE);
            return Err(io::Error::new(full.kind(), no_descriptor(&full)));
        }
        Ok((received.bytes > 0).then_some(received.bytes))
    }

    /// The process that made this pair of sockets; `None` if this is no such socket.
    pub(super) fn maker(&self) -> Option<u32> {
        let mut maker = libc::ucred {
            pid: 0,
            uid: 0,
            gid: 0,
        };
        let mut length = size_of::<libc::ucred>() as libc::socklen_t;
        // Not through rustix, whose pid cannot be the zero that other sockets report.
        // SAFETY: both are valid places, and `length` is the size of `maker`.
        let refused = unsafe {
            libc::getsockopt(
                std::os::fd::AsRawFd::as_raw_fd(&self.0),
                libc::SOL_SOCKET,
                libc::SO_PEERCRED,
                (&raw mut maker).cast(),
                &raw mut length,
            )
        };
        let is_ours = rustix::net::sockopt::socket_type(&self.0) == Ok(SocketType::SEQPACKET);
        (refused == 0 && is_ours && maker.pid > 0).then(|| maker.pid.unsigned_abs())
    }
}

/// Whether a message was not sent because no process is left to read it.
pub(super) fn is_gone(why: &io::Error) -> bool {
    matches!(why.raw_os_error(), Some(libc::EPIPE | libc::ECONNRESET))
}

fn in_memory(head: &[u8], body: &[u8]) -> io::Result<File> {
    let file = rustix::fs::memfd_create(c"weftline", rustix::fs::MemfdFlags::CLOEXEC)?;
    let mut file = File::from(above_streams(file)?);
    file.write_all(head)?;
    file.write_all(body)?;
    Ok(file)
}

fn bad(why: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("a message between processes cannot be read: {why}"),
    )
}
