//! [`Task`]: a function and what will come of it.
//!
//! # Implementation
//!
//! A task and its future are one allocation: the pool holds it as something to run ([`Run`]), the
//! future as something that will have an outcome ([`Promise`]). The function is touched by whoever
//! has won the future's phase: the worker that started it, or the canceller.
//!
//! Callbacks run before the outcome is published. So `result`, which moves the outcome out, cannot
//! take it from under them, and whoever has a result knows that the callbacks have been called.
//!
//! A value that nobody wants is disposed of by its worker, if that is the last to hold the task.
//! Its destructor may wait for other tasks of the pool, so the worker, which has counted as free
//! since the end of the task, does not meanwhile ([`dispose`]).

use super::error::TaskError;
use super::future::Future;
use super::raw::{Data, Phase, RawFuture, Unchanged};
use crate::memory::{Counted, try_box};
use crate::thread;
use std::cell::UnsafeCell;
use std::mem;
use std::task::Waker;

pub(crate) type Callback<T> = Box<dyn FnOnce(Result<&T, &TaskError>) + Send>;

/// What a future holds beside its phase.
pub(crate) struct Outcome<T> {
    pub(crate) value: Option<Result<T, TaskError>>,
    /// Most have none. A task that is small is freed by another thread than it was made by without
    /// a lock, in common allocators.
    told: Option<Box<Told<T>>>,
}

/// Who is told when a task ends, apart from threads that wait.
pub(crate) struct Told<T> {
    pub(super) callbacks: Vec<Callback<T>>,
    pub(super) waker: Option<Waker>,
}

/// The state of a task that nobody has begun with.
pub(crate) fn pending<T>() -> RawFuture<Outcome<T>> {
    RawFuture::new(Outcome {
        value: None,
        told: None,
    })
}

impl<T> Outcome<T> {
    /// The waiters to tell; `None` when there is no memory for that.
    pub(super) fn told(&mut self) -> Option<&mut Told<T>> {
        if self.told.is_none() {
            let told = Told {
                callbacks: Vec::new(),
                waker: None,
            };
            self.told = Some(try_box(told).ok()?);
        }
        self.told.as_deref_mut()
    }

    /// Keeps the callback, unless there is no memory: then it is still there.
    pub(super) fn keep(&mut self, callback: &mut Option<Callback<T>>) -> bool {
        let Some(told) = self.told() else {
            return false;
        };
        let has_room = told.callbacks.try_reserve(1).is_ok();
        if has_room {
            told.callbacks.extend(callback.take());
        }
        has_room
    }

    fn take_callbacks(&mut self) -> Vec<Callback<T>> {
        match &mut self.told {
            Some(told) => mem::take(&mut told.callbacks),
            None => Vec::new(),
        }
    }

    fn has_callbacks(&self) -> bool {
        self.told
            .as_ref()
            .is_some_and(|told| !told.callbacks.is_empty())
    }

    fn take_waker(&mut self) -> Option<Waker> {
        self.told.as_mut()?.waker.take()
    }
}

impl<T> Data for Outcome<T> {
    fn has_failed(&self) -> bool {
        matches!(self.value, Some(Err(_)))
    }

    fn torn(&mut self) {
        mem::forget(self.told.take());
    }
}

/// A task with its future.
pub(super) struct Task<F, T> {
    raw: RawFuture<Outcome<T>>,
    function: UnsafeCell<Option<F>>,
}

// SAFETY: the function and the value move between threads, which `Send` allows; who touches the
// function is settled by the future's phase, and references to the value are given out only through
// the future, of which there is one.
unsafe impl<F: Send, T: Send> Sync for Task<F, T> {}

/// A task as its future sees it.
pub(crate) trait Promise<T>: Send + Sync {
    fn raw(&self) -> &RawFuture<Outcome<T>>;
    fn cancel(&self) -> bool;
    /// As `cancel`, for tasks that can be cancelled while they run: but only if nobody has begun.
    fn cancel_unless_running(&self) -> bool {
        self.cancel()
    }
}

/// What the worker that runs a task tells its pool.
pub(crate) trait Availability {
    /// It is about to look for the next task.
    fn is_free(&self);
    /// It is not, after all: another is to do what was left to it.
    fn is_busy(&self);
}

/// A task as the pool sees it.
pub(crate) trait Run: Send + Sized + 'static {
    /// Runs the task, unless it was cancelled. `worker` is free when it has ended, from just before
    /// others learn of it.
    fn run(self, worker: &dyn Availability);
    /// Cancels the task, if nobody has begun with it.
    fn cancel(self);
    /// Fails the task without running it.
    fn abort(self);
}

impl<F, T> Task<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    pub(super) fn new(function: F) -> Self {
        Self {
            raw: pending(),
            function: UnsafeCell::new(Some(function)),
        }
    }

    /// The function of a task that nobody else has.
    pub(super) fn into_function(self) -> Option<F> {
        self.function.into_inner()
    }

    /// # Safety
    /// Only for whoever has brought the future from pending to running or cancelled.
    unsafe fn take_function(&self) -> Option<F> {
        // SAFETY: the caller is the only one that touches it, ever.
        unsafe { (*self.function.get()).take() }
    }
}

/// Calls back and publishes, unless the task was given up meanwhile. `before_end` is called just
/// before others learn of it, in any case.
pub(crate) fn end<T>(
    raw: &RawFuture<Outcome<T>>,
    value: Result<T, TaskError>,
    before_end: &dyn Fn(),
) {
    let mut value = Some(value);
    loop {
        let ended = raw.finish(|outcome| {
            if outcome.has_callbacks() {
                return None;
            }
            before_end();
            outcome.value = value.take();
            Some(outcome.take_waker())
        });
        match ended {
            Ok(None) => return,
            Ok(Some(waker)) => return contain(|| waker.wake()),
            Err(Unchanged::In(_)) => {
                contain(|| drop(value));
                return before_end();
            }
            // More may be added while these are called.
            Err(Unchanged::Declined) => {
                let callbacks = raw.with(|_, outcome| outcome.take_callbacks());
                call_back(callbacks, value.as_ref());
            }
        }
    }
}

/// What is left of a task that its worker was the last to hold.
pub(crate) fn dispose<T>(raw: RawFuture<Outcome<T>>, worker: &dyn Availability) {
    let value = raw.with(|_, outcome| outcome.value.take());
    if value.is_some() {
        worker.is_busy();
        contain(|| drop(value));
        worker.is_free();
    }
}

/// Gives a task up, also one that has begun if `even_running`, and calls back. The phase that it
/// was in; or the one that it is in, from which it cannot be given up.
pub(crate) fn give_up<T>(
    raw: &RawFuture<Outcome<T>>,
    even_running: bool,
    dispose: impl FnOnce(Phase),
) -> bool {
    let take = |outcome: &mut Outcome<T>| (outcome.take_callbacks(), outcome.take_waker());
    let given_up = if even_running {
        raw.abort(|phase, outcome| Some((phase, take(outcome))))
    } else {
        raw.cancel(true, |outcome| Some((Phase::Pending, take(outcome))))
    };
    match given_up {
        Ok((was, (callbacks, waker))) => {
            contain(|| dispose(was));
            call_back(callbacks, Some(&Err(TaskError::Cancelled)));
            if let Some(waker) = waker {
                contain(|| waker.wake());
            }
            true
        }
        Err(Unchanged::In(phase)) => phase == Phase::Notified,
        Err(Unchanged::Declined) => false,
    }
}

impl<F, T> From<Counted<Task<F, T>>> for Future<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    fn from(task: Counted<Task<F, T>>) -> Self {
        Self::new(task)
    }
}

/// Calls each; one that panics does not keep the others from being called.
fn call_back<T>(callbacks: Vec<Callback<T>>, value: Option<&Result<T, TaskError>>) {
    let Some(value) = value else { return };
    for callback in callbacks {
        contain(|| callback(value.as_ref()));
    }
}

/// Runs what is the program's own and nobody waits for: a callback, a waker, a destructor. If it
/// panics, that is reported as a thread's panic is that nobody joins, and the worker, and whoever
/// else is to be told, goes on.
pub(super) fn contain(f: impl FnOnce()) {
    if let Err(panic) = thread::catch(f) {
        thread::report(&thread::current(), &panic);
    }
}

impl<F, T> Run for Counted<Task<F, T>>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    fn run(self, worker: &dyn Availability) {
        if self.raw.start(|_| true) != Ok(true) {
            return worker.is_free();
        }
        // SAFETY: this thread has just started it.
        let function = unsafe { self.take_function() }.expect("taken once");
        let value = thread::catch(function).map_err(TaskError::Panicked);
        let is_plain = value.is_ok() && !mem::needs_drop::<T>();
        end(&self.raw, value, &|| worker.is_free());
        if !is_plain && let Some(task) = self.into_inner() {
            dispose(task.raw, worker);
        }
    }

    fn cancel(self) {
        Promise::cancel(&*self);
    }

    fn abort(self) {
        if self.raw.start(|_| true) == Ok(true) {
            // SAFETY: this thread has just started it.
            let function = unsafe { self.take_function() };
            contain(|| drop(function));
            end(&self.raw, Err(TaskError::Broken), &|| ());
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
        give_up(&self.raw, false, |_| {
            // SAFETY: this thread has just cancelled it.
            drop(unsafe { self.take_function() });
        })
    }
}
