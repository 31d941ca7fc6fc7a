//! [`Future`]: the outcome of a task.

use super::error::TaskError;
use super::outcome::{Callback, Outcome, contain};
use super::raw::{Phase, RawFuture};
use crate::error::TimedOut;
use crate::memory::{Counted, try_box};
use crate::park::{Deadline, ThreadBlocker, WaitError, panic_without_memory};
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

const TAKEN: &str = "an earlier poll took the result";

/// The outcome of a task: Python's `concurrent.futures.Future`.
///
/// There is one for each task, and its result is taken out of it once. It is also a
/// [`std::future::Future`], for asynchronous code. Dropping it has no effect on the task.
///
/// ```
/// use weftline::{Executor, ThreadPoolExecutor};
///
/// let pool = ThreadPoolExecutor::new(4);
/// let answer = pool.submit(|| 6 * 7).unwrap();
/// assert_eq!(answer.result().unwrap(), 42);
/// ```
///
/// Threads that share a future see its value by reference, so it is `Sync` only if the value is:
///
/// ```compile_fail
/// fn share<T: Sync>(_: T) {}
/// fn shares_a_cell(future: weftline::Future<std::cell::Cell<u8>>) { share(future) }
/// ```
#[doc(alias = "concurrent.futures.Future")]
#[must_use = "the result of a task is in its future"]
pub struct Future<T> {
    promise: Counted<dyn Promise<T>>,
    /// `Sync` only if `T` is: callbacks get the value by reference, on the thread that adds them.
    value: PhantomData<T>,
}

/// A task as its future sees it.
pub(crate) trait Promise<T>: Send + Sync {
    fn raw(&self) -> &RawFuture<Outcome<T>>;
    fn cancel(&self) -> bool;
    /// As `cancel`, but only if no worker has begun; for tasks that can be cancelled while they
    /// run.
    fn cancel_unless_running(&self) -> bool {
        self.cancel()
    }
}

impl<T> Future<T> {
    pub(crate) fn new<P: Promise<T> + 'static>(promise: Counted<P>) -> Self {
        Self {
            // SAFETY: a coercion.
            promise: unsafe { promise.unsize::<dyn Promise<T>>(|promise| promise) },
            value: PhantomData,
        }
    }

    pub(super) fn raw(&self) -> &RawFuture<Outcome<T>> {
        self.promise.raw()
    }

    #[cfg_attr(
        not(all(feature = "process", target_os = "linux", target_pointer_width = "64")),
        allow(dead_code, reason = "a floor above")
    )]
    pub(crate) fn cancel_unless_running(&self) -> bool {
        self.promise.cancel_unless_running()
    }

    /// Cancels the task if no worker has begun with it, and returns whether it is cancelled. (A
    /// task of a pool of processes can be cancelled while it runs.)
    pub fn cancel(&self) -> bool {
        self.promise.cancel()
    }

    /// Whether the task was cancelled.
    #[must_use]
    pub fn cancelled(&self) -> bool {
        self.raw().phase() == Phase::Notified
    }

    /// Whether a worker runs the task.
    #[must_use]
    pub fn running(&self) -> bool {
        self.raw().phase() == Phase::Running
    }

    /// Whether the task has ended or was cancelled.
    #[must_use]
    pub fn done(&self) -> bool {
        self.raw().phase().is_done()
    }

    /// Has `callback` called with the outcome when the task ends. The thread that ends the task
    /// calls it: after the callbacks added before, and before any caller gets the result. If the
    /// task has ended, this call calls it. A panic in it is reported to the except hook.
    ///
    /// # Panics
    /// When a poll took the result, and when there is no memory for the callback.
    pub fn add_done_callback(
        &self,
        callback: impl FnOnce(Result<&T, &TaskError>) + Send + 'static,
    ) {
        let Ok(callback) = try_box(callback) else {
            panic_without_memory();
        };
        let mut callback = Some(callback as Callback<T>);
        let is_kept = self
            .raw()
            .with(|phase, outcome| phase.is_done() || outcome.keep(&mut callback));
        if !is_kept {
            panic_without_memory();
        }
        if let Some(callback) = callback {
            let outcome = self.outcome();
            contain(|| callback(outcome));
        }
    }

    /// The outcome of a task that has ended.
    fn outcome(&self) -> Result<&T, &TaskError> {
        let (phase, value) = self
            .raw()
            .with(|phase, outcome| (phase, outcome.value.as_ref().map(std::ptr::from_ref)));
        match value {
            // SAFETY: a published value stays until the future is consumed, and the future is
            // borrowed here.
            Some(value) => unsafe { &*value }.as_ref(),
            None if phase == Phase::Notified => Err(&TaskError::Cancelled),
            None => panic!("{TAKEN}"),
        }
    }

    #[track_caller]
    fn wait_by(&self, deadline: Deadline) -> Result<(), TimedOut> {
        self.raw()
            .wait_with(&mut ThreadBlocker, deadline)
            .map_err(WaitError::timed_out)
    }

    /// Takes the value of a task that has ended.
    fn take(&self) -> Result<T, TaskError> {
        let (phase, value) = self
            .raw()
            .with(|phase, outcome| (phase, outcome.value.take()));
        match value {
            Some(value) => value,
            None if phase == Phase::Notified => Err(TaskError::Cancelled),
            None => panic!("{TAKEN}"),
        }
    }

    #[track_caller]
    fn result_by(self, deadline: Deadline) -> Result<T, ResultError<T>> {
        match self.wait_by(deadline) {
            Ok(()) => self.take().map_err(ResultError::Failed),
            Err(TimedOut) => Err(ResultError::NotYet(self)),
        }
    }

    /// Waits until the task has ended, and returns its value.
    ///
    /// # Errors
    /// [`TaskError`] when there is none.
    #[track_caller]
    pub fn result(self) -> Result<T, TaskError> {
        let _ = self.wait_by(Deadline::NEVER);
        self.take()
    }

    /// The value, if the task has ended.
    ///
    /// # Errors
    /// [`ResultError`], with the future if it has not.
    pub fn try_result(self) -> Result<T, ResultError<T>> {
        self.result_by(Deadline::PASSED)
    }

    /// Waits until the task has ended, for at most `timeout`, and returns its value. A timeout
    /// beyond the clock's range never ends.
    ///
    /// # Errors
    /// [`ResultError`], with the future if the task did not end in time.
    #[track_caller]
    pub fn try_result_for(self, timeout: Duration) -> Result<T, ResultError<T>> {
        self.result_by(Deadline::after(timeout))
    }

    /// Waits until the task has ended, until `deadline` at the latest, and returns its value.
    ///
    /// # Errors
    /// [`ResultError`], with the future if the task did not end in time.
    #[track_caller]
    pub fn try_result_until(self, deadline: Instant) -> Result<T, ResultError<T>> {
        self.result_by(Deadline::at(deadline))
    }

    /// Waits until the task has ended, and returns why it has no value; `None` if it has one.
    ///
    /// # Panics
    /// This and its other forms, when a poll took the result.
    #[track_caller]
    pub fn exception(&self) -> Option<&TaskError> {
        let _ = self.wait_by(Deadline::NEVER);
        self.outcome().err()
    }

    /// Why the task has no value, if it has ended.
    ///
    /// # Errors
    /// [`TimedOut`] when it has not.
    pub fn try_exception(&self) -> Result<Option<&TaskError>, TimedOut> {
        self.wait_by(Deadline::PASSED)
            .map(|()| self.outcome().err())
    }

    /// As [`exception`](Self::exception), waiting for at most `timeout`.
    ///
    /// # Errors
    /// [`TimedOut`] when the task did not end in time.
    #[track_caller]
    pub fn try_exception_for(&self, timeout: Duration) -> Result<Option<&TaskError>, TimedOut> {
        self.wait_by(Deadline::after(timeout))
            .map(|()| self.outcome().err())
    }

    /// As [`exception`](Self::exception), waiting until `deadline` at the latest.
    ///
    /// # Errors
    /// [`TimedOut`] when the task did not end in time.
    #[track_caller]
    pub fn try_exception_until(&self, deadline: Instant) -> Result<Option<&TaskError>, TimedOut> {
        self.wait_by(Deadline::at(deadline))
            .map(|()| self.outcome().err())
    }
}

impl<T> std::future::Future for Future<T> {
    type Output = Result<T, TaskError>;

    /// # Panics
    /// When an earlier poll took the result of a task that had a value, and when there is no memory
    /// for the first poll.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut waker = Some(context.waker().clone());
        let mut has_memory = true;
        let old = self.raw().with(|phase, outcome| {
            if phase.is_done() {
                return None;
            }
            match outcome.told() {
                Some(told) => mem::replace(&mut told.waker, waker.take()),
                None => {
                    has_memory = false;
                    None
                }
            }
        });
        if !has_memory {
            panic_without_memory();
        }
        drop(old);
        if waker.is_none() {
            return Poll::Pending;
        }
        Poll::Ready(self.take())
    }
}

impl<T> fmt::Debug for Future<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Future")
            .field("phase", &self.raw().phase())
            .finish_non_exhaustive()
    }
}

/// Why there is no result yet, or none at all.
#[derive(Debug)]
#[non_exhaustive]
pub enum ResultError<T> {
    /// The task has not ended in time. Its future is returned.
    #[doc(alias = "TimeoutError")]
    NotYet(Future<T>),
    /// The task has ended without a value.
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
