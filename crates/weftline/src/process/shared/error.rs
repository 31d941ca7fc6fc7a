//! [`SharedError`]: why there is no shared object, or no memory for more of one.

use super::super::envelope;
use rustix::io::Errno;
use std::error::Error;
use std::fmt;
use std::io;

/// Why there is no shared object.
#[derive(Debug)]
#[non_exhaustive]
pub enum SharedError {
    /// No memory is left for it: free some, or give the machine (the container, `/dev/shm`) more.
    NoMemory(io::Error),
    /// The process has too many files open: an object in shared memory is one. Drop some, or raise
    /// the limit (`ulimit -n`).
    TooManyFiles(io::Error),
    /// There is an object of that name: open it, [`unlink`](crate::process::unlink) it, or choose
    /// another name.
    Exists(String),
    /// There is no object of that name: create it first. (Names are gone when the machine
    /// restarts.)
    NotFound(String),
    /// A name is a file's name in `/dev/shm`: at least one byte, at most 255, no `/`, no NUL, and
    /// neither `.` nor `..`.
    BadName(String),
    /// The file of that name is no such object; the text says what it is instead.
    Mismatch(String),
    /// The file of that name belongs to another user, or other users may write to it, so it could
    /// lead this program astray. To use another user's object, call `open_of_user`.
    NotTrusted {
        /// The object's name.
        name: String,
        /// The user that its file belongs to.
        owner: u32,
        /// The permissions of its file.
        mode: u32,
    },
    /// The C library does not tell the kernel about locks in a way that this library knows.
    Unsupported(&'static str),
    /// The system refused, for another reason.
    System(io::Error),
}

impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMemory(why) => write!(f, "no memory is left for a shared object: {why}"),
            Self::TooManyFiles(why) => f.write_str(&envelope::no_descriptor(why)),
            Self::Exists(name) => write!(
                f,
                "there is a shared object named {name:?}: open it, unlink it, or choose another name"
            ),
            Self::NotFound(name) => write!(
                f,
                "there is no shared object named {name:?}: create it before it is opened"
            ),
            Self::BadName(name) => write!(
                f,
                "{name:?} cannot name a shared object: a name has 1 to 255 bytes and no '/' or NUL"
            ),
            Self::Mismatch(what) => f.write_str(what),
            Self::NotTrusted { name, owner, mode } => write!(
                f,
                "the shared object named {name:?} is not this user's alone: it belongs to user {owner} and has mode {mode:o}"
            ),
            Self::Unsupported(what) => f.write_str(what),
            Self::System(why) => write!(f, "the system refused a shared object: {why}"),
        }
    }
}

impl Error for SharedError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NoMemory(why) | Self::TooManyFiles(why) | Self::System(why) => Some(why),
            _ => None,
        }
    }
}

impl From<Errno> for SharedError {
    fn from(errno: Errno) -> Self {
        let why = io::Error::from(errno);
        match errno {
            Errno::NOSPC | Errno::NOMEM | Errno::DQUOT => Self::NoMemory(why),
            Errno::MFILE | Errno::NFILE => Self::TooManyFiles(why),
            _ => Self::System(why),
        }
    }
}
