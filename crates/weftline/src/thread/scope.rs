//! [`scope`]: threads that borrow, and the wait for all of them.

use super::scope_state::ScopeState;
use super::spawn::panic_for;
use super::{Builder, JoinError, JoinHandle, Panic, Thread, except_hook};
use crate::error::TimedOut;
use crate::memory::Counted;
use crate::park::{Deadline, panic_without_memory};
use std::error::Error;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

/// Starts threads that may borrow from the function that calls [`scope`].
pub struct Scope<'scope, 'env: 'scope> {
    state: Counted<ScopeState>,
    /// Invariant, as in the standard library: a thread must not get hold of a scope that ends
    /// earlier than its own.
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// Runs `f`, which may start threads that borrow from around it, and waits until all of them have
/// ended.
///
/// # Panics
/// - When a thread panicked and no join of its handle, nor of [`Scope::join_all`] and its other
///   forms, returned that panic. The [except hook](crate::set_except_hook) is called first.
/// - When `f` panics; the threads are waited for all the same.
/// - When there is no memory for the scope, before `f` is called.
/// ```
/// let mut shelves = [1, 2, 3];
/// let total = weftline::scope(|s| {
///     let counts: Vec<_> = shelves.iter_mut().map(|shelf| s.spawn(move || { *shelf *= 10; *shelf })).collect();
///     counts.into_iter().map(|count| count.join().unwrap()).sum::<i32>()
/// });
/// assert_eq!((total, shelves), (60, [10, 20, 30]));
/// ```
///
/// A thread cannot borrow a value that ends before the scope:
///
/// ```compile_fail
/// weftline::scope(|s| {
///     let inside = 1;
///     s.spawn(|| println!("{inside}"));
/// });
/// ```
#[track_caller]
pub fn scope<'env, F, R>(f: F) -> R
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R,
{
    let Ok(state) = Counted::try_new(ScopeState::new()) else {
        panic_without_memory();
    };
    let scope = Scope {
        state,
        scope: PhantomData,
        env: PhantomData,
    };
    let ended = catch_unwind(AssertUnwindSafe(|| f(&scope)));
    // The values that the threads borrow may end when this function returns, so the threads end
    // first.
    let _ = scope.state.wait(false, Deadline::NEVER);
    let mut has_unreported = false;
    while let Some((thread, panicked)) = scope.state.take_unreported() {
        except_hook::report(&thread, &panicked);
        has_unreported = true;
    }
    match ended {
        Err(payload) => resume_unwind(payload),
        Ok(_) if has_unreported => panic!("a scoped thread panicked"),
        Ok(result) => result,
    }
}

impl<'scope, 'env> Scope<'scope, 'env> {
    /// Starts a thread that runs `f`. Its handle may be dropped: the scope waits for it in any
    /// case.
    ///
    /// # Panics
    /// When the system refuses to start a thread, or there is no memory; see
    /// [`ScopedBuilder::spawn`].
    pub fn spawn<F, T>(&'scope self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        self.builder()
            .spawn(f)
            .unwrap_or_else(|refused| panic_for(&refused))
    }

    /// As [`Builder`], for a thread of this scope.
    pub fn builder(&'scope self) -> ScopedBuilder<'scope, 'env> {
        ScopedBuilder {
            scope: self,
            builder: Builder::new(),
        }
    }

    /// Waits until all threads of the scope have ended, or until one panics. In the second case it
    /// returns while the others still run, so that the caller can tell them to stop. Panics that
    /// were joined already do not count, nor do those that an earlier call returned.
    ///
    /// Not for a thread of the scope, which would wait for itself.
    ///
    /// # Errors
    /// [`ScopeError::Panicked`] with the first panic.
    /// ```
    /// use weftline::{Event, ScopeError};
    ///
    /// let stop = Event::new();
    /// weftline::scope(|s| {
    ///     s.spawn(|| stop.wait());
    ///     s.builder().name("careless").spawn(|| assert!(stop.is_set(), "too early")).unwrap();
    ///     let Err(ScopeError::Panicked(thread, panic)) = s.join_all() else { unreachable!() };
    ///     assert_eq!((&*thread.name(), panic.message()), ("careless", "too early"));
    ///     stop.set();
    ///     s.join_all().unwrap();
    /// });
    /// ```
    #[track_caller]
    pub fn join_all(&self) -> Result<(), ScopeError> {
        self.join_all_by(Deadline::NEVER)
    }

    /// As [`join_all`](Self::join_all), without waiting.
    ///
    /// # Errors
    /// [`ScopeError`].
    #[track_caller]
    pub fn try_join_all(&self) -> Result<(), ScopeError> {
        self.join_all_by(Deadline::PASSED)
    }

    /// As [`join_all`](Self::join_all), for at most `timeout`. A timeout beyond the clock's range
    /// never ends.
    ///
    /// # Errors
    /// [`ScopeError`].
    #[track_caller]
    pub fn try_join_all_for(&self, timeout: Duration) -> Result<(), ScopeError> {
        self.join_all_by(Deadline::after(timeout))
    }

    /// As [`join_all`](Self::join_all), until `deadline` at the latest.
    ///
    /// # Errors
    /// [`ScopeError`].
    #[track_caller]
    pub fn try_join_all_until(&self, deadline: Instant) -> Result<(), ScopeError> {
        self.join_all_by(Deadline::at(deadline))
    }

    #[track_caller]
    fn join_all_by(&self, deadline: Deadline) -> Result<(), ScopeError> {
        let waited = self.state.wait(true, deadline);
        match self.state.take_unreported() {
            Some((thread, panicked)) => Err(ScopeError::Panicked(thread, panicked)),
            None => waited.map_err(|TimedOut| ScopeError::Running),
        }
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

/// The options of a thread of a [`Scope`]; see [`Builder`].
#[derive(Debug)]
#[must_use = "a builder does nothing until it spawns"]
pub struct ScopedBuilder<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    builder: Builder,
}

impl<'scope> ScopedBuilder<'scope, '_> {
    /// As [`Builder::name`].
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.builder = self.builder.name(name);
        self
    }

    /// As [`Builder::daemon`]. The scope waits for its daemons too.
    pub fn daemon(mut self, is_daemon: bool) -> Self {
        self.builder = self.builder.daemon(is_daemon);
        self
    }

    /// As [`Builder::stack_size`].
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.builder = self.builder.stack_size(bytes);
        self
    }

    /// Starts a thread that runs `f`.
    ///
    /// # Errors
    /// Those of [`Builder::spawn`]. Then `f` has been dropped and nothing else has changed.
    pub fn spawn<F, T>(self, f: F) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let state = Some(self.scope.state.clone());
        // SAFETY: the scope ends after the last thread that was entered in its state, and the
        // values that they borrow outlive the scope.
        let handle = unsafe { self.builder.start(f, state) }?;
        Ok(ScopedJoinHandle {
            handle,
            scope: PhantomData,
        })
    }
}

/// An owned handle of a thread of a [`Scope`], for the value that it returns. It is also a
/// [`Thread`].
pub struct ScopedJoinHandle<'scope, T> {
    handle: JoinHandle<T>,
    scope: PhantomData<&'scope ()>,
}

impl<T> ScopedJoinHandle<'_, T> {
    /// The thread's identity, which can outlive this handle.
    #[must_use]
    pub fn thread(&self) -> &Thread {
        self.handle.thread()
    }

    /// As [`JoinHandle::join`].
    ///
    /// # Errors
    /// [`Panic`] when the thread panicked. The scope does not panic for it then.
    ///
    /// # Panics
    /// When a thread joins itself.
    #[track_caller]
    pub fn join(self) -> Result<T, Panic> {
        self.handle.join()
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
    fn join_by(self, deadline: Deadline) -> Result<T, JoinError<Self>> {
        let joined = self.handle.join_by(deadline);
        joined.map_err(|error| {
            error.map(|handle| Self {
                handle,
                scope: PhantomData,
            })
        })
    }
}

impl<T> Deref for ScopedJoinHandle<'_, T> {
    type Target = Thread;

    fn deref(&self) -> &Thread {
        self.thread()
    }
}

impl<T> fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ScopedJoinHandle")
            .field(self.thread())
            .finish()
    }
}

/// Why [`Scope::join_all`] found threads that have not ended well.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ScopeError {
    /// The deadline passed before all threads had ended.
    Running,
    /// This thread ended in a panic; others may still run.
    Panicked(Thread, Panic),
}

impl fmt::Display for ScopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running => f.write_str("threads of the scope are still running"),
            Self::Panicked(_, panicked) => panicked.fmt(f),
        }
    }
}

impl Error for ScopeError {}
