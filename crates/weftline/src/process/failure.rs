//! [`ProcessError`]: how a process can end without the value that its function returns.

use crate::thread::Panic;
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::fmt;

/// The name and number of a process, in an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    pub(super) name: String,
    pub(super) pid: u32,
}

impl Who {
    /// The process's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number that the process had.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process '{}' (pid {})", self.name, self.pid)
    }
}

/// Why a process has ended without the value that its function returns.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProcessError {
    /// Its function panicked.
    Panicked {
        /// The process.
        process: Who,
        /// The panic's message and location.
        panic: RemotePanic,
    },
    /// It was ended before its function returned: it called [`std::process::exit`].
    Exited {
        /// The process.
        process: Who,
        /// The exit code.
        code: i32,
    },
    /// A signal has killed it.
    Killed {
        /// The process.
        process: Who,
        /// The signal's number.
        signal: i32,
    },
    /// The arguments that arrived were not of the function's types, or the returned value could not
    /// be encoded or decoded.
    Undecodable {
        /// The process.
        process: Who,
        /// Which of them, and why.
        why: String,
    },
    /// It ended before its function began.
    NeverBegan {
        /// The process.
        process: Who,
        /// The exit code.
        code: i32,
    },
    /// How it ended is not known here: other code has waited for it, or this process is a fork of
    /// its parent.
    Lost {
        /// The process.
        process: Who,
    },
}

impl ProcessError {
    /// The process that the error is about.
    #[must_use]
    pub fn process(&self) -> &Who {
        match self {
            Self::Panicked { process, .. }
            | Self::Exited { process, .. }
            | Self::Killed { process, .. }
            | Self::Undecodable { process, .. }
            | Self::NeverBegan { process, .. }
            | Self::Lost { process } => process,
        }
    }
}

impl fmt::Display for ProcessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.process())?;
        match self {
            Self::Panicked { panic, .. } => panic.fmt(f),
            Self::Exited { code, .. } => write!(
                f,
                "ended with exit code {code} before its function returned: something in it has called `exit`"
            ),
            Self::Killed { signal, .. } => match signal_name(*signal) {
                Some(name) => write!(f, "was killed by {name} (signal {signal})"),
                None => write!(f, "was killed by signal {signal}"),
            },
            Self::Undecodable { why, .. } => f.write_str(why),
            Self::NeverBegan { code, .. } => write!(
                f,
                "ended with exit code {code} before it came to its function: see what it has written to its standard error output; \
                 `main` must begin with `weftline::run(..)` or `weftline::process::init()`"
            ),
            Self::Lost { .. } => f.write_str(
                "has ended, but not how is known: only its parent can ask, and no other code there may wait for any child or ignore SIGCHLD",
            ),
        }
    }
}

impl Error for ProcessError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Panicked { panic, .. } => Some(panic),
            _ => None,
        }
    }
}

fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        libc::SIGHUP => "SIGHUP",
        libc::SIGINT => "SIGINT",
        libc::SIGQUIT => "SIGQUIT",
        libc::SIGILL => "SIGILL",
        libc::SIGTRAP => "SIGTRAP",
        libc::SIGABRT => "SIGABRT",
        libc::SIGBUS => "SIGBUS",
        libc::SIGFPE => "SIGFPE",
        libc::SIGKILL => "SIGKILL",
        libc::SIGUSR1 => "SIGUSR1",
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGUSR2 => "SIGUSR2",
        libc::SIGPIPE => "SIGPIPE",
        libc::SIGALRM => "SIGALRM",
        libc::SIGTERM => "SIGTERM",
        libc::SIGXCPU => "SIGXCPU",
        libc::SIGXFSZ => "SIGXFSZ",
        libc::SIGSYS => "SIGSYS",
        _ => return None,
    })
}

/// A panic that ended the function of another process. The program's panic hook printed it there,
/// too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemotePanic(Box<Told>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    message: String,
    location: Option<String>,
    backtrace: Option<String>,
    thread: String,
}

impl RemotePanic {
    pub(super) fn of(panic: &Panic) -> Self {
        Self(Box::new(Told {
            message: panic.message().to_owned(),
            location: panic.location().map(str::to_owned),
            backtrace: panic.backtrace().map(ToString::to_string),
            thread: panic.thread_name().to_owned(),
        }))
    }

    /// The panic's message, or `Box<dyn Any>` for a payload that is not text.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where it happened, as `file:line:column`. `None` when the panic was resumed, or when the
    /// function has set a panic hook that does not call the previous hook.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.0.location.as_deref()
    }

    /// The backtrace, if `RUST_BACKTRACE` asks for it.
    #[must_use]
    pub fn backtrace(&self) -> Option<&str> {
        self.0.backtrace.as_deref()
    }

    /// The name of the thread on which it happened.
    #[must_use]
    pub fn thread_name(&self) -> &str {
        &self.0.thread
    }
}

impl fmt::Display for RemotePanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("panicked")?;
        if let Some(location) = self.location() {
            write!(f, " at {location}")?;
        }
        write!(f, ": {}", self.0.message)
    }
}

impl Error for RemotePanic {}
