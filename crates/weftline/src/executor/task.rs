//! [`Task`]: a function with its outcome.
//!
//! # Implementation
//!
//! A task and its future are one allocation. The pool holds it as something to run ([`Run`]), the
//! future as the promise of an outcome ([`Promise`]). Only the thread that wins the future's phase
//! touches the function: the worker that started it, or the canceller.
//!
//! Callbacks run before the outcome is published. So `result`, which moves the outcome out, cannot
//! take it from under them. A caller that has a result knows that the callbacks have been called.
//!
//! The worker disposes of a value if it is the last to hold the task. The value's destructor may
//! wait for other tasks of the pool. The worker counts as free since the end of the task, so it
//! does not count as free during the destructor ([`dispose`]).

use super::error::TaskError;
use super::future::Future;
use super::raw::{Data, Phase, RawFuture, Unchanged};
use crate::memory::{Counted, try_box};
use crate::thread;
use std::cell::UnsafeCell;
use std::mem;
use std::task::Waker;

pub(crate) type Callback<T> = Box<dyn FnOnce(Result<&T, &TaskError>) + Send>;

/// The data of a future beside its phase.
pub(crate) struct Outcome<T> {
    pub(crate) value: Option<Result<T, TaskError>>,
    /// Behind a pointer, because most tasks have none and a task stays small. Common allocators
    /// free a small task, on another thread than the one that allocated it, without a lock.
    told: Option<Box<Told<T>>>,
}

/// The callbacks and the waker to call when a task ends. Waiting threads are not among them.
pub(crate) struct Told<T> {
    pub(super) callbacks: Vec<Callback<T>>,
    pub(super) waker: Option<Waker>,
}

/// The state of a task that no worker has begun with.
pub(crate) fn pending<T>() -> RawFuture<Outcome<T>> {
    RawFuture::new(Outcome {
        value: None,
        told: None,
    })
}

impl<T> Outcome<T> {
    /// The callbacks and the waker, allocated if need be; `None` when there is no memory.
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

    /// Takes the callback out of `callback` and keeps it. Without memory it stays there.
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

// SAFETY: the function and the value move between threads, which `Send` allows. The future's phase
// decides which thread touches the function. References to the value are given out only through the
// future, of which there is one.
unsafe impl<F: Send, T: Send> Sync for Task<F, T> {}

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

/// Reports of the worker that runs a task to its pool.
pub(crate) trait Availability {
    /// The worker is about to take the next task.
    fn is_free(&self);
    /// The worker is busy after all: another worker is to take the task that was left to it.
    fn is_busy(&self);
}

/// A task as the pool sees it.
pub(crate) trait Run: Send + Sized + 'static {
    /// Runs the task, unless it was cancelled. `worker` counts as free from just before others
    /// learn of the task's end.
    fn run(self, worker: &dyn Availability);
    /// Cancels the task, if no worker has begun with it.
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

    /// The function of a task that no other thread holds.
    pub(super) fn into_function(self) -> Option<F> {
        self.function.into_inner()
    }

    /// # Safety
    /// Only for the thread that has brought the future from pending to running or cancelled.
    unsafe fn take_function(&self) -> Option<F> {
        // SAFETY: the caller is the only one that touches it, ever.
        unsafe { (*self.function.get()).take() }
    }
}

/// Calls the callbacks and publishes the outcome, unless the task was cancelled meanwhile.
/// `before_end` is called in any case, just before others learn of the end.
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
            // More callbacks may be added while these run.
            Err(Unchanged::Declined) => {
                let callbacks = raw.with(|_, outcome| outcome.take_callbacks());
                call_back(callbacks, value.as_ref());
            }
        }
    }
}

/// Disposes of the rest of a task that its worker was the last to hold.
pub(crate) fn dispose<T>(raw: RawFuture<Outcome<T>>, worker: &dyn Availability) {
    let value = raw.with(|_, outcome| outcome.value.take());
    if value.is_some() {
        worker.is_busy();
        contain(|| drop(value));
        worker.is_free();
    }
}

/// Cancels a task, also one that has begun if `even_running`, and calls its callbacks. Returns
/// whether the task is cancelled, now or before. `dispose` receives the phase that the task was in.
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

/// Calls each callback. A panic in one does not stop the others.
fn call_back<T>(callbacks: Vec<Callback<T>>, value: Option<&Result<T, TaskError>>) {
    let Some(value) = value else { return };
    for callback in callbacks {
        contain(|| callback(value.as_ref()));
    }
}

/// Runs code of the program for which no caller waits: a callback, a waker, a destructor. A panic
/// in it is reported as that of a thread that is never joined. The worker goes on, and so do the
/// other notifications.
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
