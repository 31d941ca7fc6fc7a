//! [`Executor`]: takes tasks and returns futures.

use super::future::Future;
use std::fmt;
use std::io;

/// Runs tasks of the kind `F` elsewhere, and returns a [`Future`] for each: Python's
/// `concurrent.futures.Executor`.
#[doc(alias = "concurrent.futures.Executor")]
pub trait Executor<F> {
    /// The type that a task returns.
    type Output;

    /// Has `task` run.
    ///
    /// # Errors
    /// [`SubmitError`], with the task.
    fn submit(&self, task: F) -> Result<Future<Self::Output>, SubmitError<F>>;

    /// Takes no more tasks, and waits for the submitted ones, or does as the options say.
    fn shutdown_with(&self, options: ShutdownOptions);
}

/// The options of a shutdown:
/// [`ThreadPoolExecutor::shutdown_with`](crate::ThreadPoolExecutor::shutdown_with), or a process
/// pool's.
///
/// ```
/// use weftline::{ShutdownOptions, ThreadPoolExecutor};
///
/// let pool = ThreadPoolExecutor::new(4);
/// pool.shutdown_with(ShutdownOptions::new().wait(false).cancel_futures(true));
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "options do nothing by themselves"]
pub struct ShutdownOptions {
    pub(crate) wait: bool,
    pub(crate) cancel_futures: bool,
}

impl ShutdownOptions {
    /// Waits for all tasks and cancels none.
    pub const fn new() -> Self {
        Self {
            wait: true,
            cancel_futures: false,
        }
    }

    /// Whether the call waits until all tasks have ended. Otherwise it returns without waiting, and
    /// the tasks end by themselves.
    pub const fn wait(mut self, wait: bool) -> Self {
        self.wait = wait;
        self
    }

    /// Whether the tasks that no worker has begun with are cancelled.
    pub const fn cancel_futures(mut self, cancel_futures: bool) -> Self {
        self.cancel_futures = cancel_futures;
        self
    }
}

impl Default for ShutdownOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// Why a task was not taken. The task is returned.
#[non_exhaustive]
pub enum SubmitError<F> {
    /// The executor was shut down.
    ShutDown(F),
    /// An initialiser of the pool panicked, so the pool runs nothing.
    #[doc(alias = "BrokenThreadPool")]
    Broken(F),
    /// The pool has no thread yet, and the system refused one; or there is no memory for the task
    /// ([`io::ErrorKind::OutOfMemory`]). Nothing has changed.
    NoThread(F, io::Error),
    /// The task cannot run where the executor runs its tasks, for the reason in the error.
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
                f.write_str("an initialiser of the pool panicked, so the pool runs nothing")
            }
            Self::NoThread(_, error) if error.kind() == io::ErrorKind::OutOfMemory => {
                f.write_str("there is no memory for the task")
            }
            Self::NoThread(_, error) => write!(f, "the system refused a thread: {error}"),
            Self::Unfit(_, why) => why.fmt(f),
        }
    }
}

impl<F> std::error::Error for SubmitError<F> {}
