//! [`Job`]: what a worker takes from the queue of its pool.

use crate::executor::task::{Availability, Run, contain};
use std::any::Any;
use std::sync::Arc;

/// Something for a worker to run once.
pub(super) enum Job {
    /// A task that has a future.
    Task(Arc<dyn Run>),
    /// A function of whose end nobody is told.
    Function(Box<dyn Function>),
}

/// A function that is called once, of a type that whoever has it may know.
pub(super) trait Function: Any + Send {
    fn call(self: Box<Self>);
}

impl<F: FnOnce() + Send + 'static> Function for F {
    #[inline]
    fn call(self: Box<Self>) {
        (*self)();
    }
}

impl Job {
    /// Runs it, unless it was cancelled. `worker` is free when it has ended.
    #[inline]
    pub(super) fn run(self, worker: &dyn Availability) {
        match self {
            Self::Task(task) => task.run(worker),
            Self::Function(function) => {
                contain(|| function.call());
                worker.is_free();
            }
        }
    }

    /// Gives it up, unless somebody has begun with it. A function is dropped.
    pub(super) fn cancel(self) {
        match self {
            Self::Task(task) => task.cancel(),
            Self::Function(function) => contain(|| drop(function)),
        }
    }

    /// As [`Self::cancel`], of a pool that is broken.
    pub(super) fn break_off(self) {
        match self {
            Self::Task(task) => task.break_off(),
            Self::Function(function) => contain(|| drop(function)),
        }
    }

    /// The function that it was made of, if it is one, and of the type `F`.
    pub(super) fn into_function<F: 'static>(self) -> Option<F> {
        match self {
            Self::Task(_) => None,
            Self::Function(function) => {
                let function: Box<dyn Any> = function;
                function.downcast().ok().map(|function| *function)
            }
        }
    }
}
