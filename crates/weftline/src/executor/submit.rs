//! [`Executor`]: what takes tasks and gives futures.

use super::future::Future;
use std::fmt;
use std::io;

/// Runs tasks of the kind `F` somewhere else, and gives a [`Future`] for each: Python's `concurrent.futures.Executor`.
#[doc(alias = "concurrent.futures.Executor")]
pub trait Executor<F> {
    /// What a task returns.
    type Output;

    /// Has `task` run.
    ///
    /// # Errors
    /// [`SubmitError`], with the task.
    fn submit(&self, task: F) -> Result<Future<Self::Output>, SubmitError<F>>;

    /// Takes no more tasks. Those that wait still run, or are cancelled if `cancel_futures`. If `wait`, returns when all have ended.
    fn shutdown(&self, wait: bool, cancel_futures: bool);
}

/// Why a task was not taken; it comes back.
#[non_exhaustive]
pub enum SubmitError<F> {
    /// The executor was shut down.
    ShutDown(F),
    /// An initialiser of the pool panicked, so nothing runs in it.
    #[doc(alias = "BrokenThreadPool")]
    Broken(F),
    /// The pool has no thread yet, and the system refused one. Everything is as it was.
    NoThread(F, io::Error),
    /// It cannot be run where the executor runs its tasks; says why.
    Unfit(F, Box<dyn std::error::Error + Send + Sync>),
}

impl<F> SubmitError<F> {
    /// The task that was not taken.
    pub fn into_inner(self) -> F {
        match self {
            Self::ShutDown(task)
            | Self::Broken(task)
            | Self::NoThread(task, _)
            | Self::Unfit(task, _) => task,
        }
    }
}

impl<F> fmt::Debug for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShutDown(_) => f.write_str("ShutDown(..)"),
            Self::Broken(_) => f.write_str("Broken(..)"),
            Self::NoThread(_, error) => write!(f, "NoThread(.., {error:?})"),
            Self::Unfit(_, why) => write!(f, "Unfit(.., {why:?})"),
        }
    }
}

impl<F> fmt::Display for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShutDown(_) => f.write_str("the executor was shut down: submit before that"),
            Self::Broken(_) => {
                f.write_str("an initialiser of the pool panicked, so nothing runs in it")
            }
            Self::NoThread(_, error) => write!(f, "the system refused a thread: {error}"),
            Self::Unfit(_, why) => why.fmt(f),
        }
    }
}

impl<F> std::error::Error for SubmitError<F> {}
