//! [`Descriptor`]: an open file, as an argument or a result.

use super::envelope::{attach, detach, refuse};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// A file descriptor that can go to another process, as an argument, as part of an argument, or in
/// a function's result.
///
/// The other process gets a descriptor of its own for the same open file, socket or end of a pipe.
/// This descriptor stays open until it is dropped. No other file that is open here is open there.
///
/// ```no_run
/// use std::fs::File;
/// use std::io::Write;
/// use weftline::process::{self, Descriptor, register};
///
/// fn write_report(to: Descriptor) {
///     writeln!(File::from(to.into_inner()), "all is well").unwrap();
/// }
/// register!(write_report);
///
/// fn main() {
///     weftline::run(|| {
///         let report = File::create("report.txt").unwrap();
///         process::spawn(write_report, (Descriptor::from(report),)).unwrap().join().unwrap();
///     });
/// }
/// ```
#[derive(Debug)]
pub struct Descriptor(OwnedFd);

impl Descriptor {
    /// The descriptor itself, for a file or a socket.
    #[must_use]
    pub fn into_inner(self) -> OwnedFd {
        self.0
    }
}

/// The same file, under a number above those of the standard streams. A program that has closed a
/// standard stream may still write to its number, and pass it to its children: that must be no file
/// of this library.
pub(super) fn above_streams(file: OwnedFd) -> rustix::io::Result<OwnedFd> {
    if file.as_raw_fd() > 2 {
        return Ok(file);
    }
    rustix::io::fcntl_dupfd_cloexec(file, 3)
}

impl<T: Into<OwnedFd>> From<T> for Descriptor {
    fn from(file: T) -> Self {
        Self(file.into())
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Serialize for Descriptor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number = attach(self.as_fd()).map_err(serde::ser::Error::custom)?;
        serializer.serialize_u32(number)
    }
}

impl<'de> Deserialize<'de> for Descriptor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u32::deserialize(deserializer)?;
        let descriptor = detach(number).ok_or_else(|| {
            refuse("a file descriptor did not come along");
            serde::de::Error::custom("no file descriptor")
        })?;
        Ok(Self(descriptor))
    }
}
