//! [`Stdio`]: a standard stream of a process.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A standard stream of a process: that of its parent, none, or any file.
///
/// ```no_run
/// use std::io::Read;
/// use weftline::process::{Process, Stdio, register};
///
/// fn report() {
///     println!("all is well");
/// }
/// register!(report);
///
/// fn main() {
///     weftline::run(|| {
///         let (mut reader, writer) = std::io::pipe().unwrap();
///         let child = Process::new(report, ()).stdin(Stdio::null()).stdout(writer).start().unwrap();
///         let mut said = String::new();
///         reader.read_to_string(&mut said).unwrap();
///         assert_eq!(said, "all is well\n");
///         child.join().unwrap();
///     });
/// }
/// ```
#[derive(Debug)]
pub struct Stdio(Choice);

#[derive(Debug)]
enum Choice {
    Inherit,
    Null,
    File(OwnedFd),
}

impl Stdio {
    /// The stream of the parent.
    #[must_use]
    pub fn inherit() -> Self {
        Self(Choice::Inherit)
    }

    /// An empty stream: reads find nothing, and writes disappear.
    #[must_use]
    pub fn null() -> Self {
        Self(Choice::Null)
    }

    /// The stream as a standard input for the child; `None` when the parent has closed its own.
    pub(super) fn open(self) -> io::Result<Option<Stream>> {
        Ok(match self.0 {
            Choice::Inherit => {
                let stdin = rustix::stdio::stdin();
                rustix::io::fcntl_getfd(stdin)
                    .is_ok()
                    .then_some(Stream::Borrowed(stdin))
            }
            Choice::Null => Some(Stream::Owned(File::open("/dev/null")?.into())),
            Choice::File(descriptor) => Some(Stream::Owned(descriptor)),
        })
    }
}

pub(super) enum Stream {
    Borrowed(BorrowedFd<'static>),
    Owned(OwnedFd),
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Borrowed(descriptor) => *descriptor,
            Self::Owned(descriptor) => descriptor.as_fd(),
        }
    }
}

impl<T: Into<OwnedFd>> From<T> for Stdio {
    fn from(file: T) -> Self {
        Self(Choice::File(file.into()))
    }
}

impl From<Stdio> for std::process::Stdio {
    fn from(stream: Stdio) -> Self {
        match stream.0 {
            Choice::Inherit => Self::inherit(),
            Choice::Null => Self::null(),
            Choice::File(descriptor) => descriptor.into(),
        }
    }
}
