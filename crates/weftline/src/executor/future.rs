//! [`Future`]: what will come of a task.
//!
//! # Implementation
//!
//! A task and its future are one allocation, [`Task`]: the pool holds it as something to run, the future as something that will have an
//! outcome. The function is touched by whoever has won the future's phase: the worker that started it, or the canceller.
//!
//! Callbacks run before the outcome is published. So `result`, which moves the outcome out, cannot take it from under them, and
//! whoever has a result knows that the callbacks have been called.

use super::raw::{Data, Phase, RawFuture, Unchanged};
use crate::park::{Deadline, ThreadBlocker, WaitError};
use crate::thread::Panic;
use crate::{TimedOut, thread};
use std::cell::UnsafeCell;
use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

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

type Callback<T> = Box<dyn FnOnce(Result<&T, &TaskError>) + Send>;

/// What a future holds beside its phase.
pub(super) struct Outcome<T> {
    value: Option<Result<T, TaskError>>,
    callbacks: Vec<Callback<T>>,
    waker: Option<Waker>,
}

impl<T> Data for Outcome<T> {
    fn has_failed(&self) -> bool {
        matches!(self.value, Some(Err(_)))
    }

    fn torn(&mut self) {
        mem::forget(mem::take(&mut self.callbacks));
        mem::forget(self.waker.take());
    }
}

/// A task with its future.
pub(super) struct Task<F, T> {
    raw: RawFuture<Outcome<T>>,
    function: UnsafeCell<Option<F>>,
}

// SAFETY: the function and the value move between threads, which `Send` allows; who touches the function is settled by the future's phase, and
// references to the value are given out only through the future, of which there is one.
unsafe impl<F: Send, T: Send> Sync for Task<F, T> {}

/// A task as its future sees it.
trait Promise<T>: Send + Sync {
    fn raw(&self) -> &RawFuture<Outcome<T>>;
    fn cancel(&self) -> bool;
}

/// A task as the pool sees it.
pub(super) trait Run: Send + Sync {
    /// Runs the task, unless it was cancelled. `before_end` is called when it has ended, just before others learn of it.
    fn run(&self, before_end: &dyn Fn());
    /// Cancels the task, if nobody has begun with it.
    fn cancel(&self);
    /// Fails the task without running it.
    fn break_off(&self);
}

impl<F, T> Task<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    pub(super) fn new(function: F) -> Arc<Self> {
        Arc::new(Self {
            raw: RawFuture::new(Outcome {
                value: None,
                callbacks: Vec::new(),
                waker: None,
            }),
            function: UnsafeCell::new(Some(function)),
        })
    }

    /// The function of a task that nobody else has.
    pub(super) fn into_function(self: Arc<Self>) -> Option<F> {
        Arc::into_inner(self)?.function.into_inner()
    }

    pub(super) fn future(self: &Arc<Self>) -> Future<T> {
        Future {
            promise: Arc::clone(self) as Arc<dyn Promise<T>>,
        }
    }

    /// # Safety
    /// Only for whoever has brought the future from pending to running or cancelled.
    unsafe fn take_function(&self) -> Option<F> {
        // SAFETY: the caller is the only one that touches it, ever.
        unsafe { (*self.function.get()).take() }
    }

    /// Calls back and publishes.
    fn end(&self, value: Result<T, TaskError>, before_end: &dyn Fn()) {
        let mut value = Some(value);
        loop {
            let ended = self.raw.finish(|outcome| {
                if !outcome.callbacks.is_empty() {
                    return None;
                }
                before_end();
                outcome.value = value.take();
                Some(outcome.waker.take())
            });
            match ended {
                Ok(None) | Err(Unchanged::In(_)) => return,
                Ok(Some(waker)) => return waker.wake(),
                // More may be added while these are called.
                Err(Unchanged::Declined) => {
                    let callbacks = self
                        .raw
                        .with(|_, outcome| mem::take(&mut outcome.callbacks));
                    call_back(callbacks, value.as_ref());
                }
            }
        }
    }
}

/// Calls each; one that panics is reported as a thread's panic is that nobody joins, and the others are called.
fn call_back<T>(callbacks: Vec<Callback<T>>, value: Option<&Result<T, TaskError>>) {
    let Some(value) = value else { return };
    for callback in callbacks {
        if let Err(panic) = thread::catch(|| callback(value.as_ref())) {
            thread::report(&thread::current(), &panic);
        }
    }
}

impl<F, T> Run for Task<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    fn run(&self, before_end: &dyn Fn()) {
        if self.raw.start(|_| true) != Ok(true) {
            before_end();
            return;
        }
        // SAFETY: this thread has just started it.
        let function = unsafe { self.take_function() }.expect("taken once");
        let value = thread::catch(function).map_err(TaskError::Panicked);
        self.end(value, before_end);
    }

    fn cancel(&self) {
        Promise::cancel(self);
    }

    fn break_off(&self) {
        if self.raw.start(|_| true) == Ok(true) {
            // SAFETY: this thread has just started it.
            drop(unsafe { self.take_function() });
            self.end(Err(TaskError::Broken), &|| ());
        }
    }
}

impl<F, T> Promise<T> for Task<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    fn raw(&self) -> &RawFuture<Outcome<T>> {
        &self.raw
    }

    fn cancel(&self) -> bool {
        let taken = self.raw.cancel(true, |outcome| {
            Some((mem::take(&mut outcome.callbacks), outcome.waker.take()))
        });
        match taken {
            Ok((callbacks, waker)) => {
                // SAFETY: this thread has just cancelled it.
                drop(unsafe { self.take_function() });
                call_back(callbacks, Some(&Err(TaskError::Cancelled)));
                if let Some(waker) = waker {
                    waker.wake();
                }
                true
            }
            Err(Unchanged::In(phase)) => phase == Phase::Notified,
            Err(Unchanged::Declined) => false,
        }
    }
}

/// What will come of a task: Python's `concurrent.futures.Future`.
///
/// There is one for each task, and its result is taken out of it once. It is also a [`std::future::Future`], for use in asynchronous code. Dropping it
/// leaves the task alone.
///
/// ```
/// use weftline::{Executor, ThreadPoolExecutor};
///
/// let pool = ThreadPoolExecutor::new(4);
/// let answer = pool.submit(|| 6 * 7).unwrap();
/// assert_eq!(answer.result().unwrap(), 42);
/// ```
#[doc(alias = "concurrent.futures.Future")]
#[must_use = "the result of a task is in its future"]
pub struct Future<T> {
    promise: Arc<dyn Promise<T>>,
}

impl<T> Future<T> {
    pub(super) fn raw(&self) -> &RawFuture<Outcome<T>> {
        self.promise.raw()
    }

    /// Gives the task up if no worker has begun with it, and says whether it is cancelled.
    pub fn cancel(&self) -> bool {
        self.promise.cancel()
    }

    /// Whether the task was cancelled.
    #[must_use]
    pub fn cancelled(&self) -> bool {
        self.raw().phase() == Phase::Notified
    }

    /// Whether a worker is at it.
    #[must_use]
    pub fn running(&self) -> bool {
        self.raw().phase() == Phase::Running
    }

    /// Whether the task has ended or was cancelled.
    #[must_use]
    pub fn done(&self) -> bool {
        self.raw().phase().is_done()
    }

    /// Has `callback` called with the outcome when the task ends: by the thread that ends it, after those added before and before anybody gets
    /// the result; here and now if it has ended. One that panics is reported to the except hook.
    pub fn add_done_callback(
        &self,
        callback: impl FnOnce(Result<&T, &TaskError>) + Send + 'static,
    ) {
        let mut callback = Some(Box::new(callback) as Callback<T>);
        self.raw().with(|phase, outcome| {
            if !phase.is_done() {
                outcome.callbacks.extend(callback.take());
            }
        });
        if let Some(callback) = callback {
            let outcome = self.outcome();
            if let Err(panic) = thread::catch(|| callback(outcome)) {
                thread::report(&thread::current(), &panic);
            }
        }
    }

    /// The outcome of a task that has ended.
    fn outcome(&self) -> Result<&T, &TaskError> {
        let value = self
            .raw()
            .with(|_, outcome| outcome.value.as_ref().map(std::ptr::from_ref));
        match value {
            // SAFETY: once published the value stays until the future, which is borrowed here, is consumed.
            Some(value) => unsafe { &*value }.as_ref(),
            None => Err(&TaskError::Cancelled),
        }
    }

    fn wait_by(&self, deadline: Deadline) -> Result<(), TimedOut> {
        self.raw()
            .wait_with(&mut ThreadBlocker, deadline)
            .map_err(WaitError::timed_out)
    }

    fn take(&self) -> Result<T, TaskError> {
        self.raw()
            .with(|_, outcome| outcome.value.take())
            .unwrap_or(Err(TaskError::Cancelled))
    }

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

    /// Waits until the task has ended, for at most `timeout`, and returns its value. A timeout beyond the clock's range never ends.
    ///
    /// # Errors
    /// [`ResultError`], with the future if the task did not end in time.
    pub fn try_result_for(self, timeout: Duration) -> Result<T, ResultError<T>> {
        self.result_by(Deadline::after(timeout))
    }

    /// Waits until the task has ended, until `deadline` at the latest, and returns its value.
    ///
    /// # Errors
    /// [`ResultError`], with the future if the task did not end in time.
    pub fn try_result_until(self, deadline: Instant) -> Result<T, ResultError<T>> {
        self.result_by(Deadline::at(deadline))
    }

    /// Waits until the task has ended, and returns why it has no value; `None` if it has one.
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
    pub fn try_exception_for(&self, timeout: Duration) -> Result<Option<&TaskError>, TimedOut> {
        self.wait_by(Deadline::after(timeout))
            .map(|()| self.outcome().err())
    }

    /// As [`exception`](Self::exception), waiting until `deadline` at the latest.
    ///
    /// # Errors
    /// [`TimedOut`] when the task did not end in time.
    pub fn try_exception_until(&self, deadline: Instant) -> Result<Option<&TaskError>, TimedOut> {
        self.wait_by(Deadline::at(deadline))
            .map(|()| self.outcome().err())
    }
}

impl<T> std::future::Future for Future<T> {
    type Output = Result<T, TaskError>;

    /// # Panics
    /// When the result was taken by an earlier poll of a task that had a value.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut waker = Some(context.waker().clone());
        let old = self.raw().with(|phase, outcome| {
            if phase.is_done() {
                return None;
            }
            mem::replace(&mut outcome.waker, waker.take())
        });
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
