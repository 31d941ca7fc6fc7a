//! [`Barrier`]: threads that wait for each other.

use super::raw::{BarrierError, RawBarrier};
use crate::error::{Broken, ZeroParties};
use crate::memory::try_box;
use crate::park::{Deadline, ThreadBlocker, panic_without_memory};
use std::convert::Infallible;
use std::fmt;
use std::time::{Duration, Instant};

/// A meeting point for a number of threads, again and again: Python's `threading.Barrier`.
///
/// The barrier is *broken* when a party times out, the action panics, or a thread calls
/// [`abort`](Self::abort). Then every wait fails with [`Broken`] until a [`reset`](Self::reset). An
/// action that never ends can be aborted.
///
/// ```
/// let round = weftline::Barrier::new(3);
/// let leaders: usize = std::thread::scope(|scope| {
///     let parties: Vec<_> = (0..3).map(|_| scope.spawn(|| round.wait().unwrap().is_leader())).collect();
///     parties.into_iter().map(|party| usize::from(party.join().unwrap())).sum()
/// });
/// assert_eq!(leaders, 1);
/// round.abort();
/// assert!(round.wait().is_err());
/// ```
#[doc(alias = "threading.Barrier")]
pub struct Barrier {
    raw: RawBarrier,
    action: Option<Box<dyn Fn() + Send + Sync>>,
}

/// How a thread passed a [`Barrier`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    index: usize,
}

impl Arrival {
    /// How many parties had arrived before this one: a different number for each, from 0.
    #[must_use]
    pub fn index(self) -> usize {
        self.index
    }

    /// Whether this was the first to arrive: exactly one party is.
    #[must_use]
    pub fn is_leader(self) -> bool {
        self.index == 0
    }
}

impl Barrier {
    /// A barrier for `parties` threads.
    ///
    /// # Panics
    /// When `parties` is zero; [`Self::try_new`] returns an error instead.
    #[must_use]
    pub const fn new(parties: usize) -> Self {
        match RawBarrier::new(parties) {
            Some(raw) => Self { raw, action: None },
            None => panic!("a barrier needs at least one party"),
        }
    }

    /// A barrier for `parties` threads.
    ///
    /// # Errors
    /// [`ZeroParties`] when `parties` is zero.
    pub const fn try_new(parties: usize) -> Result<Self, ZeroParties> {
        match RawBarrier::new(parties) {
            Some(raw) => Ok(Self { raw, action: None }),
            None => Err(ZeroParties),
        }
    }

    /// A barrier whose last party runs `action` before any party passes. A panic in it breaks the
    /// barrier and goes on in that party.
    ///
    /// # Panics
    /// When `parties` is zero, and when there is no memory for the action, which is dropped then.
    #[must_use]
    pub fn with_action(parties: usize, action: impl Fn() + Send + Sync + 'static) -> Self {
        let barrier = Self::new(parties);
        let Ok(action) = try_box(action) else {
            panic_without_memory();
        };
        Self {
            action: Some(action),
            ..barrier
        }
    }

    #[track_caller]
    fn wait_by(&self, deadline: Deadline) -> Result<Arrival, Broken> {
        let action = |_: &mut ThreadBlocker| {
            if let Some(action) = &self.action {
                action();
            }
            Ok::<(), Infallible>(())
        };
        match self.raw.wait_with(&mut ThreadBlocker, deadline, action) {
            Ok(index) => Ok(Arrival { index }),
            // A barrier of this face is never forwarded.
            Err(BarrierError::Broken | BarrierError::Forwarded { .. }) => Err(Broken),
        }
    }

    /// Waits until all parties have arrived.
    ///
    /// # Errors
    /// [`Broken`] when the barrier is broken or gets broken meanwhile.
    #[track_caller]
    pub fn wait(&self) -> Result<Arrival, Broken> {
        self.wait_by(Deadline::NEVER)
    }

    /// Passes if this is the last party to arrive; otherwise breaks the barrier at once.
    ///
    /// # Errors
    /// [`Broken`] unless it passed.
    #[track_caller]
    pub fn try_wait(&self) -> Result<Arrival, Broken> {
        self.wait_by(Deadline::PASSED)
    }

    /// Waits until all parties have arrived, for at most `timeout`; a timeout breaks the barrier.
    ///
    /// # Errors
    /// [`Broken`] when the barrier is broken, gets broken meanwhile, or breaks by this timeout.
    #[track_caller]
    pub fn try_wait_for(&self, timeout: Duration) -> Result<Arrival, Broken> {
        self.wait_by(Deadline::after(timeout))
    }

    /// Waits until all parties have arrived, until `deadline` at the latest; a timeout breaks the
    /// barrier.
    ///
    /// # Errors
    /// [`Broken`] when the barrier is broken, gets broken meanwhile, or breaks by this timeout.
    #[track_caller]
    pub fn try_wait_until(&self, deadline: Instant) -> Result<Arrival, Broken> {
        self.wait_by(Deadline::at(deadline))
    }

    /// Breaks the barrier, also while its action runs.
    pub fn abort(&self) {
        self.raw.abort();
    }

    /// Makes the barrier new. Waiting parties get [`Broken`].
    pub fn reset(&self) {
        self.raw.reset();
    }

    /// How many threads pass together.
    #[must_use]
    pub fn parties(&self) -> usize {
        self.raw.parties()
    }

    /// How many parties have arrived and wait; out of date at once.
    #[must_use]
    pub fn n_waiting(&self) -> usize {
        self.raw.n_waiting()
    }

    /// Whether every wait fails until a reset.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.raw.is_broken()
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier")
            .field("parties", &self.parties())
            .field("n_waiting", &self.n_waiting())
            .finish()
    }
}
