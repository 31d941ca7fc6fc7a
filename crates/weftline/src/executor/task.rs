//! [`Task`]: a function with its outcome.
//!
//! # Implementation
//!
//! A task and its future are one allocation. The pool holds it as something to run ([`Run`]), the
//! future as the promise of an outcome ([`Promise`]). Only the thread that wins the future's phase
//! touches the function: the worker that started it, or the canceller.
//!
//! The worker disposes of a value if it is the last to hold the task. The value's destructor may
//! wait for other tasks of the pool. The worker counts as free since the end of the task, so it
//! does not count as free during the destructor ([`dispose`]).

use super::error::TaskError;
use super::future::{Future, Promise};
use super::outcome::{Outcome, contain, end, give_up, pending};
use super::raw::RawFuture;
use crate::memory::Counted;
use crate::thread;
use std::cell::UnsafeCell;
use std::mem;

/// A task with its future.
pub(super) struct Task<F, T> {
    raw: RawFuture<Outcome<T>>,
    function: UnsafeCell<Option<F>>,
}

// SAFETY: the function and the value move between threads, which `Send` allows. The future's phase
// decides which thread touches the function. References to the value are given out only through the
// future, of which there is one.
unsafe impl<F: Send, T: Send> Sync for Task<F, T> {}

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
    /// A task of the pool with that number.
    pub(super) fn new(pool: u32, function: F) -> Self {
        Self {
            raw: pending(pool),
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

/// Disposes of the rest of a task that its worker was the last to hold.
pub(crate) fn dispose<T>(raw: RawFuture<Outcome<T>>, worker: &dyn Availability) {
    let value = raw.with(|_, outcome| outcome.value.take());
    if value.is_some() {
        worker.is_busy();
        contain(|| drop(value));
        worker.is_free();
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
