//! [`JoinHandle`] and the place that a thread leaves its outcome in.
//!
//! # Implementation
//!
//! | state | the outcome | leaves by |
//! |---|---|---|
//! | `RUNNING` | the thread's, to be written | the thread → `FINISHED`; the handle's drop → `ABANDONED` |
//! | `FINISHED` | the handle's: taken by a join, dropped and reported by its drop | |
//! | `ABANDONED` | the thread's: dropped and reported when it is there | |
//!
//! Each leaves `RUNNING` by compare-exchange, so one of the two disposes of the outcome, and knows
//! it.

use super::{Panic, Thread, except_hook, panic};
use crate::TimedOut;
use crate::memory::Counted;
use crate::park::Deadline;
use std::cell::UnsafeCell;
use std::error::Error;
use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const RUNNING: u32 = 0;
const FINISHED: u32 = 1;
const ABANDONED: u32 = 2;

/// Where a thread leaves what it returned.
pub(super) struct Packet<T> {
    state: AtomicU32,
    outcome: UnsafeCell<Option<Result<T, Panic>>>,
}

// SAFETY: the outcome is reached by one thread at a time, as the table says; it moves between
// threads, so `T` must be `Send`.
unsafe impl<T: Send> Sync for Packet<T> {}

impl<T> Packet<T> {
    pub(super) fn new() -> Self {
        Self {
            state: AtomicU32::new(RUNNING),
            outcome: UnsafeCell::new(None),
        }
    }

    /// On the thread, as the last thing of its function.
    pub(super) fn finish(&self, outcome: Result<T, Panic>, thread: &Thread) {
        // SAFETY: the state is not `FINISHED`, so the outcome is the thread's.
        unsafe { *self.outcome.get() = Some(outcome) };
        let finished = self.state.compare_exchange(
            RUNNING,
            FINISHED,
            // Pairs with the acquires of the handle: the outcome is seen by whoever finds it
            // finished.
            Ordering::Release,
            Ordering::Relaxed,
        );
        if finished.is_err() {
            // SAFETY: abandoned, so the outcome is still the thread's.
            let outcome = unsafe { (*self.outcome.get()).take() };
            let disposed = panic::catch(|| dispose(outcome, thread));
            if let Err(of_destructor) = disposed {
                except_hook::report(thread, &of_destructor);
            }
        }
    }

    /// By the handle. `None` when the thread has not finished (any more: it was lost in a fork),
    /// and after the first time.
    fn take(&self) -> Option<Result<T, Panic>> {
        if self.state.load(Ordering::Acquire) != FINISHED {
            return None;
        }
        // SAFETY: finished, so the outcome is the handle's, of which there is one and which is
        // borrowed by one caller.
        unsafe { (*self.outcome.get()).take() }
    }

    /// By the handle, for the last time. What the thread has left so far; later it disposes of it
    /// itself.
    fn abandon(&self) -> Option<Result<T, Panic>> {
        let abandoned =
            self.state
                .compare_exchange(RUNNING, ABANDONED, Ordering::Relaxed, Ordering::Relaxed);
        if abandoned.is_ok() { None } else { self.take() }
    }
}

/// Drops an outcome that nobody wants; a panic is reported, if it is not the scope that does.
fn dispose<T>(outcome: Option<Result<T, Panic>>, thread: &Thread) {
    match outcome {
        Some(Err(panicked)) if thread.0.scope.is_none() => except_hook::report(thread, &panicked),
        outcome => drop(outcome),
    }
}

/// A started thread, owned: for what it returns. It is also a [`Thread`].
///
/// Dropping it lets the thread run on; if it panics, the [except hook](crate::set_except_hook) is
/// told.
///
/// ```
/// use std::time::Duration;
/// use weftline::{Event, JoinError, spawn};
/// use std::sync::Arc;
///
/// let go = Arc::new(Event::new());
/// let handle = spawn({ let go = go.clone(); move || { go.wait(); 42 } });
/// // A join that times out gives the handle back.
/// let handle = match handle.try_join_for(Duration::from_millis(1)) {
///     Err(JoinError::Running(handle)) => handle,
///     other => panic!("{other:?}"),
/// };
/// go.set();
/// assert_eq!(handle.join().unwrap(), 42);
/// ```
pub struct JoinHandle<T> {
    thread: Thread,
    packet: Counted<Packet<T>>,
}

impl<T> JoinHandle<T> {
    pub(super) fn new(thread: Thread, packet: Counted<Packet<T>>) -> Self {
        Self { thread, packet }
    }

    /// Who it is, to keep.
    #[must_use]
    pub fn thread(&self) -> &Thread {
        &self.thread
    }

    /// Waits until the thread has ended, as [`Thread::join`] does, and returns what it returned.
    ///
    /// # Errors
    /// [`Panic`] when the thread panicked; also, in the child of a fork, when it was lost there.
    ///
    /// # Panics
    /// When a thread joins itself.
    pub fn join(self) -> Result<T, Panic> {
        match self.join_by(Deadline::NEVER) {
            Ok(value) => Ok(value),
            Err(JoinError::Panicked(panicked)) => Err(panicked),
            Err(JoinError::Running(_)) => unreachable!("the wait has no end but the thread's"),
        }
    }

    /// What the thread returned, if it has ended.
    ///
    /// # Errors
    /// [`JoinError`]; a thread that runs comes back.
    ///
    /// # Panics
    /// As [`join`](Self::join).
    pub fn try_join(self) -> Result<T, JoinError<Self>> {
        self.join_by(Deadline::PASSED)
    }

    /// As [`join`](Self::join), for at most `timeout`. A timeout beyond the clock's range never
    /// ends.
    ///
    /// # Errors
    /// [`JoinError`]; a thread that runs comes back.
    ///
    /// # Panics
    /// As [`join`](Self::join).
    pub fn try_join_for(self, timeout: Duration) -> Result<T, JoinError<Self>> {
        self.join_by(Deadline::after(timeout))
    }

    /// As [`join`](Self::join), until `deadline` at the latest.
    ///
    /// # Errors
    /// [`JoinError`]; a thread that runs comes back.
    ///
    /// # Panics
    /// As [`join`](Self::join).
    pub fn try_join_until(self, deadline: Instant) -> Result<T, JoinError<Self>> {
        self.join_by(Deadline::at(deadline))
    }

    pub(super) fn join_by(self, deadline: Deadline) -> Result<T, JoinError<Self>> {
        if let Err(TimedOut) = self.thread.join_by(deadline) {
            return Err(JoinError::Running(self));
        }
        let outcome = self.packet.take();
        if let Some(scope) = &self.thread.0.scope {
            scope.claim(&self.thread);
        }
        match outcome {
            Some(outcome) => outcome.map_err(JoinError::Panicked),
            None => Err(JoinError::Panicked(Panic::lost(self.thread.shared_name()))),
        }
    }
}

impl<T> Deref for JoinHandle<T> {
    type Target = Thread;

    fn deref(&self) -> &Thread {
        &self.thread
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        dispose(self.packet.abandon(), &self.thread);
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JoinHandle").field(&self.thread).finish()
    }
}

/// Why a join did not return what the thread returned. `H` is the handle.
#[non_exhaustive]
pub enum JoinError<H> {
    /// The thread has not ended before the deadline: here is its handle again.
    Running(H),
    /// It ended in a panic.
    Panicked(Panic),
}

impl<H> JoinError<H> {
    /// As a join of something that wraps the handle says it.
    pub(super) fn map<W>(self, wrap: impl FnOnce(H) -> W) -> JoinError<W> {
        match self {
            Self::Running(handle) => JoinError::Running(wrap(handle)),
            Self::Panicked(panicked) => JoinError::Panicked(panicked),
        }
    }
}

impl<H> fmt::Debug for JoinError<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running(_) => f.write_str("Running(..)"),
            Self::Panicked(panicked) => f.debug_tuple("Panicked").field(panicked).finish(),
        }
    }
}

impl<H> fmt::Display for JoinError<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running(_) => f.write_str("the thread is still running"),
            Self::Panicked(panicked) => panicked.fmt(f),
        }
    }
}

impl<H> Error for JoinError<H> {}
