//! [`StartError`]: why a process was not started.

use super::{EncodeError, envelope};
use std::error::Error;
use std::fmt;
use std::io;

/// Why a process was not started. Nothing of it has run.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// Neither [`weftline::run`](crate::run) nor [`init`](super::init) has been called in this
    /// program.
    NotInitialised,
    /// The function is not registered.
    NotRegistered {
        /// The name of the function.
        name: String,
        /// The registered functions, in the order of their names. If they are many, similar names
        /// come first.
        registered: Vec<&'static str>,
    },
    /// Different functions are registered under the name.
    RegisteredTwice {
        /// The name.
        name: String,
    },
    /// The function of that name does not return the type that the caller of
    /// [`Process::named`](super::Process::named) has asked for.
    ReturnsOther {
        /// The name of the function.
        name: String,
        /// The type that it returns.
        returns: &'static str,
        /// The type that was asked for.
        expected: &'static str,
    },
    /// The arguments cannot be encoded.
    Encode(EncodeError),
    /// A daemon process starts none: they would go on when it is killed with its parent.
    DaemonHasNoChildren,
    /// The system has refused.
    System(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInitialised => f.write_str(
                "this program cannot start processes: each is the program started again, so its `main` must begin with \
                 `weftline::run(..)` or `weftline::process::init()`, which run the process's function there",
            ),
            Self::NotRegistered { name, registered } => not_registered(f, name, registered),
            Self::RegisteredTwice { name } => write!(
                f,
                "different functions are registered as `{name}`: give one of them a name of its own, `register!(\"name\", function)`"
            ),
            Self::ReturnsOther {
                name,
                returns,
                expected,
            } => write!(
                f,
                "the function that is registered as `{name}` returns {returns}, not {expected}"
            ),
            Self::Encode(why) => write!(f, "the arguments of a process: {why}"),
            Self::DaemonHasNoChildren => f.write_str(
                "a daemon process cannot start processes: they would be left behind when it is killed with its parent",
            ),
            Self::System(why) => write!(f, "the system starts no process: {}", advice(why)),
        }
    }
}

fn not_registered(f: &mut fmt::Formatter<'_>, name: &str, all: &[&str]) -> fmt::Result {
    const MOST: usize = 10;
    write!(
        f,
        "`{name}` is not registered: put `weftline::process::register!({name})` beside the function. "
    )?;
    let shown = &all[..all.len().min(MOST)];
    match all.len() {
        0 => f.write_str("No function is registered"),
        1..=MOST => write!(f, "Registered functions: {}", shown.join(", ")),
        more => write!(
            f,
            "{more} functions are registered; those with similar names: {}",
            shown.join(", ")
        ),
    }
}

/// The error, with advice.
fn advice(why: &io::Error) -> String {
    match why.raw_os_error() {
        Some(libc::EAGAIN) => {
            format!("there are too many ({why}): join some, or raise the limit (ulimit -u)")
        }
        Some(libc::ENOMEM) => format!("memory is short ({why})"),
        Some(libc::ETOOMANYREFS) => {
            format!("too many file descriptors are on their way ({why}): hand over fewer at once")
        }
        Some(libc::ENOENT | libc::EACCES) => {
            format!("{why}: its executable is /proc/self/exe, and its directory must exist")
        }
        Some(libc::ENOSYS) => format!("{why}: weftline needs Linux 5.4 for that"),
        _ => envelope::no_descriptor(why),
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Encode(why) => Some(why),
            Self::System(why) => Some(why),
            _ => None,
        }
    }
}

impl From<io::Error> for StartError {
    fn from(why: io::Error) -> Self {
        Self::System(why)
    }
}
