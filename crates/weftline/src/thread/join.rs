//! [`JoinHandle`], and the packet in which a thread leaves its outcome.
//!
//! # Implementation
//!
//! | state | owner of the outcome | leaves by |
//! |---|---|---|
//! | `RUNNING` | the thread, which writes it | the thread → `FINISHED`; the handle's drop → `ABANDONED` |
//! | `FINISHED` | the handle: a join takes it, its drop drops and reports it | (end) |
//! | `ABANDONED` | the thread, which drops and reports it once written | (end) |
//!
//! Invariant: *one side owns the outcome*. Linearisation point of `finish` and `abandon`: the
//! compare-exchange that leaves `RUNNING`. One of the two fails, so each side knows whether it
//! disposes of the outcome.
//!
//! Happens-before: the release of the thread's exchange to `FINISHED` pairs with the acquire load
//! in `take`. The handle sees the outcome.

use super::scope_state::ScopeState;
use super::{Panic, Thread, except_hook, panic};
use crate::error::TimedOut;
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

/// The packet in which a thread leaves its outcome.
pub(super) struct Packet<T> {
    state: AtomicU32,
    outcome: UnsafeCell<Option<Result<T, Panic>>>,
    /// The scope that the thread belongs to. It reports a panic that no join takes.
    scope: Option<Counted<ScopeState>>,
}

// SAFETY: one thread at a time reaches the outcome, as the table says. It moves between threads, so
// `T` must be `Send`.
unsafe impl<T: Send> Sync for Packet<T> {}

impl<T> Packet<T> {
    pub(super) fn new(scope: Option<Counted<ScopeState>>) -> Self {
        Self {
            state: AtomicU32::new(RUNNING),
            outcome: UnsafeCell::new(None),
            scope,
        }
    }

    pub(super) fn scope(&self) -> Option<&Counted<ScopeState>> {
        self.scope.as_ref()
    }

    /// Called on the thread, as the last step of its function.
    pub(super) fn finish(&self, outcome: Result<T, Panic>, thread: &Thread) {
        // SAFETY: the state is not `FINISHED`, so the outcome is the thread's.
        unsafe { *self.outcome.get() = Some(outcome) };
        let finished = self.state.compare_exchange(
            RUNNING,
            FINISHED,
            // Pairs with the acquires of the handle, which sees the outcome when it finds the state
            // finished.
            Ordering::Release,
            Ordering::Relaxed,
        );
        if finished.is_err() {
            // SAFETY: abandoned, so the outcome is still the thread's.
            let outcome = unsafe { (*self.outcome.get()).take() };
            let disposed = panic::catch(
                || self.dispose(outcome, thread),
                || Some(thread.shared_name()),
            );
            if let Err(of_destructor) = disposed {
                except_hook::report(thread, &of_destructor);
            }
        }
    }

    /// Called by the handle. `None` until the thread has finished, and after the first take. A
    /// thread lost in a fork never finishes.
    fn take(&self) -> Option<Result<T, Panic>> {
        if self.state.load(Ordering::Acquire) != FINISHED {
            return None;
        }
        // SAFETY: finished, so the outcome is the handle's, of which there is one and which is
        // borrowed by one caller.
        unsafe { (*self.outcome.get()).take() }
    }

    /// Called by the handle, for the last time. Returns the outcome if it is there; otherwise the
    /// thread disposes of it later.
    fn abandon(&self) -> Option<Result<T, Panic>> {
        let abandoned =
            self.state
                .compare_exchange(RUNNING, ABANDONED, Ordering::Relaxed, Ordering::Relaxed);
        if abandoned.is_ok() { None } else { self.take() }
    }

    /// Drops an outcome that no join takes. A panic is reported, unless the thread belongs to a
    /// scope, which reports it.
    fn dispose(&self, outcome: Option<Result<T, Panic>>, thread: &Thread) {
        match outcome {
            Some(Err(panicked)) if self.scope.is_none() => except_hook::report(thread, &panicked),
            outcome => drop(outcome),
        }
    }
}

/// An owned handle of a started thread, for the value that it returns. It is also a [`Thread`].
///
/// Dropping it lets the thread run on. If the thread panics, the [except
/// hook](crate::set_except_hook) is called.
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

    /// The thread's identity, which can outlive this handle.
    #[must_use]
    pub fn thread(&self) -> &Thread {
        &self.thread
    }

    /// Waits until the thread has ended, as [`Thread::join`] does, and returns the value that it
    /// returned.
    ///
    /// # Errors
    /// [`Panic`] when the thread panicked; also, in the child of a fork, when it was lost there.
    ///
    /// # Panics
    /// When a thread joins itself.
    #[track_caller]
    pub fn join(self) -> Result<T, Panic> {
        match self.join_by(Deadline::NEVER) {
            Ok(value) => Ok(value),
            Err(JoinError::Panicked(panicked)) => Err(panicked),
            Err(JoinError::Running(_)) => unreachable!("the wait has no end but the thread's"),
        }
    }

    /// The value that the thread returned, if it has ended.
    ///
    /// # Errors
    /// [`JoinError`]; the handle of a running thread is returned in it.
    ///
    /// # Panics
    /// As [`join`](Self::join).
    #[track_caller]
    pub fn try_join(self) -> Result<T, JoinError<Self>> {
        self.join_by(Deadline::PASSED)
    }

    /// As [`join`](Self::join), for at most `timeout`. A timeout beyond the clock's range never
    /// ends.
    ///
    /// # Errors
    /// [`JoinError`]; the handle of a running thread is returned in it.
    ///
    /// # Panics
    /// As [`join`](Self::join).
    #[track_caller]
    pub fn try_join_for(self, timeout: Duration) -> Result<T, JoinError<Self>> {
        self.join_by(Deadline::after(timeout))
    }

    /// As [`join`](Self::join), until `deadline` at the latest.
    ///
    /// # Errors
    /// [`JoinError`]; the handle of a running thread is returned in it.
    ///
    /// # Panics
    /// As [`join`](Self::join).
    #[track_caller]
    pub fn try_join_until(self, deadline: Instant) -> Result<T, JoinError<Self>> {
        self.join_by(Deadline::at(deadline))
    }

    #[track_caller]
    pub(super) fn join_by(self, deadline: Deadline) -> Result<T, JoinError<Self>> {
        if let Err(TimedOut) = self.thread.join_by(deadline) {
            return Err(JoinError::Running(self));
        }
        let outcome = self.packet.take();
        if let Some(scope) = self.packet.scope() {
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
        self.packet.dispose(self.packet.abandon(), &self.thread);
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JoinHandle").field(&self.thread).finish()
    }
}

/// Why a join returned no value. `H` is the handle.
#[non_exhaustive]
pub enum JoinError<H> {
    /// The thread has not ended before the deadline. Its handle is returned.
    Running(H),
    /// It ended in a panic.
    Panicked(Panic),
}

impl<H> JoinError<H> {
    /// The same error, for a type that wraps the handle.
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
