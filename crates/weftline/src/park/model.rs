//! The seam through which every atomic, cell and yield of the core comes, so that the very same
//! code runs for real, under `loom` (every interleaving) and under `shuttle` (many random ones).
//!
//! `RUSTFLAGS='--cfg weftline_model --cfg weftline_model="loom"'` selects loom, `"shuttle"`
//! likewise.

#[cfg(not(weftline_model))]
mod chosen {
    pub(crate) use std::hint::spin_loop;
    pub(crate) use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
    pub(crate) use std::thread::yield_now;
}

#[cfg(weftline_model = "loom")]
use loom as model_checker;
#[cfg(weftline_model = "shuttle")]
use shuttle as model_checker;

#[cfg(weftline_model)]
mod chosen {
    pub(crate) use super::super::steps::{AtomicU32, AtomicU64, AtomicUsize};
    pub(crate) use super::model_checker::hint::spin_loop;
    pub(crate) use super::model_checker::sync::atomic::fence;
    pub(crate) use super::model_checker::sync::{Condvar, Mutex};
    pub(crate) use super::model_checker::thread::yield_now;
    pub(crate) use super::model_checker::thread_local;
    pub(crate) use std::sync::atomic::Ordering;
}

pub(crate) use chosen::*;

/// `loom::cell::UnsafeCell`'s interface; under loom each access is checked for races.
#[cfg(not(weftline_model = "loom"))]
#[derive(Debug, Default)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(weftline_model = "loom"))]
impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    #[inline]
    pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    #[inline]
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}

#[cfg(weftline_model = "loom")]
pub(crate) use loom::cell::UnsafeCell;

/// Threads that spin for a lock. loom would explore every round of every spin, so under it they
/// sleep until the lock is freed; otherwise this is nothing.
#[cfg(not(weftline_model = "loom"))]
pub(crate) struct Spinners;

#[cfg(not(weftline_model = "loom"))]
impl Spinners {
    pub(crate) const fn new() -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) fn taken(&self) {}

    #[inline(always)]
    pub(crate) fn freed(&self) {}

    /// Waits for a moment; the caller does the waiting.
    #[inline(always)]
    pub(crate) fn wait_or(&self, wait: impl FnOnce()) {
        wait();
    }
}

/// Plain data: loom runs one thread at a time and switches only at its own operations, of which
/// there is none here before the sleep.
#[cfg(weftline_model = "loom")]
pub(crate) struct Spinners {
    is_taken: std::cell::Cell<bool>,
    asleep: std::cell::RefCell<Vec<loom::thread::Thread>>,
}

#[cfg(weftline_model = "loom")]
impl Spinners {
    pub(crate) fn new() -> Self {
        Self {
            is_taken: std::cell::Cell::new(false),
            asleep: std::cell::RefCell::default(),
        }
    }

    pub(crate) fn taken(&self) {
        self.is_taken.set(true);
    }

    pub(crate) fn freed(&self) {
        self.is_taken.set(false);
        self.asleep
            .borrow_mut()
            .drain(..)
            .for_each(|thread| thread.unpark());
    }

    /// Sleeps until the lock is freed. If it is free already, and the caller has not seen that yet,
    /// `wait`s instead.
    pub(crate) fn wait_or(&self, wait: impl FnOnce()) {
        if self.is_taken.get() {
            self.asleep.borrow_mut().push(loom::thread::current());
            loom::thread::park();
        } else {
            wait();
        }
    }
}

/// A function that is `const` in a real build; the models' atomics cannot be made in a constant.
macro_rules! const_fn {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $ty:ty),* $(,)?) -> $ret:ty $body:block) => {
        #[cfg(not(weftline_model))]
        $(#[$meta])*
        $vis const fn $name($($arg: $ty),*) -> $ret $body

        #[cfg(weftline_model)]
        $(#[$meta])*
        #[must_use]
        $vis fn $name($($arg: $ty),*) -> $ret $body
    };
}
pub(crate) use const_fn;
