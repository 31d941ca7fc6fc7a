//! [`Outcome`]: what a task leaves to its future, and the notifications of its end.
//!
//! # Implementation
//!
//! Callbacks run before the outcome is published. So `result`, which moves the outcome out, cannot
//! take it from under them. A caller that has a result knows that the callbacks have been called.

use super::error::TaskError;
use super::raw::{Data, Phase, RawFuture, Unchanged};
use crate::memory::try_box;
use crate::thread;
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

/// The state of a task of that pool with which no worker has begun.
pub(crate) fn pending<T>(pool: u32) -> RawFuture<Outcome<T>> {
    let outcome = Outcome {
        value: None,
        told: None,
    };
    RawFuture::of_pool(pool, outcome)
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
