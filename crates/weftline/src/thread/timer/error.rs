//! The errors of starting, joining and waiting for timers.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io;

/// Why a timer did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// It was started before. A timer can be started only once.
    #[doc(alias = "RuntimeError")]
    StartedBefore,
    /// The operating system has no thread for the timers. The timer can be started again later.
    NoThread(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StartedBefore => f.write_str("a timer can be started only once"),
            Self::NoThread(why) => write!(f, "no thread for the timers: {why}"),
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::StartedBefore => None,
            Self::NoThread(why) => Some(why),
        }
    }
}

/// Why a timer could not be joined, or did not end well.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JoinError {
    /// It was neither started nor cancelled, so it will not end.
    #[doc(alias = "RuntimeError")]
    NotStarted,
    /// The timer's own function has called the join.
    #[doc(alias = "RuntimeError")]
    FromItsFunction,
    /// The deadline passed before the function had returned.
    TimedOut,
    /// The function panicked, with this message.
    Panicked(Cow<'static, str>),
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStarted => {
                f.write_str("a timer that was not started cannot be joined: start or cancel it")
            }
            Self::FromItsFunction => f.write_str("a timer's function cannot join the timer"),
            Self::TimedOut => f.write_str("timed out"),
            Self::Panicked(message) => write!(f, "the timer's function panicked: {message}"),
        }
    }
}

impl Error for JoinError {}

/// The periodic timer was stopped, so there are no more ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the periodic timer was stopped")
    }
}

impl Error for Stopped {}

/// Why a wait for a tick ended without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TickError {
    /// There was no tick before the deadline.
    TimedOut,
    /// The timer was stopped, so there are no more ticks.
    Stopped,
}

impl fmt::Display for TickError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("timed out"),
            Self::Stopped => fmt::Display::fmt(&Stopped, f),
        }
    }
}

impl Error for TickError {}

impl From<Stopped> for TickError {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

/// The period of a periodic timer is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ZeroPeriod;

impl fmt::Display for ZeroPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a periodic timer needs a period longer than zero")
    }
}

impl Error for ZeroPeriod {}
