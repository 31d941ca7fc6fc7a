//! Why a task has no value, or not yet.

use super::future::Future;
use crate::thread::Panic;
use std::fmt;

/// Why a task has no value.
#[derive(Debug)]
pub enum TaskError {
    /// It was cancelled before a worker began with it.
    #[doc(alias = "CancelledError")]
    Cancelled,
    /// It panicked.
    Panicked(Panic),
    /// The pool's initialiser panicked, so nothing runs in it.
    #[doc(alias = "BrokenThreadPool")]
    Broken,
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("the task was cancelled"),
            Self::Panicked(panic) => write!(f, "the task panicked: {panic}"),
            Self::Broken => {
                f.write_str("an initialiser of the pool panicked, so nothing runs in it")
            }
        }
    }
}

impl std::error::Error for TaskError {}

/// Why there is no result yet, or none at all.
#[derive(Debug)]
pub enum ResultError<T> {
    /// The task has not ended in time; its future comes back.
    #[doc(alias = "TimeoutError")]
    NotYet(Future<T>),
    /// It has ended without a value.
    Failed(TaskError),
}

impl<T> fmt::Display for ResultError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotYet(_) => f.write_str("the task has not ended"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl<T: fmt::Debug> std::error::Error for ResultError<T> {}
