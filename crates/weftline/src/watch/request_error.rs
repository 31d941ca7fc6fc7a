//! [`RequestError`]: why a process was not asked, or did not answer.

use std::fmt;
use std::io;

/// Why a process was not asked, or did not answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum RequestError {
    /// There is no process of that number.
    NoProcess,
    /// It belongs to another user.
    OtherUser {
        /// That user's number.
        uid: u32,
    },
    /// The system does not let this user see whether it answers.
    NotVisible,
    /// It does not answer: it is not on weftline, or has taken the signal. It got no signal.
    NotAnswering,
    /// All of its threads block the signal. It got none.
    Blocked {
        /// The signal.
        signal: i32,
    },
    /// Its threads that take the signal are in `pause` or `sigsuspend`, which any signal ends. It
    /// got none.
    Paused,
    /// It is stopped, or a debugger has stopped it. It got no signal.
    Stopped,
    /// It is in another network namespace, from which it cannot reach this process. It got no
    /// signal.
    OtherNetwork,
    /// It got the signal and did not begin to answer within two seconds.
    Silent,
    /// It told something that this version does not understand.
    OtherVersion,
    /// The system refused something.
    System(&'static str, io::Error),
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoProcess => f.write_str("there is no such process"),
            Self::OtherUser { uid } => write!(
                f,
                "it belongs to the user {uid}: ask as that user (sudo -u '#{uid}' …) or as root"
            ),
            Self::NotVisible => f.write_str(
                "this user may not see whether it answers, perhaps because it has changed its \
                 user: ask as root",
            ),
            Self::NotAnswering => f.write_str(
                "it does not run on weftline, or uses the signal itself, so it got no signal. A \
                 Python program answers after weftline.install() or under `weftline run`, a Rust \
                 program under weftline::run",
            ),
            Self::Blocked { signal } => write!(
                f,
                "all of its threads block the signal {signal}, so it got none"
            ),
            Self::Paused => f.write_str(
                "it waits for any signal in pause or sigsuspend and no thread waits for anything \
                 else; a request would end that, so it got no signal",
            ),
            Self::Stopped => f.write_str("it is stopped: continue it first (kill -CONT)"),
            Self::OtherNetwork => f.write_str(
                "it is in another network namespace, as in a container: ask from there (docker \
                 exec … weftline dump, or nsenter --net --target PID)",
            ),
            Self::Silent => f.write_str(
                "it did not answer within 2 s: the machine is overloaded, or it waits in the \
                 kernel (state D in ps)",
            ),
            Self::OtherVersion => f.write_str(
                "it runs a later version of weftline than this command: use the command of its \
                 environment",
            ),
            Self::System(what, error) => write!(f, "{what}: {error}"),
        }
    }
}

impl std::error::Error for RequestError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::System(_, error) => Some(error),
            _ => None,
        }
    }
}
