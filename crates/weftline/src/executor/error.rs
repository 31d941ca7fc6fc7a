//! [`TaskError`]: why a task has no value.

use crate::thread::Panic;
use std::fmt;

/// Why a task has no value.
#[derive(Debug)]
#[non_exhaustive]
pub enum TaskError {
    /// It was cancelled before a worker began with it.
    #[doc(alias = "CancelledError")]
    Cancelled,
    /// It panicked. For a task of a pool of processes: reading its value, in this process,
    /// panicked.
    Panicked(Panic),
    /// The pool's initialiser panicked, or ended its process, so the pool runs nothing.
    #[doc(alias = "BrokenThreadPool")]
    Broken,
    /// The executor that runs tasks elsewhere reports why there is no value. A pool of processes
    /// reports a `ProcessError`, with the exit code of a worker that died.
    #[doc(alias = "BrokenProcessPool")]
    Elsewhere(Box<dyn std::error::Error + Send + Sync>),
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("the task was cancelled"),
            Self::Panicked(panic) => write!(f, "the task panicked: {panic}"),
            Self::Broken => {
                f.write_str("an initialiser of the pool panicked, so the pool runs nothing")
            }
            Self::Elsewhere(why) => write!(f, "the task failed: {why}"),
        }
    }
}

impl std::error::Error for TaskError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Panicked(panic) => Some(panic),
            Self::Elsewhere(why) => Some(&**why),
            Self::Cancelled | Self::Broken => None,
        }
    }
}
